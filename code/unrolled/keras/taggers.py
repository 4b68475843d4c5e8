"""The models in Keras that tag letters: letters (B, T) in, logits (B, T, K) out.

Each takes the `lengths` (B,) of its words besides, where words of a batch are padded with the
letter 0 on the right. Padding changes nothing that is said of a letter; what stands at the
padding itself means nothing.
"""

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.aligned import AlignedDecoder
from unrolled.keras.cells import CELLS
from unrolled.keras.encoder_decoder import EncoderDecoder
from unrolled.keras.layers import SelfAttention, Stack, embedding, present
from unrolled.keras.model import Model


class LetterTagger(Model):
    """What the taggers share: dropout and readout."""

    def _parts(self, num_tags: int, dropout: float) -> None:
        """Dropout and readout, and the weights of all that was made before."""
        self.dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy, name="dropout")
        self.readout = keras.layers.Dense(num_tags, dtype=self.dtype_policy, name="readout")
        self(ops.zeros((1, 1), "int32"))  # builds the weights


class Tagger(LetterTagger):
    """Embedding, one recurrent layer, an affine readout: a tag for every letter as it is read.

    x_t = E[letter_t],  h_t = cell(x_t, h_prev),  y_t = V h_t + c

    Args:
        num_letters: size of the letter vocabulary.
        num_tags: K.
        cell: a name of `CELLS`, such as "lstm".
        embedding_size: D.
        hidden_size: H.
        dropout: the share of h_t that the readout misses in training.

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
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.recurrent = CELLS[cell](hidden_size, dtype=self.dtype_policy, name="recurrent")
        self._parts(num_tags, dropout)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        x = self.embedding(letters)  # (B, T, D)
        h, _ = self.recurrent(x)  # (B, T, H)
        return self.readout(self.dropout(h, training=training))  # (B, T, K)


class StackedTagger(LetterTagger):
    """The tagger with a deeper or two-directional recurrent part: a `Stack`.

    x_t = E[letter_t],  h_1 ... h_T = Stack(x_1 ... x_T),  y_t = V h_t + c

    Args:
        num_letters, num_tags, embedding_size: as in `Tagger`.
        cell, hidden_size, num_layers, bidirectional, residual, layer_norm: as in `Stack`.
        dropout: the share of a layer's output that the next layer, or the readout, misses.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        residual: bool = False,
        layer_norm: bool = False,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.recurrent = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional,
            residual,
            layer_norm,
            dropout,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self._parts(num_tags, dropout)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        x = self.embedding(letters)  # (B, T, D)
        h = self.recurrent(x, lengths, training=training)  # (B, T, H) or (B, T, 2H)
        return self.readout(self.dropout(h, training=training))  # (B, T, K)


class LookAheadTagger(LetterTagger):
    """The one-directional tagger that answers `delay` letters late.

    h_t = cell(x_t, h_prev),  y_t = V h_{t + delay} + c

    After the word it reads `delay` times the padding letter 0. So y_t knows the letters up to
    t + delay, and there is still one direction only.

    Args:
        delay: letters read before the first answer; 0 makes it the `Tagger`.
        num_letters, num_tags, cell, embedding_size, hidden_size, dropout: as in `Tagger`.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        delay: int = 3,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.delay = delay
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.recurrent = CELLS[cell](hidden_size, dtype=self.dtype_policy, name="recurrent")
        self._parts(num_tags, dropout)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        x = self.embedding(ops.pad(letters, ((0, 0), (0, self.delay))))  # (B, T + delay, D)
        h, _ = self.recurrent(x)  # (B, T + delay, H)
        h = h[:, self.delay :]
        return self.readout(self.dropout(h, training=training))  # (B, T, K)


class ConvTagger(LetterTagger):
    """A convolution over letters feeds the recurrent part.

    u_t = relu(sum_j C_j x_{t+j} + d)   for j = -r ... r with r = (kernel_size - 1) / 2
    h_1 ... h_T = Stack(u_1 ... u_T),  y_t = V h_t + c

    In one direction y_t knows the letters up to t + r: the receptive field of the convolution is
    the model's look-ahead. Beyond the word stand zeros.

    Args:
        num_letters, num_tags, embedding_size: as in `Tagger`.
        kernel_size: letters that one filter sees, odd.
        filters: features of u_t.
        cell, hidden_size, num_layers, bidirectional: as in `Stack`.
        dropout: the share of a layer's output that the next layer, or the readout, misses.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        kernel_size: int = 5,
        filters: int = 64,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.convolution = keras.layers.Conv1D(
            filters, kernel_size, padding="same", dtype=self.dtype_policy, name="convolution"
        )
        self.recurrent = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional,
            dropout=dropout,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self._parts(num_tags, dropout)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        x = self.embedding(letters)  # (B, T, D)
        if lengths is not None:
            x = x * ops.cast(present(lengths, letters.shape[1]), x.dtype)[..., None]
        u = ops.relu(self.convolution(x))  # (B, T, filters)
        h = self.recurrent(u, lengths, training=training)  # (B, T, H) or (B, T, 2H)
        return self.readout(self.dropout(h, training=training))  # (B, T, K)


class AttentionTagger(LetterTagger):
    """Self-attention over the recurrent states: each letter may look at the whole word.

    h_1 ... h_T = Stack(x_1 ... x_T),  context_t = sum_s a_ts V h_s,  y_t = W [h_t, context_t] + c

    Args:
        num_letters, num_tags, embedding_size: as in `Tagger`.
        attention_size: features of queries, keys and the context.
        cell, hidden_size, num_layers, bidirectional: as in `Stack`.
        dropout: the share of a layer's output that the next layer, or the readout, misses.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        attention_size: int = 64,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.recurrent = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional,
            dropout=dropout,
            dtype=self.dtype_policy,
            name="recurrent",
        )
        self.attention = SelfAttention(attention_size, dtype=self.dtype_policy, name="attention")
        self._parts(num_tags, dropout)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        h = self.recurrent(self.embedding(letters), lengths, training=training)  # (B, T, H or 2H)
        context, _ = self.attention(h, lengths)
        h = ops.concatenate([h, context], axis=-1)
        return self.readout(self.dropout(h, training=training))  # (B, T, K)

    def attention_weights(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        """a_ts: how much the tag of letter t looks at letter s. Shape: (B, T) -> (B, T, T)."""
        h = self.recurrent(self.embedding(letters), lengths)
        return self.attention(h, lengths)[1]


class WindowTagger(LetterTagger):
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
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.window = window
        self.embedding = embedding(num_letters, embedding_size, self.dtype_policy)
        self.hidden = keras.layers.Dense(
            hidden_size, "tanh", dtype=self.dtype_policy, name="hidden"
        )
        self._parts(num_tags, dropout)

    def call(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        reach, T = self.window // 2, letters.shape[1]
        padded = ops.pad(letters, ((0, 0), (reach, reach)))
        shifted = [padded[:, k : k + T] for k in range(self.window)]
        x = self.embedding(ops.stack(shifted, axis=-1))  # (B, T, window, D)
        x = self.hidden(ops.reshape(x, (-1, T, self.window * x.shape[-1])))
        return self.readout(self.dropout(x, training=training))  # (B, T, K)


MODELS: dict[str, type[Model]] = {
    "Tagger": Tagger,
    "StackedTagger": StackedTagger,
    "LookAheadTagger": LookAheadTagger,
    "ConvTagger": ConvTagger,
    "AttentionTagger": AttentionTagger,
    "AlignedDecoder": AlignedDecoder,
    "EncoderDecoder": EncoderDecoder,
    "WindowTagger": WindowTagger,
}
