"""A model for prediction, and a model with its optimiser: the interface of each framework."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from unrolled.tasks.task import Answer, Array, Batch
from unrolled.training.checkpoints import Arrays
from unrolled.training.recipe import Recipe


class Predictor(ABC):
    """A model in one framework, for prediction; it needs no optimiser.

    Args:
        model: one of the framework's models.
        answer: what it answers with; None: as its class states, which is never numbers.
    """

    framework: ClassVar[str]

    def __init__(self, model: Any, answer: Answer | None = None) -> None:
        self.model = model
        self.answer = Answer(model.answer, 0) if answer is None else answer

    @abstractmethod
    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        """The predictions: the most probable class at each step, or the numbers.

        Shape: (B, T) or (B, T, D) -> (B, U), or (B, U, M) for numbers.
        """

    @abstractmethod
    def logits(
        self, inputs: Array, targets: Array | None = None, lengths: Array | None = None
    ) -> Array:
        """The logits, on the model's own predictions or, given targets, by teacher forcing.

        Shape: inputs (B, T) or (B, T, D); targets (B, U); logits (B, U, K).
        """

    @abstractmethod
    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        """The logits of rows that continue from a state, and the state after them.

        Args:
            inputs: (B, T) or (B, T, D).
            state: what `advance` last returned for the same rows; None: their beginning.

        Raises:
            UserError: the model has no state to continue from, such as a bidirectional one.
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
        """Seeds all randomness within a step, such as dropout."""

    @abstractmethod
    def train_step(self, batch: Batch, learning_rate: float) -> float:
        """One optimiser step on one batch; returns the loss before it."""

    @abstractmethod
    def optimizer_state(self) -> Arrays:
        """A copy of the optimiser's state."""

    @abstractmethod
    def load_optimizer_state(self, arrays: Arrays) -> None:
        """Puts back what `optimizer_state` returned."""
