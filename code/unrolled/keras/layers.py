"""What the models in Keras are made of, besides the recurrent cells."""

import math
from functools import partial
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.errors import UserError
from unrolled.keras.cells import CELLS, State
from unrolled.tasks.task import Inputs


def embedding(
    input_size: int,
    size: int,
    inputs: Inputs = "ids",
    dtype: Any = None,
    name: str = "embedding",
) -> keras.layers.Layer:
    """The layer between the items and the network.

    For ids, one learned vector each, at the start normal with variance
    1 / size; for vectors, an affine map.

    Shape: (B, T) ids or (B, T, input_size) -> (B, T, size).
    """
    if inputs == "vectors":
        return keras.layers.Dense(size, dtype=dtype, name=name)
    start = keras.initializers.RandomNormal(stddev=size**-0.5)
    return keras.layers.Embedding(
        input_size, size, embeddings_initializer=start, dtype=dtype, name=name
    )


def pad(inputs: Tensor, before: int, after: int) -> Tensor:
    """Pads a row on both sides with the id 0, or with vectors of zeros.

    Shape: (B, T, ...) -> (B, before + T + after, ...).
    """
    features = ((0, 0),) * (len(inputs.shape) - 2)
    return ops.pad(inputs, ((0, 0), (before, after), *features))


