"""A model with its optimiser: what the loop asks of each framework."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from numpy.typing import NDArray

from unrolled.training.checkpoints import Arrays
from unrolled.training.recipe import Recipe

Array = NDArray[Any]


class Trainer(ABC):
    """A model and its optimiser in one framework."""

    framework: ClassVar[str]

    def __init__(self, model: Any, recipe: Recipe) -> None:
        self.model, self.recipe = model, recipe

    @property
    def writes(self) -> str:
        """What the model writes: "tags", one for each letter, or "phonemes"."""
        return str(self.model.writes)

    @abstractmethod
    def reseed(self, seed: int) -> None:
        """Makes all chance within a step, such as dropout, begin anew from a seed."""

    @abstractmethod
    def train_step(self, letters: Array, targets: Array, learning_rate: float) -> float:
        """One optimiser step on one batch; returns the mean cross-entropy before it.

        Shape: letters (B, T); targets (B, U), one tag for each letter in a tagger.
        """

    @abstractmethod
    def predict(self, letters: Array) -> Array:
        """What the model reads: the most probable tag of each letter, or the phonemes.

        Shape: (B, T) -> (B, U).
        """

    @abstractmethod
    def weights(self) -> Arrays:
        """A copy of the model's parameters, by the framework's own names."""

    @abstractmethod
    def load_weights(self, arrays: Arrays) -> None:
        """Puts back what `weights` returned."""

    @abstractmethod
    def optimizer_state(self) -> Arrays:
        """A copy of all that the optimiser remembers."""

    @abstractmethod
    def load_optimizer_state(self, arrays: Arrays) -> None:
        """Puts back what `optimizer_state` returned."""
