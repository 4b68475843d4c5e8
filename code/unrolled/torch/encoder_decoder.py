"""The encoder-decoder in PyTorch: letters in, phonemes out, with nothing aligned."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from unrolled.torch.cells import CELLS, State
from unrolled.torch.layers import Stack, dense, embedding, present
from unrolled.torch.model import Model


class AdditiveAttention(nn.Module):
    """Where the decoder looks before it speaks (Bahdanau, Cho and Bengio 2015).

    e_us = w . tanh(Q s_{u-1} + K h_s + k),   a_us = softmax_s(e_us),   c_u = sum_s a_us h_s

    Args:
        state_size: features of the decoder's state s.
        memory_size: features of the encoder's states h.
        size: features that both are mapped to.

    Shape:
        s: (B, state_size); h: (B, T, memory_size); c: (B, memory_size); a: (B, T).
    """

    def __init__(self, state_size: int, memory_size: int, size: int) -> None:
        super().__init__()
        self.query = dense(state_size, size, bias=False)
        self.key = dense(memory_size, size)
        self.score = dense(size, 1, bias=False)

    def forward(
        self, s: Tensor, h: Tensor, keys: Tensor, there: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """One look. `keys` is `key(h)`, the same at each step; `there` is where h is no padding."""
        scores = self.score(torch.tanh(self.query(s)[:, None] + keys))[..., 0]  # (B, T)
        if there is not None:
            scores = scores.masked_fill(~there, -torch.inf)
        weights = scores.softmax(dim=-1)
        return (weights[:, None] @ h)[:, 0], weights


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
    ) -> None:
        super().__init__()
        self.embedding = embedding(num_letters, embedding_size)
        self.encoder = Stack(cell, embedding_size, hidden_size, bidirectional=True)
        self.bridge = dense(2 * hidden_size, hidden_size)
        self.phonemes = embedding(num_symbols, embedding_size)
        self.attention = (
            AdditiveAttention(hidden_size, 2 * hidden_size, attention_size) if attention else None
        )
        self.decoder = CELLS[cell](embedding_size + 2 * hidden_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.readout = dense(3 * hidden_size, num_symbols)

    def encode(self, letters: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The encoder's states h (B, T, 2H) and their summary m (B, 2H)."""
        h = self.encoder(self.embedding(letters), lengths)
        f, b = h.chunk(2, dim=-1)
        last = torch.full((len(h),), h.shape[1]) if lengths is None else lengths
        f_last = f[torch.arange(len(h)), last.long() - 1]
        return h, torch.cat([f_last, b[:, 0]], dim=-1)

    def start(self, m: Tensor) -> State:
        """The decoder's first state. Shape: m (B, 2H); tensors of (B, H)."""
        s = torch.tanh(self.bridge(m))
        return (s, *self.decoder.initial_state(len(m))[1:])

    def forward(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The logits of each step of a greedy reading."""
        return self.teach(letters, self.read(letters, lengths), lengths)

    def teach(self, letters: Tensor, targets: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Teacher forcing: each step is told the right phoneme before it.

        Shape: letters (B, T); targets (B, U); logits (B, U, K).
        """
        before = nn.functional.pad(targets[:, :-1].clamp(min=0), (1, 0))
        p = self.phonemes(before)  # (B, U, embedding_size)
        h, m = self.encode(letters, lengths)
        if self.attention is None:
            c = m[:, None].expand(-1, p.shape[1], -1)  # (B, U, 2H)
            s, _ = self.decoder(torch.cat([p, c], dim=-1), self.start(m))
        else:
            s, c, _ = self._attend(p, h, m, lengths)
        return self.readout(self.dropout(torch.cat([s, c], dim=-1)))  # (B, U, K)

    def attention_weights(
        self, letters: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """a_ut: how much step u looks at letter t when it is told the targets before it.

        Shape: letters (B, T); targets (B, U); returns (B, U, T), all 0 without attention.
        """
        p = self.phonemes(nn.functional.pad(targets[:, :-1].clamp(min=0), (1, 0)))
        return self._attend(p, *self.encode(letters, lengths), lengths)[2]

    def _attend(
        self, p: Tensor, h: Tensor, m: Tensor, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All steps with a look before each: s (B, U, H), c (B, U, 2H), a (B, U, T)."""
        keys, there = self._prepare(h, lengths)
        state, found = self.start(m), []
        for p_u in p.unbind(dim=1):
            c_u, a_u = self._look(state[0], h, m, keys, there)
            state = self.decoder.step(torch.cat([p_u, c_u], dim=-1), state)
            found.append((state[0], c_u, a_u))
        s, c, a = (torch.stack(steps, dim=1) for steps in zip(*found, strict=True))
        return s, c, a

    def read(
        self, letters: Tensor, lengths: Tensor | None = None, limit: int | None = None
    ) -> Tensor:
        """Reads greedily: each phoneme is the most probable one after those before it.

        Ends when all words of the batch have said the end symbol, after `limit` steps at most,
        which is 2T + 8 if it is not given.
        """
        h, m = self.encode(letters, lengths)
        keys, there = self._prepare(h, lengths)
        state, said = self.start(m), letters.new_zeros(len(letters), dtype=torch.long)
        ended, ids = torch.zeros_like(said, dtype=torch.bool), []
        for _ in range(2 * letters.shape[1] + 8 if limit is None else limit):
            c, _ = self._look(state[0], h, m, keys, there)
            state = self.decoder.step(torch.cat([self.phonemes(said), c], dim=-1), state)
            said = self.readout(torch.cat([state[0], c], dim=-1)).argmax(dim=-1)
            ids.append(said)
            ended = ended | (said == 0)
            if ended.all():
                break
        return torch.stack(ids, dim=1)

    def _prepare(self, h: Tensor, lengths: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """What every look needs: the keys of all letters, and where the letters are."""
        keys = None if self.attention is None else self.attention.key(h)
        return keys, None if lengths is None else present(lengths, h.shape[1])

    def _look(
        self, s: Tensor, h: Tensor, m: Tensor, keys: Tensor | None, there: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if self.attention is None or keys is None:
            return m, h.new_zeros(h.shape[:2])
        found: tuple[Tensor, Tensor] = self.attention(s, h, keys, there)
        return found
