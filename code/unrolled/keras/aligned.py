"""The aligned decoder in Keras: a tagger in which each tag knows the tags before it."""

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells import CELLS
from unrolled.keras.layers import Stack, embedding
from unrolled.keras.model import Model


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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        policy = self.dtype_policy
        self.start = num_tags
        self.embedding = embedding(num_letters, embedding_size, policy)
        self.encoder = Stack(
            cell,
            hidden_size,
            num_layers,
            bidirectional=True,
            dropout=dropout,
            dtype=policy,
            name="encoder",
        )
        self.tags = embedding(num_tags + 1, tag_size, policy, name="tags")
        self.decoder = CELLS[cell](decoder_size, dtype=policy, name="decoder")
        self.dropout = keras.layers.Dropout(dropout, dtype=policy, name="dropout")
        self.readout = keras.layers.Dense(num_tags, dtype=policy, name="readout")
        one = ops.zeros((1, 1), "int32")
        self(one, targets=one)  # builds the weights

    def encode(
        self, letters: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> Tensor:
        """What is known of each letter in its word. Shape: (B, T) -> (B, T, 2H)."""
        return self.encoder(self.embedding(letters), lengths, training=training)

    def call(
        self,
        letters: Tensor,
        lengths: Tensor | None = None,
        targets: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """The logits of each step: told the tag before it, or else of a greedy reading."""
        targets = self.read(letters, lengths) if targets is None else targets
        h = self.encode(letters, lengths, training)
        # A target that does not count stands at the padding alone: nothing after it counts either.
        told = ops.maximum(targets, 0)[:, :-1]
        before = ops.pad(told, ((0, 0), (1, 0)), constant_values=self.start)
        inputs = ops.concatenate([self.dropout(h, training=training), self.tags(before)], axis=-1)
        s, _ = self.decoder(inputs)  # (B, T, decoder_size)
        found = self.dropout(ops.concatenate([s, h], axis=-1), training=training)
        return self.readout(found)  # (B, T, K)

    def teach(
        self,
        letters: Tensor,
        targets: Tensor,
        lengths: Tensor | None = None,
        training: bool = True,
    ) -> Tensor:
        """Teacher forcing: each step is told the right tag before it.

        Shape: letters (B, T); targets (B, T); logits (B, T, K).
        """
        return self(letters, lengths=lengths, targets=targets, training=training)

    def read(self, letters: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Reads greedily: each tag is the most probable one after those before it.

        Shape: (B, T) -> (B, T).
        """
        B = ops.shape(letters)[0]
        state, ids = self.decoder.initial_state(B), []
        tag = ops.full((B,), self.start, "int32")
        for h_t in ops.unstack(self.encode(letters, lengths), axis=1):
            _, state = self.decoder.step(ops.concatenate([h_t, self.tags(tag)], axis=-1), state)
            tag = ops.argmax(self.readout(ops.concatenate([state[0], h_t], axis=-1)), axis=-1)
            ids.append(tag)
        return ops.stack(ids, axis=1)
