"""Recurrent layers in Keras: one class a cell, the step as an equation, the loop unrolled."""

from typing import Any, ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops

State = tuple[Tensor, ...]


class Recurrent(keras.layers.Layer):
    """One recurrent layer: its parameters, one step, and the loop over time.

    The gates are stacked in the order of `gates` along the last axis, as Keras does. A step has
    two halves: `project`, which needs no state and so serves all T steps in one matrix product,
    and `update`, which must wait for h_prev.

    Args:
        hidden_size: units of h_t, H.

    Shape:
        x: (B, T, D) with T known; outputs: (B, T, H); each tensor of the state: (B, H).
        kernel: (D, G H); recurrent_kernel: (H, G H); bias: (G H,) for G gates.
    """

    gates: ClassVar[tuple[str, ...]]
    num_states: ClassVar[int] = 1

    def __init__(self, hidden_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden_size = hidden_size

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Input weights Glorot uniform, recurrent weights orthogonal, bias zero."""
        columns = len(self.gates) * self.hidden_size
        self.kernel = self.add_weight(
            shape=(input_shape[-1], columns), initializer="glorot_uniform", name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.hidden_size, columns), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(columns,), initializer=self.initial_bias, name="bias")

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return ops.zeros(shape, dtype)

    def initial_state(self, batch: int) -> State:
        """Zeros. Shape: `num_states` tensors of (batch, H)."""
        return tuple(
            ops.zeros((batch, self.hidden_size), self.compute_dtype) for _ in range(self.num_states)
        )

    def project(self, x: Tensor) -> Tensor:
        """W x + b, for one step or for all at once. Shape: (..., D) -> (..., G H)."""
        return ops.matmul(x, self.kernel) + self.bias

    def update(self, a_t: Tensor, state: State) -> State:
        """The rest of the step; the first tensor of the new state is h_t.

        Shape: a_t (B, G H).
        """
        raise NotImplementedError

    def step(self, x_t: Tensor, state: State) -> State:
        """One time step. Shape: x_t (B, D)."""
        return self.update(self.project(x_t), state)

    def call(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The whole sequence: outputs h_1 ... h_T and the last state."""
        state = self.initial_state(ops.shape(x)[0]) if state is None else state
        outputs = []
        for a_t in ops.unstack(self.project(x), axis=1):
            state = self.update(a_t, state)
            outputs.append(state[0])
        return ops.stack(outputs, axis=1), state

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hidden_size": self.hidden_size}


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)
    """

    gates = ("",)

    def update(self, a_t: Tensor, state: State) -> State:
        (h_prev,) = state
        return (ops.tanh(a_t + ops.matmul(h_prev, self.recurrent_kernel)),)


class LSTM(Recurrent):
    """Long short-term memory with a forget gate.

    i, f, o = sigmoid(W_* x_t + U_* h_prev + b_*),   g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
    """

    gates = ("_i", "_f", "_g", "_o")
    num_states = 2

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        i, f, g, o = ops.split(ops.zeros(shape, dtype), 4)
        return ops.concatenate([i, f + 1, g, o])

    def update(self, a_t: Tensor, state: State) -> State:
        h_prev, c_prev = state
        a_t = a_t + ops.matmul(h_prev, self.recurrent_kernel)  # (B, 4H)
        i, f, g, o = ops.split(a_t, 4, axis=-1)
        c_t = ops.sigmoid(f) * c_prev + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c_t), c_t


class GRU(Recurrent):
    """The gated recurrent unit (Cho and others 2014), reset after the matrix product.

    z, r = sigmoid(W_* x_t + b_* + U_* h_prev + bh_*)
    n = tanh(W_n x_t + b_n + r * (U_n h_prev + bh_n))
    h_t = (1 - z) * n + z * h_prev

    The second bias stays, as in `keras.layers.GRU`: r multiplies bh_n, so it cannot be merged
    with b_n. Keras stacks the update gate z before the reset gate r; PyTorch stacks r before z.

    Shape:
        recurrent_bias: (3H,).
    """

    gates = ("_z", "_r", "_n")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.recurrent_bias = self.add_weight(
            shape=(3 * self.hidden_size,), initializer="zeros", name="recurrent_bias"
        )

    def update(self, a_t: Tensor, state: State) -> State:
        (h_prev,) = state
        a_z, a_r, a_n = ops.split(a_t, 3, axis=-1)
        u_t = ops.matmul(h_prev, self.recurrent_kernel) + self.recurrent_bias
        u_z, u_r, u_n = ops.split(u_t, 3, axis=-1)
        z, r = ops.sigmoid(a_z + u_z), ops.sigmoid(a_r + u_r)
        n = ops.tanh(a_n + r * u_n)
        return ((1 - z) * n + z * h_prev,)


CELLS: dict[str, type[Recurrent]] = {"elman": Elman, "lstm": LSTM, "gru": GRU}
