"""Presets: a model with the recipe that trains it. Importing this imports no framework."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from unrolled.models import Spec

Name = Literal["benchmark"]


@dataclass(frozen=True)
class Preset:
    """A model and its recipe, for one purpose.

    Args:
        spec: the model.
        recipe: how to train it at any budget: fields of a `training.Recipe`.
    """

    spec: Spec
    recipe: Mapping[str, Any]


PRESETS: dict[str, Preset] = {
    # A model to compare with published results.
    "benchmark": Preset(
        Spec(
            "benchmark",
            "AlignedDecoder",
            {
                "cell": "lstm",
                "embedding_size": 64,
                "tag_size": 32,
                "hidden_size": 256,
                "decoder_size": 256,
                "num_layers": 2,
                "dropout": 0.3,
            },
        ),
        {
            "epochs": 22,
            "batch_size": 128,
            "learning_rate": 3e-3,
            "weight_decay": 0.01,
            "label_smoothing": 0.05,
            "consistency": 1.0,
        },
    ),
}
