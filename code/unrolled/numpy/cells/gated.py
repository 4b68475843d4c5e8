"""Recurrent layers with gates that see x_t and h_prev, in NumPy."""

from typing import Any

import numpy as np

from unrolled.numpy.cells.base import (
    Array,
    Differentiable,
    Recurrent,
    State,
    sigmoid,
)

__all__ = [
    "GRU",
    "LSTM",
    "MGU",
    "CoupledLSTM",
    "GRUBefore",
    "PeepholeLSTM",
    "RecurrentHighway",
]


class LSTM(Differentiable):
    """Long short-term memory with a forget gate.

    i = sigmoid(W_i x_t + U_i h_prev + b_i)      input gate
    f = sigmoid(W_f x_t + U_f h_prev + b_f)      forget gate
    g = tanh(W_g x_t + U_g h_prev + b_g)         candidate
    o = sigmoid(W_o x_t + U_o h_prev + b_o)      output gate
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1, so that the layer begins by
    remembering.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber
    and Cummins 2000; its bias: Jozefowicz, Zaremba and Sutskever 2015.
    """

    gates = ("_i", "_f", "_g", "_o")

    def draw(self, rng: np.random.Generator) -> None:
        self.parameters["b_f"] += 1

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def taped_step(self, x_t: Array, state: State) -> tuple[State, Any]:
        h_prev, c_prev = state
        i = sigmoid(self._affine("_i", x_t, h_prev))
        f = sigmoid(self._affine("_f", x_t, h_prev))
        g = np.tanh(self._affine("_g", x_t, h_prev))
        o = sigmoid(self._affine("_o", x_t, h_prev))
        c_t = f * c_prev + i * g
        tanh_c = np.tanh(c_t)
        return (o * tanh_c, c_t), (x_t, h_prev, c_prev, i, f, g, o, tanh_c)

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        x_t, h_prev, c_prev, i, f, g, o, tanh_c = tape
        d_h, d_c = d_state
        d_c = d_c + d_h * o * (1 - tanh_c**2)
        d_a = {
            "_i": d_c * g * i * (1 - i),
            "_f": d_c * c_prev * f * (1 - f),
            "_g": d_c * i * (1 - g**2),
            "_o": d_h * tanh_c * o * (1 - o),
        }
        parts = [
            self._affine_backward(gate, d_a[gate], x_t, h_prev)
            for gate in self.gates
        ]
        d_x, d_h_prev = (
            np.sum(part, axis=0) for part in zip(*parts, strict=True)
        )
        return d_x, (d_h_prev, d_c * f)


class PeepholeLSTM(Recurrent):
    """The LSTM whose gates also see the memory they guard, each unit its own.

    i = sigmoid(W_i x_t + U_i h_prev + p_i * c_prev + b_i)
    f = sigmoid(W_f x_t + U_f h_prev + p_f * c_prev + b_f)
    g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + i * g
    o = sigmoid(W_o x_t + U_o h_prev + p_o * c_t + b_o)
    h_t = o * tanh(c_t)

    The output gate sees the memory already written. p starts at zero, so that
    the layer begins as the LSTM; b_f starts at 1.

    Shape:
        p_i, p_f, p_o: (H,).

    Source: Gers and Schmidhuber 2000; Gers, Schraudolph and Schmidhuber 2002.
    """

    gates = ("_i", "_f", "_g", "_o")

    def draw(self, rng: np.random.Generator) -> None:
        self.parameters["b_f"] += 1
        for gate in ("_i", "_f", "_o"):
            self.parameters[f"p{gate}"] = np.zeros(self.hidden_size, self.dtype)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        h_prev, c_prev = state
        p = self.parameters
        i = sigmoid(self._affine("_i", x_t, h_prev) + p["p_i"] * c_prev)
        f = sigmoid(self._affine("_f", x_t, h_prev) + p["p_f"] * c_prev)
        g = np.tanh(self._affine("_g", x_t, h_prev))
        c_t = f * c_prev + i * g
        o = sigmoid(self._affine("_o", x_t, h_prev) + p["p_o"] * c_t)
        h_t = o * np.tanh(c_t)
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

    def draw(self, rng: np.random.Generator) -> None:
        self.parameters["b_f"] += 1

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        h_prev, c_prev = state
        f = sigmoid(self._affine("_f", x_t, h_prev))
        g = np.tanh(self._affine("_g", x_t, h_prev))
        o = sigmoid(self._affine("_o", x_t, h_prev))
        c_t = f * c_prev + (1 - f) * g
        h_t = o * np.tanh(c_t)
        return h_t, (h_t, c_t)


