"""The aligned decoder in PyTorch: a tagger in which each tag knows the tags before it."""

import torch
from torch import Tensor, nn

from unrolled.torch.cells import CELLS
from unrolled.torch.layers import Stack, dense, embedding
from unrolled.torch.model import Model


class AlignedDecoder(Model):
    """One network reads the word in both directions, another one tags it from left to right.

    h_1 ... h_T = Stack(x_1 ... x_T),   x_t = E[letter_t]
    s_t = cell([h_t, P tag_{t-1}], s_{t-1}),   y_t = V [s_t, h_t] + v

    The tags of a plain tagger are independent of each other once the word is known: where a word
    has two good readings, it may begin one and end the other. Here p(tags) = prod_t p(tag_t |
    tags before it, word). Letters and tags go in step, so the decoder needs no attention, and
    in training, told the tags, it runs over the whole word in one call.

    Args:
        num_letters: size of the letter vocabulary.
        num_tags: K; the id K stands before the first tag.
        cell: "elman", "lstm" or "gru", of both parts.
        embedding_size: features of a letter.
        tag_size: features of the tag before.
        hidden_size: units of each direction of the reader, H.
        decoder_size: units of the decoder.
        num_layers: layers of the reader.
        dropout: the share of a layer's output that the next one misses in training.

    Shape:
        letters: (B, T) integers; logits y: (B, T, K).

    Source: after the aligned models of K. Yao and G. Zweig, Sequence-to-sequence neural net models
    for grapheme-to-phoneme conversion, Interspeech 2015.
    """

    def __init__(
        self,
        num_letters: int,
        num_tags: int,
        cell: str = "lstm",
        embedding_size: int = 64,
        tag_size: int = 32,
        hidden_size: int = 192,
        decoder_size: int = 192,
        num_layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.start = num_tags
        self.embedding = embedding(num_letters, embedding_size)
        self.encoder = Stack(
            cell, embedding_size, hidden_size, num_layers, bidirectional=True, dropout=dropout
        )
        self.tags = embedding(num_tags + 1, tag_size)
        self.decoder = CELLS[cell](2 * hidden_size + tag_size, decoder_size)
        self.dropout = nn.Dropout(dropout)
        self.readout = dense(decoder_size + 2 * hidden_size, num_tags)

    def encode(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What is known of each letter in its word. Shape: (B, T) -> (B, T, 2H)."""
        h: Tensor = self.encoder(self.embedding(letters), lengths)
        return h

    def forward(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The logits of each step of a greedy reading."""
        return self.teach(letters, self.read(letters, lengths), lengths)

    def teach(self, letters: Tensor, targets: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Teacher forcing: each step is told the right tag before it.

        Shape: letters (B, T); targets (B, T); logits (B, T, K).
        """
        h = self.encode(letters, lengths)
        before = nn.functional.pad(targets[:, :-1], (1, 0), value=self.start)
        # A target that does not count stands at the padding alone: nothing after it counts either.
        told = torch.cat([self.dropout(h), self.tags(before.clamp(min=0))], dim=-1)
        s, _ = self.decoder(told)  # (B, T, decoder_size)
        return self.readout(self.dropout(torch.cat([s, h], dim=-1)))  # (B, T, K)

    def read(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Reads greedily: each tag is the most probable one after those before it.

        Shape: (B, T) -> (B, T).
        """
        state, ids = self.decoder.initial_state(len(letters)), []
        tag = torch.full((len(letters),), self.start)
        for h_t in self.encode(letters, lengths).unbind(dim=1):
            _, state = self.decoder.step(torch.cat([h_t, self.tags(tag)], dim=-1), state)
            tag = self.readout(torch.cat([state[0], h_t], dim=-1)).argmax(dim=-1)
            ids.append(tag)
        return torch.stack(ids, dim=1)
