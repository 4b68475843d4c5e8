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

    A tagger needs nothing but its logits in training and in use. A model that
    sees the right answers in training, or searches for the best one in use,
    says so here.
    """

    answer: ClassVar[Kind] = "labels"  # the kind of answer it gives

    def build(self, inputs_shape: Any) -> None:
        """Leaves the weights to the parts, whose first call makes them."""

    def touch(self, input_size: int, inputs: Inputs = "ids") -> None:
        """Builds the weights by reading a single item."""
        item = ops.zeros((1, 1), "int32")
        self(item if inputs == "ids" else ops.zeros((1, 1, input_size)))

    def teach(
        self,
        inputs: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """The logits that the loss compares with the targets.

        Shape: inputs (B, T) or (B, T, D); targets (B, U); returns (B, U, K).
        For a tagger U = T.
        """
        return self(inputs, lengths, training=training)

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The answer. Shape: inputs (B, T) or (B, T, D); returns ids (B, U)."""
        return ops.argmax(self(inputs, lengths, training=False), axis=-1)

    def advance(
        self, inputs: Tensor, state: State | None = None, training: bool = False
    ) -> tuple[Tensor, State]:
        """The logits of rows that continue from a state, and the next state.

        Raises:
            UserError: the model has no state to continue from.
        """
        raise UserError(
            f"a {type(self).__name__} has no state to go on from; "
            "carry none over"
        )