class GRU(Differentiable):
    """The gated recurrent unit, by default reset after the matrix product.

    r = sigmoid(W_r x_t + b_r + U_r h_prev + bh_r)         reset gate
    z = sigmoid(W_z x_t + b_z + U_z h_prev + bh_z)         update gate
    n = tanh(W_n x_t + b_n + r * (U_n h_prev + bh_n))      candidate
    h_t = (1 - z) * n + z * h_prev

    Reset before the product, as in the paper:
    n = tanh(W_n x_t + b_n + U_n (r * h_prev) + bh_n)

    PyTorch and Keras reset after the product. The second bias stays: r
    multiplies bh_n, so it cannot be merged with b_n.

    Args:
        reset: "after" or "before" the product with U_n.

    Source: Cho and others 2014.
    """

    gates = ("_r", "_z", "_n")

    def __init__(self, *args: Any, reset: str = "after", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reset not in ("after", "before"):
            raise ValueError(f"reset is 'after' or 'before', not {reset!r}")
        self.reset = reset

    def draw(self, rng: np.random.Generator) -> None:
        self._add("bh", self.gates, np.zeros(3 * self.hidden_size))

    def taped_step(self, x_t: Array, state: State) -> tuple[State, Any]:
        (h_prev,) = state
        p, after = self.parameters, self.reset == "after"
        r = sigmoid(self._affine("_r", x_t, h_prev) + p["bh_r"])
        z = sigmoid(self._affine("_z", x_t, h_prev) + p["bh_z"])
        inner = h_prev if after else r * h_prev
        u = inner @ p["U_n"].T + p["bh_n"]
        n = np.tanh(self._input("_n", x_t) + (r * u if after else u))
        h_t = (1 - z) * n + z * h_prev
        return (h_t,), (x_t, h_prev, r, z, inner, u, n)

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        x_t, h_prev, r, z, inner, u, n = tape
        p, g = self.parameters, self.gradients
        after = self.reset == "after"
        (d_h,) = d_state
        d_n = d_h * (1 - z) * (1 - n**2)  # by the argument of tanh
        d_u = d_n * r if after else d_n
        d_inner = d_u @ p["U_n"]
        g["W_n"] += d_n.T @ x_t
        g["b_n"] += d_n.sum(axis=0)
        g["U_n"] += d_u.T @ inner
        g["bh_n"] += d_u.sum(axis=0)
        d_r = (d_n * u if after else d_inner * h_prev) * r * (1 - r)
        d_z = d_h * (h_prev - n) * z * (1 - z)
        d_x_r, d_h_r = self._affine_backward("_r", d_r, x_t, h_prev)
        d_x_z, d_h_z = self._affine_backward("_z", d_z, x_t, h_prev)
        g["bh_r"] += d_r.sum(axis=0)
        g["bh_z"] += d_z.sum(axis=0)
        d_h_n = d_inner if after else d_inner * r
        d_h_prev = d_h * z + d_h_r + d_h_z + d_h_n
        return d_n @ p["W_n"] + d_x_r + d_x_z, (d_h_prev,)


class GRUBefore(GRU):
    """The GRU as in the paper, reset before the matrix product.

    n = tanh(W_n x_t + b_n + U_n (r * h_prev) + bh_n)

    The parameters are the GRU's, so weights can be exchanged between the two;
    the functions differ.

    Source: Cho and others 2014.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, reset="before", **kwargs)


class MGU(Recurrent):
    """The minimal gated unit: the GRU with one gate for both, f.

    f = sigmoid(W_f x_t + U_f h_prev + b_f)
    n = tanh(W_n x_t + U_n (f * h_prev) + b_n)
    h_t = (1 - f) * h_prev + f * n

    f stands where the GRU has r, and where it has 1 - z.

    Source: Zhou, Wu, Zhang and Zhou 2016.
    """

    gates = ("_f", "_n")

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        f = sigmoid(self._affine("_f", x_t, h_prev))
        n = np.tanh(self._affine("_n", x_t, f * h_prev))
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

    Source: Zilly, Srivastava, Koutnik and Schmidhuber 2017, with one gate for
    both, and depth 2.
    """

    gates = ("_n1", "_z1")
    recurrent_gates = ("_n1", "_z1", "_n2", "_z2")

    def draw(self, rng: np.random.Generator) -> None:
        self._add("b", ("_n2", "_z2"), np.zeros(2 * self.hidden_size))
        for gate in ("_z1", "_z2"):
            self.parameters[f"b{gate}"] -= 1

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        p = self.parameters
        n = np.tanh(self._affine("_n1", x_t, h_prev))
        z = sigmoid(self._affine("_z1", x_t, h_prev))
        s = z * n + (1 - z) * h_prev
        n = np.tanh(s @ p["U_n2"].T + p["b_n2"])
        z = sigmoid(s @ p["U_z2"].T + p["b_z2"])
        h_t = z * n + (1 - z) * s
        return h_t, (h_t,)
