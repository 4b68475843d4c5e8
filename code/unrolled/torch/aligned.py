"""The aligned decoder in PyTorch: each tag knows the tags before it."""

import torch
from torch import Tensor, nn

from unrolled.torch.cells import CELLS
from unrolled.torch.layers import Stack, dense, embedding
from unrolled.torch.model import Model


class AlignedDecoder(Model):
    """One network reads the row both ways, another labels it left to right.

    h_1 ... h_T = Stack(x_1 ... x_T),   x_t = E[input_t]
    s_t = cell([h_t, P tag_{t-1}], s_{t-1}),   y_t = V [s_t, h_t] + v

    The tags of a plain tagger are independent of each other once the row is
    known: where a row has two good readings, it may begin with one and end
    with the other. Here p(tags) = prod_t p(tag_t | tags before it, row). Items
    and tags go in step, so the decoder needs no attention; in training, where
    the tags are given, it runs over the whole row in one call.

    Args:
        input_size: how many ids there are.
        output_size: K; the id K stands before the first tag.
        cell: "elman", "lstm" or "gru", of both parts.
        embedding_size: features of an item.
        tag_size: features of the tag before.
        hidden_size: units of each direction of the reader, H.
        decoder_size: units of the decoder.
        num_layers: layers of the reader.
        dropout: the share of each layer's output that is dropped in training.

    Shape:
        inputs: (B, T) ids; logits y: (B, T, K).

    Source: after the aligned models of K. Yao and G. Zweig,
    Sequence-to-sequence neural net models for grapheme-to-phoneme conversion,
    Interspeech 2015.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        cell: str = "lstm",
        embedding_size: int = 64,
        tag_size: int = 32,
        hidden_size: int = 192,
        decoder_size: int = 192,
        num_layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.start = output_size
        self.embedding = embedding(input_size, embedding_size)
        self.encoder = Stack(
            cell,
            embedding_size,
            hidden_size,
            num_layers,
            bidirectional=True,
            dropout=dropout,
        )
        self.tags = embedding(output_size + 1, tag_size)
        self.decoder = CELLS[cell](2 * hidden_size + tag_size, decoder_size)
        self.dropout = nn.Dropout(dropout)
        self.readout = dense(decoder_size + 2 * hidden_size, output_size)

    def encode(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What is known of each item in its row: (B, T) -> (B, T, 2H)."""
        h, _ = self.encoder(self.embedding(inputs), lengths)
        return h

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """The logits of each step of a greedy reading."""
        return self.teach(inputs, self.read(inputs, lengths), lengths)

    def teach(
        self, inputs: Tensor, targets: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """Teacher forcing: each step sees the right tag before it.

        Shape: inputs (B, T); targets (B, T); logits (B, T, K).
        """
        h = self.encode(inputs, lengths)
        # Only padding lacks a target, and nothing after it counts.
        known = targets[:, :-1].clamp(min=0)
        before = nn.functional.pad(known, (1, 0), value=self.start)
        x = torch.cat([self.dropout(h), self.tags(before)], dim=-1)
        s, _ = self.decoder(x)  # (B, T, decoder_size)
        s_and_h = self.dropout(torch.cat([s, h], dim=-1))
        return self.readout(s_and_h)  # (B, T, K)

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Reads greedily: each tag is the most probable after those before.

        Shape: (B, T) -> (B, T).
        """
        state, ids = self.decoder.initial_state(len(inputs)), []
        tag = torch.full((len(inputs),), self.start)
        for h_t in self.encode(inputs, lengths).unbind(dim=1):
            x_t = torch.cat([h_t, self.tags(tag)], dim=-1)
            _, state = self.decoder.step(x_t, state)
            logits = self.readout(torch.cat([state[0], h_t], dim=-1))
            tag = logits.argmax(dim=-1)  # (B,)
            ids.append(tag)
        return torch.stack(ids, dim=1)
