"""Recurrent layers with gates that see x_t and h_prev, in Keras."""

from typing import Any

from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "CoupledLSTM",
    "GRUBefore",
    "PeepholeLSTM",
    "RecurrentHighway",
]


class LSTM(Recurrent):
    """Long short-term memory with a forget gate.

    i, f, o = sigmoid(W_* x_t + U_* h_prev + b_*)
    g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber
    and Cummins 2000.
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


class PeepholeLSTM(LSTM):
    """The LSTM whose gates also see the memory they guard, each unit its own.

    i, f = sigmoid(W_* x_t + U_* h_prev + p_* * c_prev + b_*)
    g = tanh(W_g x_t + U_g h_prev + b_g),   c_t = f * c_prev + i * g
    o = sigmoid(W_o x_t + U_o h_prev + p_o * c_t + b_o),   h_t = o * tanh(c_t)

    The output gate sees the memory already written. p starts at zero, b_f at 1.

    Shape:
        peepholes: (3H,).

    Source: Gers and Schmidhuber 2000; Gers, Schraudolph and Schmidhuber 2002.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.peepholes = self.add_weight(
            shape=(3 * self.hidden_size,), initializer="zeros", name="peepholes"
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "peepholes": ("p_i", "p_f", "p_o")}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev = state
        a_t = a_t + ops.matmul(h_prev, self.recurrent_kernel)  # (B, 4H)
        i, f, g, o = ops.split(a_t, 4, axis=-1)
        p_i, p_f, p_o = ops.split(self.peepholes, 3)
        i, f = ops.sigmoid(i + p_i * c_prev), ops.sigmoid(f + p_f * c_prev)
        c_t = f * c_prev + i * ops.tanh(g)
        h_t = ops.sigmoid(o + p_o * c_t) * ops.tanh(c_t)
        return h_t, (h_t, c_t)


class CoupledLSTM(Recurrent):
    """The LSTM with one gate for both: it takes in as much as it forgets.

    f, o = sigmoid(W_* x_t + U_* h_prev + b_*)
    g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + (1 - f) * g,   h_t = o * tanh(c_t)

    c_t lies between c_prev and g, so it never leaves (-1, 1). b_f starts at 1.

    Source: Greff, Srivastava, Koutnik, Steunebrink and Schmidhuber 2017.
    """

    gates = ("_f", "_g", "_o")

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        f, g, o = ops.split(ops.zeros(shape, dtype), 3)
        return ops.concatenate([f + 1, g, o])

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev = state
        a_t = a_t + ops.matmul(h_prev, self.recurrent_kernel)  # (B, 3H)
        f, g, o = ops.split(a_t, 3, axis=-1)
        f = ops.sigmoid(f)
        c_t = f * c_prev + (1 - f) * ops.tanh(g)
        h_t = ops.sigmoid(o) * ops.tanh(c_t)
        return h_t, (h_t, c_t)


class GRU(Recurrent):
    """The gated recurrent unit, reset after the matrix product.

    z, r = sigmoid(W_* x_t + b_* + U_* h_prev + bh_*)
    n = tanh(W_n x_t + b_n + r * (U_n h_prev + bh_n))
    h_t = (1 - z) * n + z * h_prev

    The second bias stays, as in `keras.layers.GRU`: r multiplies bh_n, so it
    cannot be merged with b_n. Keras stacks the update gate z before the reset
    gate r; PyTorch stacks r before z.

    Shape:
        recurrent_bias: (3H,).

    Source: Cho and others 2014.
    """

    gates = ("_z", "_r", "_n")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.recurrent_bias = self.add_weight(
            shape=(3 * self.hidden_size,),
            initializer="zeros",
            name="recurrent_bias",
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "recurrent_bias": tuple(f"bh{gate}" for gate in self.gates),
        }

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        a_z, a_r, a_n = ops.split(a_t, 3, axis=-1)
        u_t = ops.matmul(h_prev, self.recurrent_kernel) + self.recurrent_bias
        u_z, u_r, u_n = ops.split(u_t, 3, axis=-1)
        z, r = ops.sigmoid(a_z + u_z), ops.sigmoid(a_r + u_r)
        n = ops.tanh(a_n + r * u_n)
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)


