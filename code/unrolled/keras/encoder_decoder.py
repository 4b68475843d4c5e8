"""The encoder-decoder in Keras: items in, symbols out, nothing aligned."""

from typing import Any, ClassVar

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.decoding import (
    END_ID,
    Array,
    Arrays,
    Hypothesis,
    most_steps,
    search,
)
from unrolled.keras.cells import CELLS, State
from unrolled.keras.layers import Stack, embedding, last, present
from unrolled.keras.model import Model
from unrolled.tasks.task import Kind


class AdditiveAttention(keras.layers.Layer):
    """Where the decoder looks before each step.

    e_us = w . tanh(Q s_{u-1} + K h_s + k)
    a_us = softmax_s(e_us),   c_u = sum_s a_us h_s

    Args:
        size: features that the states of decoder and encoder are mapped to.

    Shape:
        s: (B, state_size); h: (B, T, memory_size); c: (B, memory_size);
        a: (B, T).

    Source: Bahdanau, Cho and Bengio 2015.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        dense, dtype = keras.layers.Dense, self.dtype_policy
        self.query = dense(size, use_bias=False, dtype=dtype, name="query")
        self.key = dense(size, dtype=dtype, name="key")
        self.score = dense(1, use_bias=False, dtype=dtype, name="score")

    def build(
        self, s_shape: Any, h_shape: Any, keys_shape: Any, there_shape: Any
    ) -> None:
        """Leaves the weights to the parts, whose first call makes them."""

    def call(
        self, s: Tensor, h: Tensor, keys: Tensor, there: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One look at h.

        `keys` is `key(h)`, the same at each step; `there` is True where h is
        not padding.
        """
        hidden = ops.tanh(self.query(s)[:, None] + keys)
        scores = self.score(hidden)[..., 0]  # (B, T)
        scores = ops.where(there, scores, -float("inf"))
        # Softmax by hand: Keras's own warns of a row of one item.
        total = ops.logsumexp(scores, axis=-1, keepdims=True)
        weights = ops.exp(scores - total)
        return ops.matmul(weights[:, None], h)[:, 0], weights