class Readout(keras.layers.Dense):
    """Dropout, then an affine map.

    Args:
        size: features of the logits.
        dropout: the share of h_t that is dropped in training.

    Shape:
        h: (..., H); logits: (..., size).
    """

    def __init__(self, size: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(size, **kwargs)
        self.dropout = keras.layers.Dropout(
            dropout, dtype=self.dtype_policy, name="dropout"
        )

    def call(self, h: Tensor, training: bool = False) -> Tensor:
        return super().call(self.dropout(h, training=training))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {
            **config,
            "size": config.pop("units"),
            "dropout": self.dropout.rate,
        }


def present(lengths: Tensor, T: int) -> Tensor:
    """True at the items of a row, False at its padding: (B,) -> (B, T)."""
    return ops.arange(T) < ops.cast(lengths, "int32")[:, None]


def reverse(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Each row from its last item to its first; its padding stays behind it.

    Args:
        x: (B, T, D).
        lengths: (B,) items of each row; None: no row is padded.
    """
    if lengths is None:
        return ops.flip(x, axis=1)
    t = ops.arange(x.shape[1])
    mirrored = ops.cast(lengths, "int32")[:, None] - 1 - t  # (B, T)
    at = ops.where(mirrored >= 0, mirrored, t)
    return ops.take_along_axis(x, at[..., None], axis=1)


def last(h: Tensor, lengths: Tensor | None = None) -> Tensor:
    """The state after the last item of each row: (B, T, H) -> (B, 1, H)."""
    if lengths is None:
        return h[:, -1:]
    at = ops.cast(lengths, "int32")[:, None, None] - 1
    return ops.take_along_axis(h, at, axis=1)


class Bidirectional(keras.layers.Layer):
    """Two recurrent layers over the same inputs, one from each end.

    f_t = cell_f(x_t, f_{t-1}),   b_t = cell_b(x_t, b_{t+1})
    h_t = [f_t, b_t]

    Args:
        cell: a name of `CELLS`, such as "lstm".
        hidden_size: units of each direction, H.

    Shape:
        x: (B, T, D) with T known; outputs: (B, T, 2H).

    Source: Schuster and Paliwal 1997.
    """

    def __init__(self, cell: str, hidden_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        layer, dtype = CELLS[cell], self.dtype_policy
        self.forward_layer = layer(
            hidden_size, dtype=dtype, name="forward_layer"
        )
        self.backward_layer = layer(
            hidden_size, dtype=dtype, name="backward_layer"
        )

    def build(self, x_shape: Any) -> None:
        """Leaves the weights to the parts, whose first call makes them."""

    def call(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        f, _ = self.forward_layer(x)  # (B, T, H)
        b, _ = self.backward_layer(reverse(x, lengths))
        return ops.concatenate([f, reverse(b, lengths)], axis=-1)


class Stack(keras.layers.Layer):
    """Recurrent layers in a stack: each reads the states of the one below.

    u^l = layer^l(dropout(h^{l-1})),   h^0 = x
    h^l = u^l, or u^l + h^{l-1} with residual connections (where the sizes
    agree), normalised over its features with layer normalisation.

    Dropout acts between the layers: x itself loses nothing.

    Args:
        cell: a name of `CELLS`, such as "lstm".
        hidden_size: units of each layer and direction, H.
        num_layers: L.
        bidirectional: whether each layer reads in both directions.
        residual: adds a layer's input to its output (He and others 2016).
        layer_norm: normalises each layer's output (Ba, Kiros and Hinton 2016).
        dropout: the share of a layer's output that is dropped in training
            before the next layer.

    Shape:
        x: (B, T, D) with T known; outputs: (B, T, output_size), which is H, or
        2H in both directions; the state: the tensors of all layers, one layer
        after the other, or none in both directions.
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
        self.residual, dtype = residual, self.dtype_policy
        self.output_size = hidden_size * (2 if bidirectional else 1)
        layer = partial(Bidirectional, cell) if bidirectional else CELLS[cell]
        self.layers = [
            layer(hidden_size, dtype=dtype, name=f"layers.{index}")
            for index in range(num_layers)
        ]
        self.norms = [
            keras.layers.LayerNormalization(
                epsilon=1e-5, dtype=dtype, name=f"norms.{index}"
            )
            for index in range(num_layers if layer_norm else 0)
        ]
        self.dropout = keras.layers.Dropout(
            dropout, dtype=dtype, name="dropout"
        )

    def build(self, x_shape: Any) -> None:
        """Leaves the weights to the parts, whose first call makes them."""

    def call(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: State | None = None,
        training: bool = False,
    ) -> tuple[Tensor, State]:
        """The outputs of the last layer, and the last state of all layers.

        Args:
            x: (B, T, D).
            lengths: (B,) items of each row; None: no row is padded. The state
                returned has read the padding, too.
            state: the tensors of each layer, from the first up; None: zeros.
            training: whether dropout is at work.

        Raises:
            UserError: a state is given to layers that read in both directions.
        """
        outputs, state = self._run(x, lengths, state, training)
        return outputs[-1], state

    def states(
        self, x: Tensor, lengths: Tensor | None = None, training: bool = False
    ) -> list[Tensor]:
        """The outputs h^1 ... h^L of all layers."""
        return self._run(x, lengths, None, training)[0]

    def _run(
        self,
        x: Tensor,
        lengths: Tensor | None,
        state: State | None,
        training: bool,
    ) -> tuple[list[Tensor], State]:
        outputs: list[Tensor] = []
        after: State = ()
        for index, layer in enumerate(self.layers):
            inputs = self.dropout(x, training=training) if outputs else x
            if isinstance(layer, Bidirectional):
                if state is not None:
                    raise UserError(
                        "layers that read in both directions "
                        "go on from no state"
                    )
                h = layer(inputs, lengths)
            else:
                width = len(layer.state_shapes)
                before: State | None = None
                if state is not None:
                    before = state[len(after) : len(after) + width]
                h, layer_state = layer(inputs, before)
                after += tuple(layer_state)
            if self.residual and h.shape[-1] == x.shape[-1]:
                h = h + x
            x = self.norms[index](h) if self.norms else h
            outputs.append(x)
        return outputs, after


class SelfAttention(keras.layers.Layer):
    """Every position looks at every other one, by scaled dot products.

    q_t = Q h_t,  k_s = K h_s,  v_s = V h_s     (affine maps)
    a_ts = softmax_s(q_t . k_s / sqrt(size)),   context_t = sum_s a_ts v_s

    Args:
        size: features of queries, keys, values and of the context.

    Shape:
        h: (B, T, input_size); context: (B, T, size); weights a: (B, T, T),
        rows sum to 1.

    Source: Vaswani and others 2017.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.query, self.key, self.value = (
            keras.layers.Dense(size, dtype=self.dtype_policy, name=name)
            for name in ("query", "key", "value")
        )
        self.scale = 1 / math.sqrt(size)

    def build(self, h_shape: Any) -> None:
        """Leaves the weights to the parts, whose first call makes them."""

    def call(
        self, h: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        keys = ops.transpose(self.key(h), (0, 2, 1))  # (B, size, T)
        scores = ops.matmul(self.query(h), keys) * self.scale  # (B, T, T)
        if lengths is not None:
            there = present(lengths, h.shape[1])
            scores = ops.where(there[:, None, :], scores, -float("inf"))
        # Softmax by hand: Keras's own warns of a row of one item.
        total = ops.logsumexp(scores, axis=-1, keepdims=True)
        weights = ops.exp(scores - total)
        return ops.matmul(weights, self.value(h)), weights
