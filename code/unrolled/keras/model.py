"""What every model in Keras is."""

from typing import ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops


class Model(keras.Model):
    """What the trainer asks of every model.

    A tagger's training and reading need nothing but its logits. A model that is shown the right
    answers in training, or searches for the best one in reading, says so here.
    """

    writes: ClassVar[str] = "tags"  # for each letter; or "phonemes", until the end symbol

    def teach(self, letters: Tensor, targets: Tensor, *, training: bool = True) -> Tensor:
        """The logits that the loss compares with the targets.

        Shape: letters (B, T); targets (B, U); returns (B, U, K). For a tagger U = T.
        """
        return self(letters, training=training)

    def read(self, letters: Tensor) -> Tensor:
        """The answer. Shape: letters (B, T); returns ids (B, U)."""
        return ops.argmax(self(letters, training=False), axis=-1)
