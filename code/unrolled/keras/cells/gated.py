"""Recurrent layers with gates that see x_t and h_prev, in Keras."""

from typing import Any

from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State


class LSTM(Recurrent):
    """Long short-term memory with a forget gate.

    i, f, o = sigmoid(W_* x_t + U_* h_prev + b_*),   g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
    """

    gates = ("_i", "_f", "_g", "_o")

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        i, f, g, o = ops.split(ops.zeros(shape, dtype), 4)
        return ops.concatenate([i, f + 1, g, o])

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev = state
        a_t = a_t + ops.matmul(h_prev, self.recurrent_kernel)  # (B, 4H)
        i, f, g, o = ops.split(a_t, 4, axis=-1)
        c_t = ops.sigmoid(f) * c_prev + ops.sigmoid(i) * ops.tanh(g)
        h_t = ops.sigmoid(o) * ops.tanh(c_t)
        return h_t, (h_t, c_t)


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

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "recurrent_bias": tuple(f"bh{gate}" for gate in self.gates)}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        a_z, a_r, a_n = ops.split(a_t, 3, axis=-1)
        u_t = ops.matmul(h_prev, self.recurrent_kernel) + self.recurrent_bias
        u_z, u_r, u_n = ops.split(u_t, 3, axis=-1)
        z, r = ops.sigmoid(a_z + u_z), ops.sigmoid(a_r + u_r)
        n = ops.tanh(a_n + r * u_n)
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)


CELLS: dict[str, type[Recurrent]] = {"lstm": LSTM, "gru": GRU}