class EncoderDecoder(Model):
    """One network reads a row of items, another one writes symbols.

    h_1 ... h_T = the encoder's states, h_t = [f_t, b_t] in both directions
    m = [f_T, b_1], the last state of each direction,   s_0 = tanh(B m + b)
    s_u = cell([P symbol_{u-1}, c_u], s_{u-1}),   y_u = V [s_u, c_u] + v

    Without attention c_u = m: all that is known of the row is one vector. With
    attention c_u is a mean of the h_t, weighted anew at each step by
    `AdditiveAttention`. The end symbol also stands before the first symbol. An
    LSTM's cell state starts at 0.

    Args:
        input_size: how many ids there are.
        output_size: symbols with the end symbol, whose id is 0, K.
        attention: whether the decoder looks back at the items.
        cell: "elman", "lstm" or "gru", of both parts.
        embedding_size: features of an item, and of a symbol.
        hidden_size: units of the decoder, and of each direction of the
            encoder, H.
        attention_size: features in which items and the decoder's state are
            compared.
        dropout: the share of [s_u, c_u] that is dropped in training.

    Shape:
        inputs: (B, T) ids; logits: (B, U, K).

    Source: Cho and others 2014.
    """

    answer: ClassVar[Kind] = "sequence"

    def __init__(
        self,
        input_size: int,
        output_size: int,
        attention: bool = True,
        cell: str = "lstm",
        embedding_size: int = 32,
        hidden_size: int = 128,
        attention_size: int = 64,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dense, dtype = keras.layers.Dense, self.dtype_policy
        self.embedding = embedding(input_size, embedding_size, dtype=dtype)
        self.encoder = Stack(
            cell, hidden_size, bidirectional=True, dtype=dtype, name="encoder"
        )
        self.bridge = dense(hidden_size, dtype=dtype, name="bridge")
        self.told = embedding(
            output_size, embedding_size, dtype=dtype, name="told"
        )
        self.attention = (
            AdditiveAttention(attention_size, dtype=dtype, name="attention")
            if attention
            else None
        )
        self.decoder = CELLS[cell](hidden_size, dtype=dtype, name="decoder")
        self.dropout = keras.layers.Dropout(
            dropout, dtype=dtype, name="dropout"
        )
        self.readout = dense(output_size, dtype=dtype, name="readout")
        one = ops.zeros((1, 1), "int32")
        self(one, targets=one)  # builds the weights

    def build(self, inputs_shape: Any, targets_shape: Any = None) -> None:
        """Builds the decoder, whose step is called and never the layer."""
        size = self.embedding.output_dim + 2 * self.decoder.hidden_size
        self.decoder.build((None, None, size))

    def begin(
        self, inputs: Tensor, lengths: Tensor | None = None
    ) -> tuple[State, State]:
        """Reads the row.

        Returns:
            The decoder's first state, tensors of (B, H), and its memory of the
            row: m (B, 2H), or with attention h (B, T, 2H), its keys
            (B, T, attention_size), and where it is not padding (B, T).
        """
        h, _ = self.encoder(self.embedding(inputs), lengths)  # (B, T, 2H)
        B, T = ops.shape(h)[0], h.shape[1]
        f, b = ops.split(h, 2, axis=-1)
        f_T, b_1 = last(f, lengths)[:, 0], b[:, 0]
        m = ops.concatenate([f_T, b_1], axis=-1)  # (B, 2H)
        state = ops.tanh(self.bridge(m)), *self.decoder.initial_state(B)[1:]
        if self.attention is None:
            return state, (m,)
        everywhere = ops.ones((B, T), "bool")
        there = everywhere if lengths is None else present(lengths, T)
        return state, (h, self.attention.key(h), there)

    def look(self, s: Tensor, memory: State) -> tuple[Tensor, Tensor | None]:
        """The context c_u and, with attention, its weights a_u.

        Shape: (B, 2H), (B, T).
        """
        if self.attention is None:
            return memory[0], None
        return self.attention(s, *memory)

    def speak(
        self, symbol: Tensor, state: State, memory: State
    ) -> tuple[Tensor, State]:
        """The logits of the next symbol, without dropout, and the next state.

        Shape: symbol (B,); logits (B, K).
        """
        c, _ = self.look(state[0], memory)  # (B, 2H)
        x_u = ops.concatenate([self.told(symbol), c], axis=-1)
        _, state = self.decoder.step(x_u, state)
        return self.readout(ops.concatenate([state[0], c], axis=-1)), state

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        targets: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """The logits of each step, given the targets or a greedy reading."""
        targets = self.read(inputs, lengths) if targets is None else targets
        state, memory = self.begin(inputs, lengths)
        p = self.told(before(targets))  # (B, U, embedding_size)
        if self.attention is None:  # nothing is fed back: all steps in one call
            c = ops.repeat(memory[0][:, None], p.shape[1], axis=1)  # (B, U, 2H)
            s, _ = self.decoder(ops.concatenate([p, c], axis=-1), state)
        else:
            s, c, _ = self._attend(p, state, memory)
        s_and_c = ops.concatenate([s, c], axis=-1)
        s_and_c = self.dropout(s_and_c, training=training)
        return self.readout(s_and_c)  # (B, U, K)

    def teach(
        self,
        inputs: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """Teacher forcing: each step sees the right symbol before it.

        Shape: inputs (B, T); targets (B, U); logits (B, U, K).
        """
        return self(inputs, lengths=lengths, targets=targets, training=training)

    def _attend(
        self, p: Tensor, state: State, memory: State
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All steps, each after a look.

        Shape: s (B, U, H); c (B, U, 2H); a (B, U, T).
        """
        steps = []
        for p_u in ops.unstack(p, axis=1):
            c_u, a_u = self.look(state[0], memory)
            x_u = ops.concatenate([p_u, c_u], axis=-1)
            _, state = self.decoder.step(x_u, state)
            steps.append((state[0], c_u, a_u))
        s, c, a = (ops.stack(part, axis=1) for part in zip(*steps, strict=True))
        return s, c, a

    def attention_weights(
        self,
        inputs: Tensor,
        targets: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """a_ut: how much step u looks at item t.

        Args:
            inputs: (B, T).
            targets: (B, U), of which each step sees those before it; None:
                those of a greedy reading.
            lengths: (B,) items of each row; None: no row is padded.

        Shape: returns (B, U, T), rows sum to 1.

        Raises:
            ValueError: the model has no attention.
        """
        if self.attention is None:
            raise ValueError(
                "this model has no attention: "
                "it looks at one vector in every step"
            )
        targets = self.read(inputs, lengths) if targets is None else targets
        p = self.told(before(targets))
        return self._attend(p, *self.begin(inputs, lengths))[2]

    def read(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        limit: int | None = None,
    ) -> Tensor:
        """Reads greedily: each symbol is the most probable after those before.

        A row that has reached the end symbol repeats it until all rows of the
        batch have reached it or `limit` steps are done, by default
        `most_steps`.

        Shape: inputs (B, T); ids (B, limit).
        """
        limit = most_steps(inputs.shape[1]) if limit is None else limit
        state, memory = self.begin(inputs, lengths)
        ids = ops.full((ops.shape(inputs)[0], limit), END_ID, "int32")

        def unfinished(u: Tensor, ended: Tensor, *_: Tensor) -> Tensor:
            return ops.logical_and(u < limit, ops.logical_not(ops.all(ended)))

        def step(
            u: Tensor,
            ended: Tensor,
            symbol: Tensor,
            ids: Tensor,
            *state: Tensor,
        ) -> Any:
            y, state = self.speak(symbol, state, memory)
            symbol = ops.where(ended, END_ID, ops.argmax(y, axis=-1))
            ids = ops.where(ops.arange(limit) == u, symbol[:, None], ids)
            ended = ops.logical_or(ended, symbol == END_ID)
            return u + 1, ended, symbol, ids, *state

        symbol = ids[:, 0]
        first = 0, symbol != END_ID, symbol, ids, *state
        return ops.while_loop(unfinished, step, first)[3]

    def beam(
        self,
        inputs: Array,
        width: int,
        length_penalty: float = 0.0,
        limit: int | None = None,
    ) -> list[list[Hypothesis]]:
        """The best readings of each row, by `decoding.search`, best first.

        Shape: inputs (B, T), rows of one length, in NumPy.
        """
        state, memory = self.begin(inputs)
        size = len(state)

        def step(symbols: Array, arrays: Arrays) -> tuple[Array, Arrays]:
            y, state = self.speak(symbols, arrays[:size], arrays[size:])
            log_p = np.asarray(ops.log_softmax(y, axis=-1))
            return log_p, (*(np.asarray(s) for s in state), *arrays[size:])

        start = tuple(np.asarray(tensor) for tensor in (*state, *memory))
        limit = most_steps(inputs.shape[1]) if limit is None else limit
        return search(step, start, width, limit, length_penalty)


def before(targets: Tensor) -> Tensor:
    """What stands before each target; before the first, the end symbol.

    Shape: (B, U) -> (B, U).
    """
    known = ops.maximum(targets, 0)[:, :-1]
    return ops.pad(known, ((0, 0), (1, 0)), constant_values=END_ID)
