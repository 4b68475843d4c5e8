"""The encoder-decoder in PyTorch: items in, symbols out, nothing aligned."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from unrolled.decoding import (
    END_ID,
    Array,
    Arrays,
    Hypothesis,
    most_steps,
    search,
)
from unrolled.tasks.task import Kind
from unrolled.torch.cells import CELLS, State
from unrolled.torch.layers import Stack, dense, embedding, last, present
from unrolled.torch.model import Model


class AdditiveAttention(nn.Module):
    """Where the decoder looks before each step.

    e_us = w . tanh(Q s_{u-1} + K h_s + k)
    a_us = softmax_s(e_us),   c_u = sum_s a_us h_s

    Args:
        state_size: features of the decoder's state s.
        memory_size: features of the encoder's states h.
        size: features that both are mapped to.

    Shape:
        s: (B, state_size); h: (B, T, memory_size); c: (B, memory_size);
        a: (B, T).

    Source: Bahdanau, Cho and Bengio 2015.
    """

    def __init__(self, state_size: int, memory_size: int, size: int) -> None:
        super().__init__()
        self.query = dense(state_size, size, bias=False)
        self.key = dense(memory_size, size)
        self.score = dense(size, 1, bias=False)

    def forward(
        self, s: Tensor, h: Tensor, keys: Tensor, there: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One look at h.

        `keys` is `key(h)`, the same at each step; `there` is True where h is
        not padding.
        """
        hidden = torch.tanh(self.query(s)[:, None] + keys)
        scores = self.score(hidden)[..., 0]  # (B, T)
        weights = scores.masked_fill(~there, -torch.inf).softmax(dim=-1)
        return (weights[:, None] @ h)[:, 0], weights


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
    ) -> None:
        super().__init__()
        self.embedding = embedding(input_size, embedding_size)
        self.encoder = Stack(
            cell, embedding_size, hidden_size, bidirectional=True
        )
        self.bridge = dense(2 * hidden_size, hidden_size)
        self.told = embedding(output_size, embedding_size)
        self.attention = (
            AdditiveAttention(hidden_size, 2 * hidden_size, attention_size)
            if attention
            else None
        )
        self.decoder = CELLS[cell](
            embedding_size + 2 * hidden_size, hidden_size
        )
        self.dropout = nn.Dropout(dropout)
        self.readout = dense(3 * hidden_size, output_size)

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
        B, T, _ = h.shape
        f, b = h.chunk(2, dim=-1)
        f_T, b_1 = last(f, lengths)[:, 0], b[:, 0]
        m = torch.cat([f_T, b_1], dim=-1)  # (B, 2H)
        state = torch.tanh(self.bridge(m)), *self.decoder.initial_state(B)[1:]
        if self.attention is None:
            return state, (m,)
        everywhere = h.new_ones(B, T, dtype=torch.bool)
        there = everywhere if lengths is None else present(lengths, T)
        return state, (h, self.attention.key(h), there)

    def look(self, s: Tensor, memory: State) -> tuple[Tensor, Tensor | None]:
        """The context c_u and, with attention, its weights a_u.

        Shape: (B, 2H), (B, T).
        """
        if self.attention is None:
            return memory[0], None
        context, weights = self.attention(s, *memory)
        return context, weights

    def speak(
        self, symbol: Tensor, state: State, memory: State
    ) -> tuple[Tensor, State]:
        """The logits of the next symbol, without dropout, and the next state.

        Shape: symbol (B,); logits (B, K).
        """
        c, _ = self.look(state[0], memory)  # (B, 2H)
        x_u = torch.cat([self.told(symbol), c], dim=-1)
        _, state = self.decoder.step(x_u, state)
        return self.readout(torch.cat([state[0], c], dim=-1)), state

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The logits of each step of a greedy reading."""
        return self.teach(inputs, self.read(inputs, lengths), lengths)

    def teach(
        self, inputs: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """Teacher forcing: each step sees the right symbol before it.

        Shape: inputs (B, T); targets (B, U); logits (B, U, K).
        """
        state, memory = self.begin(inputs, lengths)
        p = self.told(before(targets))  # (B, U, embedding_size)
        if self.attention is None:  # nothing is fed back: all steps in one call
            c = memory[0][:, None].expand(-1, p.shape[1], -1)  # (B, U, 2H)
            s, _ = self.decoder(torch.cat([p, c], dim=-1), state)
        else:
            s, c, _ = self._attend(p, state, memory)
        s_and_c = self.dropout(torch.cat([s, c], dim=-1))
        return self.readout(s_and_c)  # (B, U, K)

    def _attend(
        self, p: Tensor, state: State, memory: State
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All steps, each after a look.

        Shape: s (B, U, H); c (B, U, 2H); a (B, U, T).
        """
        steps = []
        for p_u in p.unbind(dim=1):
            c_u, a_u = self.look(state[0], memory)
            _, state = self.decoder.step(torch.cat([p_u, c_u], dim=-1), state)
            steps.append((state[0], c_u, a_u))
        s, c, a = (
            torch.stack(part, dim=1) for part in zip(*steps, strict=True)
        )
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

        Shape: inputs (B, T); ids (B, U).
        """
        state, memory = self.begin(inputs, lengths)
        symbol, ids = inputs.new_zeros(len(inputs), dtype=torch.long), []
        ended = torch.zeros_like(symbol, dtype=torch.bool)
        for _ in range(most_steps(inputs.shape[1]) if limit is None else limit):
            y, state = self.speak(symbol, state, memory)
            symbol = y.argmax(dim=-1).masked_fill(ended, END_ID)
            ended = ended | (symbol == END_ID)
            ids.append(symbol)
            if ended.all():
                break
        return torch.stack(ids, dim=1)

    @torch.no_grad()
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
        self.eval()
        state, memory = self.begin(torch.from_numpy(inputs))
        size = len(state)

        def step(symbols: Array, arrays: Arrays) -> tuple[Array, Arrays]:
            symbol = torch.from_numpy(symbols)
            tensors = tuple(torch.from_numpy(array) for array in arrays)
            y, state = self.speak(symbol, tensors[:size], tensors[size:])
            log_p = y.log_softmax(dim=-1).numpy()
            return log_p, (*(s.numpy() for s in state), *arrays[size:])

        start = tuple(tensor.numpy() for tensor in (*state, *memory))
        limit = most_steps(inputs.shape[1]) if limit is None else limit
        return search(step, start, width, limit, length_penalty)


def before(targets: Tensor) -> Tensor:
    """What stands before each target; before the first, the end symbol.

    Shape: (B, U) -> (B, U).
    """
    known = targets[:, :-1].clamp(min=0)
    return nn.functional.pad(known, (1, 0), value=END_ID)
