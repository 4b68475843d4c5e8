"""Trained taggers for the page: small enough to load, with only what the page needs.

The page has its own forward pass, in `book/live/network`; a model that it cannot run is
refused here.
"""

import json
from typing import Any

import numpy as np
from safetensors.numpy import save

from unrolled.errors import UserError
from unrolled.training.checkpoints import Checkpoint

FORMAT = "unrolled/explorer/1"
KINDS = ("Tagger", "StackedTagger", "AttentionTagger")
CELLS = ("elman", "lstm")
EXTRAS = {"residual": "residual connections", "layer_norm": "layer normalisation"}
NEEDED = (
    "cell",
    "embedding_size",
    "hidden_size",
    "num_layers",
    "bidirectional",
    "attention_size",
)


def pack(checkpoint: Checkpoint) -> bytes:
    """A model's weights in half precision, as a safetensors file with reproducible bytes.

    The metadata has one entry, `unrolled`: JSON with the format, the model's name, kind and
    arguments, its letters and tags in the order of their ids, and the number of its parameters.

    Args:
        checkpoint: of a tagger trained in PyTorch.

    Raises:
        UserError: the page cannot run such a model, or half precision cannot hold its weights.
    """
    facts = checkpoint.facts
    model = facts["model"]
    _refuse(model)
    about = {
        "format": FORMAT,
        "name": model["name"],
        "kind": model["kind"],
        "arguments": {key: model["arguments"][key] for key in NEEDED if key in model["arguments"]},
        "letters": facts["letters"],
        "tags": facts["tags"],
        "parameters": sum(value.size for value in checkpoint.arrays.values()),
    }
    arrays = {name: _halved(name, value) for name, value in checkpoint.arrays.items()}
    # A single entry: safetensors writes several in an order that changes from run to run.
    return save(arrays, {"unrolled": json.dumps(about)})


def _refuse(model: dict[str, Any]) -> None:
    name, given = model["name"], model["arguments"]
    if model["kind"] not in KINDS:
        raise UserError(
            f"the page cannot run the {name} model; it runs basic, stacked, bidirectional "
            "and attention models"
        )
    if given["cell"] not in CELLS:
        raise UserError(
            f"the page cannot run the cell {given['cell']}; it runs {' and '.join(CELLS)}"
        )
    for key, what in EXTRAS.items():
        if given.get(key):
            raise UserError(f"the page cannot run a model with {what}; train one without")


def _halved(name: str, value: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = value.astype(np.float16, order="C")
    if not np.isfinite(half).all():
        raise UserError(
            f"half precision cannot hold the weights {name}: they reach "
            f"{np.abs(value).max():.3g}, and its largest number is {np.finfo(np.float16).max:.0f}"
        )
    return half
