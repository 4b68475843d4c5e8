"""Two hybrids in Keras: an LSTM whose matrices are convolutions, and a reader trained by CTC."""

from typing import Any, ClassVar

import keras
import tensorflow as tf
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.taggers import StackedTagger
from unrolled.keras.training import Trainer

BLANK = 0  # where phonemes have the end symbol, which CTC does not need


class ConvLSTM(keras.layers.ConvLSTM2D):
    """The LSTM over pictures: every matrix product is a convolution (Shi and others 2015).

    Keras has it. It starts with a forget bias of 1, and its gates do not look at c.

    Args:
        filters: channels of the state, H.
        kernel_size: height and width of a filter, odd.

    Shape:
        x: (B, T, height, width, D); outputs: (B, T, height, width, H).
    """

    def __init__(self, filters: int, kernel_size: int, **kwargs: Any) -> None:
        super().__init__(filters, kernel_size, padding="same", return_sequences=True, **kwargs)


class CTCReader(StackedTagger):
    """Reads a word in both directions and says some frames at each letter: phonemes or blanks.

    Args:
        num_letters: size of the letter vocabulary.
        num_symbols: phonemes and the blank, whose id is 0, K.
        frames: frames of a letter; the word has to have enough for its phonemes.
        arguments: of `StackedTagger`.

    Shape:
        letters: (B, T) integers; logits: (B, frames T, K).
    """

    writes: ClassVar[str] = "phonemes"

    def __init__(
        self, num_letters: int, num_symbols: int, frames: int = 2, **arguments: Any
    ) -> None:
        self.frames, self.num_symbols = frames, num_symbols  # before the first call, in super
        super().__init__(num_letters, frames * num_symbols, bidirectional=True, **arguments)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        y = super().call(letters, lengths, training=training)  # (B, T, frames K)
        return ops.reshape(y, (-1, self.frames * letters.shape[1], self.num_symbols))

    def read(self, letters: Tensor) -> Tensor:
        """The best path, merged and without its blanks; 0 after the end. Shape: (B, frames T)."""
        path = ops.argmax(self(letters, training=False), axis=-1)  # (B, F)
        before = ops.pad(path[:, :-1], ((0, 0), (1, 0)), constant_values=BLANK)
        kept = ops.logical_and(path != BLANK, path != before)
        size = path.shape[1]
        place = ops.arange(size) + size * ops.cast(ops.logical_not(kept), "int32")
        order = ops.argsort(place, axis=1)  # what is kept comes first
        return ops.take_along_axis(ops.where(kept, path, BLANK), order, axis=1)


class CTCTrainer(Trainer):
    """Trains a `CTCReader`: the loss adds up all alignments of the phonemes with the frames."""

    def _loss(self, letters: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        logits = self.model(letters, training=True)  # (B, F, K)
        labels = ops.maximum(targets, BLANK)
        counts = ops.sum(ops.cast(labels > BLANK, "int32"), axis=1)  # without the end symbol
        frames = ops.full_like(counts, logits.shape[1])
        return ops.mean(ops.ctc_loss(labels, logits, counts, frames, mask_index=BLANK))