class GRUBefore(GRU):
    """The GRU as in the paper, reset before the matrix product.

    n = tanh(W_n x_t + b_n + U_n (r * h_prev) + bh_n)

    The parameters are the GRU's, so weights can be exchanged between the two;
    the functions differ.

    Source: Cho and others 2014.
    """

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        H = self.hidden_size
        U_zr, U_n = ops.split(self.recurrent_kernel, [2 * H], axis=-1)
        bh_zr, bh_n = ops.split(self.recurrent_bias, [2 * H])
        a_zr, a_n = ops.split(a_t, [2 * H], axis=-1)
        zr = ops.sigmoid(a_zr + ops.matmul(h_prev, U_zr) + bh_zr)
        z, r = ops.split(zr, 2, axis=-1)
        n = ops.tanh(a_n + ops.matmul(r * h_prev, U_n) + bh_n)
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)


class MGU(Recurrent):
    """The minimal gated unit: the GRU with one gate for both, f.

    f = sigmoid(W_f x_t + U_f h_prev + b_f)
    n = tanh(W_n x_t + U_n (f * h_prev) + b_n)
    h_t = (1 - f) * h_prev + f * n

    f stands where the GRU has r, and where it has 1 - z.

    Source: Zhou, Wu, Zhang and Zhou 2016.
    """

    gates = ("_f", "_n")

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        a_f, a_n = ops.split(a_t, 2, axis=-1)
        U_f, U_n = ops.split(self.recurrent_kernel, 2, axis=-1)
        f = ops.sigmoid(a_f + ops.matmul(h_prev, U_f))
        n = ops.tanh(a_n + ops.matmul(f * h_prev, U_n))
        h_t = (1 - f) * h_prev + f * n
        return h_t, (h_t,)


class RecurrentHighway(Recurrent):
    """A highway of two levels within each time step.

    n = tanh(W_n1 x_t + U_n1 h_prev + b_n1)
    z = sigmoid(W_z1 x_t + U_z1 h_prev + b_z1)
    s = z * n + (1 - z) * h_prev
    n = tanh(U_n2 s + b_n2)
    z = sigmoid(U_z2 s + b_z2)
    h_t = z * n + (1 - z) * s

    Only the first level sees the input. z is the paper's transform gate: it
    opens for the new, as 1 - z does in the GRU. b_z1 and b_z2 start at -1, so
    that the layer begins by carrying its state on.

    Shape:
        kernel: (D, 2H); recurrent_kernel: (H, 4H); bias, bias_2: (2H,).

    Source: Zilly, Srivastava, Koutnik and Schmidhuber 2017, with one gate for
    both, and depth 2.
    """

    gates = ("_n1", "_z1")
    recurrent_gates = ("_n1", "_z1", "_n2", "_z2")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.bias_2 = self.add_weight(
            shape=(2 * self.hidden_size,),
            initializer=self.initial_bias,
            name="bias_2",
        )

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        n, z = ops.split(ops.zeros(shape, dtype), 2)
        return ops.concatenate([n, z - 1])

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "bias_2": ("b_n2", "b_z2")}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (s,) = state
        U_1, U_2 = ops.split(self.recurrent_kernel, 2, axis=-1)  # (H, 2H) each
        n, z = ops.split(a_t + ops.matmul(s, U_1), 2, axis=-1)
        n, z = ops.tanh(n), ops.sigmoid(z)
        s = z * n + (1 - z) * s
        n, z = ops.split(ops.matmul(s, U_2) + self.bias_2, 2, axis=-1)
        n, z = ops.tanh(n), ops.sigmoid(z)
        h_t = z * n + (1 - z) * s
        return h_t, (h_t,)
