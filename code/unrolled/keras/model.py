"""What every model in Keras is."""

from typing import Any, ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.errors import UserError
from unrolled.keras.cells import State
from unrolled.tasks.task import Inputs, Kind


class Model(keras.Model):
    """What training and use ask of every model.

    A tagger's training and reading need nothing but its logits. A model that is shown the right
    answers in training, or searches for the best one in reading, says so here.
    """

    answer: ClassVar[Kind] = "labels"  # what it is made to answer

    def build(self, inputs_shape: Any) -> None:
        """Leaves the weights to the parts, whose first call makes them."""

    def touch(self, input_size: int, inputs: Inputs = "ids") -> None:
        """Builds the weights, by reading a single item."""
        self(
            ops.zeros((1, 1), "int32")
            if inputs == "ids"
            else ops.zeros((1, 1, input_size))
        )

    def teach(
        self,
        inputs: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """The logits that the loss compares with the targets.

        Shape: inputs (B, T) or (B, T, D); targets (B, U); returns (B, U, K). For a tagger U = T.
        """
        return self(inputs, lengths, training=training)

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The answer. Shape: inputs (B, T) or (B, T, D); returns ids (B, U)."""
        return ops.argmax(self(inputs, lengths, training=False), axis=-1)

    def advance(
        self, inputs: Tensor, state: State | None = None, training: bool = False
    ) -> tuple[Tensor, State]:
        """The logits of rows that go on from a state, and the state after them.

        Raises:
            UserError: it has no such state.
        """
        raise UserError(
            f"a {type(self).__name__} has no state to go on from; carry none over"
        )
