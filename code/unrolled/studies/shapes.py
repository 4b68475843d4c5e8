"""Short training runs on the book's data in other shapes, in both frameworks."""

from importlib import import_module

from unrolled import models
from unrolled.models import parity
from unrolled.tasks.pronunciation.shapes import (
    LENGTHS,
    Pairs,
    ShapeTask,
    bag,
    bags,
    share_right,
    single_letters,
    syllable_counts,
    syllables,
    vowel_groups,
    words,
)
from unrolled.training import Recipe, Trainer, fit

__all__ = [
    "LENGTHS",
    "Pairs",
    "bag",
    "bags",
    "learn",
    "share_right",
    "single_letters",
    "syllable_counts",
    "syllables",
    "trainers",
    "vowel_groups",
    "words",
]


def trainers(shape: str, *sizes: int, rate: float = 3e-3) -> dict[str, Trainer]:
    """The model of a shape in both frameworks, with the same initial weights.

    Args:
        shape: "one-to-one", "many-to-one" or "one-to-many".
        sizes: of the input and the output vocabulary.
        rate: the highest learning rate.
    """
    import_module("torch").manual_seed(0)
    built: dict[str, Trainer] = {}
    recipe = Recipe(epochs=1, learning_rate=rate)
    for framework in models.FRAMEWORKS:
        model = models.module(framework, "shapes").SHAPES[shape](*sizes)
        if built:
            parity.carry(built["pytorch"].model, model)
        built[framework] = models.trainer(framework, model, recipe)
    return built


def learn(trainer: Trainer, parts: list[Pairs], steps: int, size: int = 128) -> list[float]:
    """Trains for `steps` steps on random rows, as one epoch; returns the loss of each step."""
    return fit(trainer, ShapeTask(parts, trainer.answer.kind, steps, size)).losses
