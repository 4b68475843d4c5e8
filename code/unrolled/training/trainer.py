"""A model in use, and a model with its optimiser: what is asked of each framework."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from unrolled.tasks.task import Answer, Array, Batch
from unrolled.training.checkpoints import Arrays
from unrolled.training.recipe import Recipe


class Predictor(ABC):
    """A model in one framework, to be asked; it needs no optimiser.

    Args:
        model: one of the framework's models.
        answer: what it answers; None: what its class says, which is no number.
    """

    framework: ClassVar[str]

    def __init__(self, model: Any, answer: Answer | None = None) -> None:
        self.model = model
        self.answer = Answer(model.answer, 0) if answer is None else answer

    @abstractmethod
    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        """The answers: the most probable class of each step, or the numbers.

        Shape: (B, T) or (B, T, D) -> (B, U), or of numbers (B, U, M).
        """

    @abstractmethod
    def logits(
        self, inputs: Array, targets: Array | None = None, lengths: Array | None = None
    ) -> Array:
        """What the model puts out before any choice: by itself, or told the targets before each.

        Shape: inputs (B, T) or (B, T, D); targets (B, U); logits (B, U, K).
        """

    @abstractmethod
    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        """The logits of rows that go on from a state, and the state after them.

        Args:
            inputs: (B, T) or (B, T, D).
            state: what `advance` returned for the same rows before; None: they begin.

        Raises:
            UserError: the model has no state to go on from, such as one in both directions.
        """

    @abstractmethod
    def weights(self) -> Arrays:
        """A copy of the model's parameters, by the framework's own names."""

    @abstractmethod
    def load_weights(self, arrays: Arrays) -> None:
        """Puts back what `weights` returned."""


class Trainer(Predictor):
    """A model and its optimiser in one framework.

    Args:
        model, answer: as in `Predictor`.
        recipe: how to train.
    """

    def __init__(self, model: Any, recipe: Recipe, answer: Answer | None = None) -> None:
        super().__init__(model, answer)
        self.recipe = recipe

    @abstractmethod
    def reseed(self, seed: int) -> None:
        """Makes all chance within a step, such as dropout, begin anew from a seed."""

    @abstractmethod
    def train_step(self, batch: Batch, learning_rate: float) -> float:
        """One optimiser step on one batch; returns the loss before it."""

    @abstractmethod
    def optimizer_state(self) -> Arrays:
        """A copy of all that the optimiser remembers."""

    @abstractmethod
    def load_optimizer_state(self, arrays: Arrays) -> None:
        """Puts back what `optimizer_state` returned."""
