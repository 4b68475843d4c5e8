"""What the models in Keras are put together from, besides the recurrent cells."""

import math
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells import CELLS


def embedding(
    num_letters: int, size: int, dtype: Any = None, name: str = "embedding"
) -> keras.layers.Embedding:
    """One learned vector a letter, normal with variance 1 / size at the start.

    Shape: (B, T) -> (B, T, size).
    """
    start = keras.initializers.RandomNormal(stddev=size**-0.5)
    return keras.layers.Embedding(
        num_letters, size, embeddings_initializer=start, dtype=dtype, name=name
    )


def present(lengths: Tensor, T: int) -> Tensor:
    """Where a word has letters and is not padded. Shape: lengths (B,) -> (B, T) of bool."""
    return ops.arange(T) < ops.cast(lengths, "int32")[:, None]


def reverse(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Each word from its last letter to its first; its padding stays behind it.

    Args:
        x: (B, T, D).
        lengths: (B,) letters of each word; None: no word is padded.
    """
    if lengths is None:
        return ops.flip(x, axis=1)
    t = ops.arange(x.shape[1])
    mirrored = ops.cast(lengths, "int32")[:, None] - 1 - t  # (B, T)
    at = ops.where(mirrored >= 0, mirrored, t)
    return ops.take_along_axis(x, at[..., None], axis=1)


class Bidirectional(keras.layers.Layer):
    """Two recurrent layers over the same inputs, one from each end (Schuster and Paliwal 1997).

    f_t = cell_f(x_t, f_{t-1}),   b_t = cell_b(x_t, b_{t+1}),   h_t = [f_t, b_t]

    Args:
        cell: a name of `CELLS`, such as "lstm".
        hidden_size: units of each direction, H.

    Shape:
        x: (B, T, D) with T known; outputs: (B, T, 2H).
    """

    def __init__(self, cell: str, hidden_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kind, policy = CELLS[cell], self.dtype_policy
        self.forward_layer = kind(hidden_size, dtype=policy, name="forward_layer")
        self.backward_layer = kind(hidden_size, dtype=policy, name="backward_layer")

    def call(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        f, _ = self.forward_layer(x)  # (B, T, H)
        b, _ = self.backward_layer(reverse(x, lengths))
        return ops.concatenate([f, reverse(b, lengths)], axis=-1)


class Stack(keras.layers.Layer):
    """Recurrent layers on top of each other: each reads the states of the one below.

    u^l = layer^l(dropout(h^{l-1})),   h^0 = x
    h^l = u^l, or u^l + h^{l-1} with residual connections (where the sizes agree), normalised over
    its features with layer normalisation.

    Dropout stands between the layers: x itself loses nothing.

    Args:
        cell: a name of `CELLS`, such as "lstm".
        hidden_size: units of each layer and direction, H.
        num_layers: L.
        bidirectional: whether each layer reads in both directions.
        residual: whether a layer's input is added to its output (He and others 2016).
        layer_norm: whether each layer's output is normalised (Ba, Kiros and Hinton 2016).
        dropout: the share of a layer's output that the next one misses in training.

    Shape:
        x: (B, T, D) with T known; outputs: (B, T, output_size), which is H, or 2H in both
        directions.
    """

    def __init__(
        self,
        cell: str,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        residual: bool = False,
        layer_norm: bool = False,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.residual, policy = residual, self.dtype_policy
        self.output_size = hidden_size * (2 if bidirectional else 1)
        self.layers = [
            Bidirectional(cell, hidden_size, dtype=policy, name=f"layers.{index}")
            if bidirectional
            else CELLS[cell](hidden_size, dtype=policy, name=f"layers.{index}")
            for index in range(num_layers)
        ]
        self.norms = [
            keras.layers.LayerNormalization(epsilon=1e-5, dtype=policy, name=f"norms.{index}")
            for index in range(num_layers if layer_norm else 0)
        ]
        self.dropout = keras.layers.Dropout(dropout, dtype=policy, name="dropout")

    def call(self, x: Tensor, lengths: Tensor | None = None, training: bool = False) -> Tensor:
        return self.states(x, lengths, training)[-1]

    def states(
        self, x: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> list[Tensor]:
        """The outputs h^1 ... h^L of all layers."""
        found: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            read = self.dropout(x, training=training) if found else x
            if isinstance(layer, Bidirectional):
                h = layer(read, lengths)
            else:
                h, _ = layer(read)
            if self.residual and h.shape[-1] == x.shape[-1]:
                h = h + x
            x = self.norms[index](h) if self.norms else h
            found.append(x)
        return found


class SelfAttention(keras.layers.Layer):
    """Every position looks at every other one: scaled dot products (Vaswani and others 2017).

    q_t = Q h_t,  k_s = K h_s,  v_s = V h_s     (affine maps)
    a_ts = softmax_s(q_t . k_s / sqrt(size)),   context_t = sum_s a_ts v_s

    Args:
        size: features of queries, keys, values and of the context.

    Shape:
        h: (B, T, input_size); context: (B, T, size); weights a: (B, T, T), rows sum to 1.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.query, self.key, self.value = (
            keras.layers.Dense(size, dtype=self.dtype_policy, name=name)
            for name in ("query", "key", "value")
        )
        self.scale = 1 / math.sqrt(size)

    def call(self, h: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        keys = ops.transpose(self.key(h), (0, 2, 1))  # (B, size, T)
        scores = ops.matmul(self.query(h), keys) * self.scale  # (B, T, T)
        if lengths is not None:
            there = present(lengths, h.shape[1])
            scores = ops.where(there[:, None, :], scores, -float("inf"))
        # softmax by hand: Keras's own warns of a word of one letter
        weights = ops.exp(scores - ops.logsumexp(scores, axis=-1, keepdims=True))
        return ops.matmul(weights, self.value(h)), weights
