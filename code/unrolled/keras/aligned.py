"""The aligned decoder in Keras: each tag knows the tags before it."""

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells import CELLS
from unrolled.keras.layers import Stack, embedding
from unrolled.keras.model import Model


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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        dtype = self.dtype_policy
        self.start = output_size
        self.embedding = embedding(input_size, embedding_size, dtype=dtype)
        self.encoder = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional=True,
            dropout=dropout,
            dtype=dtype,
            name="encoder",
        )
        self.tags = embedding(
            output_size + 1, tag_size, dtype=dtype, name="tags"
        )
        self.decoder = CELLS[cell](decoder_size, dtype=dtype, name="decoder")
        self.dropout = keras.layers.Dropout(
            dropout, dtype=dtype, name="dropout"
        )
        self.readout = keras.layers.Dense(
            output_size, dtype=dtype, name="readout"
        )
        one = ops.zeros((1, 1), "int32")
        self(one, targets=one)  # builds the weights

    def encode(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """What is known of each item in its row: (B, T) -> (B, T, 2H)."""
        x = self.embedding(inputs)  # (B, T, embedding_size)
        return self.encoder(x, lengths, training=training)[0]

    def call(
        self,
        inputs: Tensor,
        lengths: Tensor | None = None,
        targets: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """The logits of each step, given the targets or a greedy reading."""
        targets = self.read(inputs, lengths) if targets is None else targets
        h = self.encode(inputs, lengths, training)
        # Only padding lacks a target, and nothing after it counts.
        known = ops.maximum(targets, 0)[:, :-1]
        before = ops.pad(known, ((0, 0), (1, 0)), constant_values=self.start)
        dropped = self.dropout(h, training=training)
        x = ops.concatenate([dropped, self.tags(before)], axis=-1)
        s, _ = self.decoder(x)  # (B, T, decoder_size)
        s_and_h = ops.concatenate([s, h], axis=-1)
        s_and_h = self.dropout(s_and_h, training=training)
        return self.readout(s_and_h)  # (B, T, K)

    def teach(
        self,
        inputs: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """Teacher forcing: each step sees the right tag before it.

        Shape: inputs (B, T); targets (B, T); logits (B, T, K).
        """
        return self(inputs, lengths=lengths, targets=targets, training=training)

    def read(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Reads greedily: each tag is the most probable after those before.

        Shape: (B, T) -> (B, T).
        """
        B = ops.shape(inputs)[0]
        state, ids = self.decoder.initial_state(B), []
        tag = ops.full((B,), self.start, "int32")
        for h_t in ops.unstack(self.encode(inputs, lengths), axis=1):
            x_t = ops.concatenate([h_t, self.tags(tag)], axis=-1)
            _, state = self.decoder.step(x_t, state)
            logits = self.readout(ops.concatenate([state[0], h_t], axis=-1))
            tag = ops.argmax(logits, axis=-1)  # (B,)
            ids.append(tag)
        return ops.stack(ids, axis=1)
