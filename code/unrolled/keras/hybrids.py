"""Two hybrids in Keras: a convolutional LSTM, and a reader for CTC."""

from typing import Any, ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.losses import BLANK
from unrolled.keras.taggers import StackedTagger
from unrolled.tasks.task import Kind


class ConvLSTM(keras.layers.ConvLSTM2D):
    """The LSTM over pictures: every matrix product is a convolution.

    Keras's own, which starts with a forget bias of 1; its gates do not look
    at c.

    Args:
        filters: channels of the state, H.
        kernel_size: height and width of a filter, odd.

    Shape:
        x: (B, T, height, width, D); outputs: (B, T, height, width, H).

    Source: Shi and others 2015.
    """

    def __init__(self, filters: int, kernel_size: int, **kwargs: Any) -> None:
        super().__init__(
            filters,
            kernel_size,
            padding="same",
            return_sequences=True,
            **kwargs,
        )


class CTCReader(StackedTagger):
    """Reads a row in both directions and gives each item frames for CTC.

    Args:
        input_size: how many ids there are.
        output_size: symbols and the blank, whose id is 0, K.
        frames: frames of an item, each a symbol or a blank; a row needs enough
            of them for its symbols.
        arguments: of `StackedTagger`.

    Shape:
        inputs: (B, T) ids; logits: (B, frames T, K).
    """

    answer: ClassVar[Kind] = "unaligned"

    def __init__(
        self,
        input_size: int,
        output_size: int,
        frames: int = 2,
        **arguments: Any,
    ) -> None:
        # Set first: super calls the model.
        self.frames, self.num_symbols = frames, output_size
        super().__init__(
            input_size, frames * output_size, bidirectional=True, **arguments
        )

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        y = super().call(inputs, lengths, training=training)  # (B, T, frames K)
        frames = self.frames * inputs.shape[1]
        return ops.reshape(y, (-1, frames, self.num_symbols))

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The best path, merged and without blanks; 0 after the end.

        Shape: returns (B, frames T).
        """
        logits = self(inputs, lengths, training=False)
        path = ops.argmax(logits, axis=-1)  # (B, F)
        before = ops.pad(path[:, :-1], ((0, 0), (1, 0)), constant_values=BLANK)
        kept = ops.logical_and(path != BLANK, path != before)
        size, left_out = path.shape[1], ops.cast(ops.logical_not(kept), "int32")
        place = ops.arange(size) + size * left_out
        order = ops.argsort(place, axis=1)  # what is kept comes first
        return ops.take_along_axis(ops.where(kept, path, BLANK), order, axis=1)
