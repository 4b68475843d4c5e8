"""The models in Keras: letters (B, T) in, logits (B, T, K) out."""

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells import CELLS


def embedding(num_letters: int, size: int, dtype: Any = None) -> keras.layers.Embedding:
    """One learned vector a letter, normal with variance 1 / size at the start.

    Shape: (B, T) -> (B, T, size).
    """
    start = keras.initializers.RandomNormal(stddev=size**-0.5)
    return keras.layers.Embedding(
        num_letters, size, embeddings_initializer=start, dtype=dtype, name="embedding"
    )


class Tagger(keras.Model):
    """Embedding, one recurrent layer, an affine readout: a tag for every letter as it is read.

    x_t = E[letter_t],  h_t = cell(x_t, h_prev),  y_t = V h_t + c

    Args:
        num_letters: size of the letter vocabulary.
        num_tags: K.
        cell: "elman", "lstm" or "gru".
        embedding_size: D.
        hidden_size: H.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        cell: str = "elman",
        embedding_size: int = 32,
        hidden_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.recurrent = CELLS[cell](hidden_size, dtype=self.dtype_policy, name="recurrent")
        self.readout = keras.layers.Dense(num_tags, dtype=self.dtype_policy, name="readout")
        self(ops.zeros((1, 1), "int32"))  # builds the weights

    def call(self, letters: Tensor) -> Tensor:
        x = self.embedding(letters)  # (B, T, D)
        h, _ = self.recurrent(x)  # (B, T, H)
        return self.readout(h)  # (B, T, K)


class WindowTagger(keras.Model):
    """The feed-forward baseline: each letter is tagged from the `window` letters around it.

    u_t = [E[letter_{t-r}], ..., E[letter_{t+r}]]   with r = (window - 1) / 2
    y_t = V tanh(W u_t + b) + c

    Args:
        window: letters seen at once, odd; beyond the word stands the padding letter 0.
        num_letters, num_tags, embedding_size, hidden_size: as in `Tagger`.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        window: int = 5,
        embedding_size: int = 32,
        hidden_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.window = window
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.hidden = keras.layers.Dense(
            hidden_size, "tanh", dtype=self.dtype_policy, name="hidden"
        )
        self.readout = keras.layers.Dense(num_tags, dtype=self.dtype_policy, name="readout")
        self(ops.zeros((1, 1), "int32"))  # builds the weights

    def call(self, letters: Tensor) -> Tensor:
        reach = self.window // 2
        length = letters.shape[1]
        padded = ops.pad(letters, ((0, 0), (reach, reach)))
        shifted = [padded[:, k : k + length] for k in range(self.window)]
        x = self.embedding(ops.stack(shifted, axis=-1))  # (B, T, window, D)
        x = ops.reshape(x, (-1, length, self.window * x.shape[-1]))
        return self.readout(self.hidden(x))  # (B, T, K)


MODELS: dict[str, type[keras.Model]] = {"Tagger": Tagger, "WindowTagger": WindowTagger}
