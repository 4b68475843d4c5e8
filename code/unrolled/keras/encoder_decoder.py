"""The encoder-decoder in Keras: letters in, phonemes out, with nothing aligned."""

from typing import Any, ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells import CELLS, State
from unrolled.keras.layers import Stack, embedding, present
from unrolled.keras.model import Model


class AdditiveAttention(keras.layers.Layer):
    """Where the decoder looks before it speaks (Bahdanau, Cho and Bengio 2015).

    e_us = w . tanh(Q s_{u-1} + K h_s + k),   a_us = softmax_s(e_us),   c_u = sum_s a_us h_s

    Args:
        size: features that the decoder's state and the encoder's states are mapped to.

    Shape:
        s: (B, state_size); h: (B, T, memory_size); c: (B, memory_size); a: (B, T).
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        dense, policy = keras.layers.Dense, self.dtype_policy
        self.query = dense(size, use_bias=False, dtype=policy, name="query")
        self.key = dense(size, dtype=policy, name="key")
        self.score = dense(1, use_bias=False, dtype=policy, name="score")

    def call(
        self, s: Tensor, h: Tensor, keys: Tensor, there: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """One look. `keys` is `key(h)`, the same at each step; `there` is where h is no padding."""
        scores = self.score(ops.tanh(self.query(s)[:, None] + keys))[..., 0]  # (B, T)
        if there is not None:
            scores = ops.where(there, scores, -float("inf"))
        weights = ops.exp(scores - ops.logsumexp(scores, axis=-1, keepdims=True))
        return ops.matmul(weights[:, None], h)[:, 0], weights


class EncoderDecoder(Model):
    """One network reads the word, another one says it (Cho and others 2014).

    h_1 ... h_T = the encoder's states in both directions,   m = [f_T, b_1], the last of each
    s_0 = tanh(B m + b)
    s_u = cell([P phoneme_{u-1}, c_u], s_{u-1}),   y_u = V [s_u, c_u] + v

    Without attention c_u = m: all that is known of the word is one vector. With attention
    c_u is a mean of the h_t, weighted anew at each step by `AdditiveAttention`. The end symbol
    stands before the first phoneme, too. An LSTM's cell state starts at 0.

    Args:
        num_letters: size of the letter vocabulary.
        num_symbols: phonemes and the end symbol, whose id is 0, K.
        attention: whether the decoder looks back at the letters.
        cell: "elman", "lstm" or "gru", of both parts.
        embedding_size: features of a letter, and of a phoneme.
        hidden_size: units of each direction of the encoder, and of the decoder, H.
        attention_size: features in which letters and the decoder's state are compared.
        dropout: the share of [s_u, c_u] that the readout misses in training.

    Shape:
        letters: (B, T) integers; logits: (B, U, K).
    """

    writes: ClassVar[str] = "phonemes"

    def __init__(
        self,
        num_letters: int,
        num_symbols: int,
        attention: bool = True,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        attention_size: int = 64,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dense, policy = keras.layers.Dense, self.dtype_policy
        self.embedding = embedding(num_letters, embedding_size, policy)
        self.encoder = Stack(cell, hidden_size, bidirectional=True, dtype=policy, name="encoder")
        self.bridge = dense(hidden_size, dtype=policy, name="bridge")
        self.phonemes = embedding(num_symbols, embedding_size, policy, name="phonemes")
        self.attention = (
            AdditiveAttention(attention_size, dtype=policy, name="attention") if attention else None
        )
        self.decoder = CELLS[cell](hidden_size, dtype=policy, name="decoder")
        self.dropout = keras.layers.Dropout(dropout, dtype=policy, name="dropout")
        self.readout = dense(num_symbols, dtype=policy, name="readout")
        one = ops.zeros((1, 1), "int32")
        self(one, targets=one)  # builds the weights

    def build(self, letters_shape: Any, targets_shape: Any) -> None:
        """The weights of the decoder: its step is called, never the layer itself."""
        size = self.embedding.output_dim + 2 * self.decoder.hidden_size
        self.decoder.build((None, None, size))

    def encode(self, letters: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The encoder's states h (B, T, 2H) and their summary m (B, 2H)."""
        h = self.encoder(self.embedding(letters), lengths)
        f, b = ops.split(h, 2, axis=-1)
        if lengths is None:
            return h, ops.concatenate([f[:, -1], b[:, 0]], axis=-1)
        last = ops.cast(lengths, "int32")[:, None, None] - 1
        f_last = ops.take_along_axis(f, last, axis=1)[:, 0]
        return h, ops.concatenate([f_last, b[:, 0]], axis=-1)

    def start(self, m: Tensor) -> State:
        """The decoder's first state. Shape: m (B, 2H); tensors of (B, H)."""
        s = ops.tanh(self.bridge(m))
        return (s, *self.decoder.initial_state(ops.shape(m)[0])[1:])

    def call(
        self,
        letters: Tensor,
        lengths: Tensor | None = None,
        targets: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """The logits of each step: told the targets before it, or else its own greedy reading."""
        targets = self.read(letters, lengths) if targets is None else targets
        p = self.phonemes(self._before(targets))  # (B, U, embedding_size)
        h, m = self.encode(letters, lengths)
        if self.attention is None:
            c = ops.repeat(m[:, None], p.shape[1], axis=1)  # (B, U, 2H)
            s, _ = self.decoder(ops.concatenate([p, c], axis=-1), self.start(m))
        else:
            s, c, _ = self._attend(p, h, m, lengths)
        outputs = self.dropout(ops.concatenate([s, c], axis=-1), training=training)
        return self.readout(outputs)  # (B, U, K)

    def teach(
        self,
        letters: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        *,
        training: bool = True,
    ) -> Tensor:
        """Teacher forcing: each step is told the right phoneme before it.

        Shape: letters (B, T); targets (B, U); logits (B, U, K).
        """
        return self(letters, lengths=lengths, targets=targets, training=training)

    def attention_weights(
        self, letters: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """a_ut: how much step u looks at letter t when it is told the targets before it.

        Shape: letters (B, T); targets (B, U); returns (B, U, T), all 0 without attention.
        """
        p = self.phonemes(self._before(targets))
        return self._attend(p, *self.encode(letters, lengths), lengths)[2]

    def _before(self, targets: Tensor) -> Tensor:
        """The symbol before each target; before the first stands the end symbol, 0."""
        return ops.pad(ops.maximum(targets, 0)[:, :-1], ((0, 0), (1, 0)))

    def _attend(
        self, p: Tensor, h: Tensor, m: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All steps with a look before each: s (B, U, H), c (B, U, 2H), a (B, U, T)."""
        keys, there = self._prepare(h, lengths)
        state, found = self.start(m), []
        for p_u in ops.unstack(p, axis=1):
            c_u, a_u = self._look(state[0], h, m, keys, there)
            state = self.decoder.step(ops.concatenate([p_u, c_u], axis=-1), state)
            found.append((state[0], c_u, a_u))
        s, c, a = (ops.stack(steps, axis=1) for steps in zip(*found, strict=True))
        return s, c, a

    def read(
        self, letters: Tensor, lengths: Tensor | None = None, limit: int | None = None
    ) -> Tensor:
        """Reads greedily: each phoneme is the most probable one after those before it.

        Ends when all words of the batch have said the end symbol, after `limit` steps at most,
        which is 2T + 8 if it is not given. What is not said any more is the end symbol.
        """
        limit = 2 * letters.shape[1] + 8 if limit is None else limit
        h, m = self.encode(letters, lengths)
        keys, there = self._prepare(h, lengths)
        said = ops.zeros_like(letters[:, 0])
        steps = ops.arange(limit)[None]  # (1, limit)

        def goes_on(u: Tensor, said: Tensor, ended: Tensor, ids: Tensor, *state: Tensor) -> Tensor:
            return ops.logical_and(u < limit, ops.logical_not(ops.all(ended)))

        def step(u: Tensor, said: Tensor, ended: Tensor, ids: Tensor, *state: Tensor) -> Any:
            c, _ = self._look(state[0], h, m, keys, there)
            p = self.phonemes(said)
            state = self.decoder.step(ops.concatenate([p, c], axis=-1), state)
            y = self.readout(ops.concatenate([state[0], c], axis=-1))
            said = ops.cast(ops.argmax(y, axis=-1), ids.dtype)
            ids = ops.where(steps == u, said[:, None], ids)
            return u + 1, said, ops.logical_or(ended, said == 0), ids, *state

        ids = ops.repeat(said[:, None], limit, axis=1)
        found = ops.while_loop(goes_on, step, (0, said, said < 0, ids, *self.start(m)))
        return found[3]

    def _prepare(self, h: Tensor, lengths: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """What every look needs: the keys of all letters, and where the letters are."""
        keys = None if self.attention is None else self.attention.key(h)
        return keys, None if lengths is None else present(lengths, h.shape[1])

    def _look(
        self, s: Tensor, h: Tensor, m: Tensor, keys: Tensor | None, there: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if self.attention is None:
            return m, ops.zeros_like(h[..., 0])
        return self.attention(s, h, keys, there)
