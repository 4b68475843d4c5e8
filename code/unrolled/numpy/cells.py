"""Recurrent layers in NumPy: one class a cell, forward and backward through time by hand.

Every cell states one step and its derivative; `Recurrent` owns the loop over time. Parameters
are kept gate by gate under the names of the equations (`W_i`, `U_i`, `b_i`), so that no stacking
order can be got wrong here.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
State = tuple[Array, ...]


def sigmoid(a: Array) -> Array:
    """The logistic function 1 / (1 + exp(-a)), without overflow for large negative `a`."""
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def glorot(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform weights of variance 2 / (rows + columns) (Glorot and Bengio 2010).

    Shape: returns (rows, columns).
    """
    limit = np.sqrt(6.0 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Random orthonormal columns (Saxe, McClelland and Ganguli 2014).

    Shape: returns (rows, columns), with rows >= columns.
    """
    q, r = np.linalg.qr(rng.standard_normal((rows, columns)))
    return q * np.sign(np.diag(r))


class Recurrent:
    """One recurrent layer: parameters, one step, and the loop over time.

    Input weights start Glorot uniform, recurrent weights orthogonal, the gates stacked as PyTorch
    and Keras stack them; biases start at zero.

    Args:
        input_size: features of x_t, D.
        hidden_size: units of h_t, H.
        rng: draws the initial weights; the same seed gives the same weights.
        dtype: of parameters and states.

    Shape:
        x: (B, T, D); outputs: (B, T, H); each array of the state: (B, H).
        W_*: (H, D); U_*: (H, H); b_*: (H,).
    """

    gates: ClassVar[tuple[str, ...]]  # the suffixes of the parameters, one a gate
    num_states: ClassVar[int] = 1  # arrays carried from step to step; the first is h

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = rng or np.random.default_rng()
        self.input_size, self.hidden_size, self.dtype = input_size, hidden_size, np.dtype(dtype)
        rows = len(self.gates) * hidden_size
        stacked = {
            "W": glorot(rng, rows, input_size),
            "U": orthogonal(rng, rows, hidden_size),
            "b": np.zeros(rows),
        }
        self.parameters: dict[str, Array] = {
            f"{name}{gate}": block.astype(self.dtype)
            for name, value in stacked.items()
            for gate, block in zip(self.gates, np.split(value, len(self.gates)), strict=True)
        }
        self.gradients: dict[str, Array] = {}
        self._tapes: list[Any] = []

    def initial_state(self, batch: int) -> State:
        """Zeros. Shape: `num_states` arrays of (batch, H)."""
        return tuple(
            np.zeros((batch, self.hidden_size), self.dtype) for _ in range(self.num_states)
        )

    def step(self, x_t: Array, state: State) -> tuple[State, Any]:
        """One time step: the new state, and a tape of what its derivative needs.

        Shape: x_t (B, D).
        """
        raise NotImplementedError

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        """The chain rule through one step.

        Adds to `gradients`; returns the derivatives by x_t and by the state before the step.
        """
        raise NotImplementedError

    def forward(self, x: Array, state: State | None = None) -> tuple[Array, State]:
        """The whole sequence, step by step: outputs h_1 ... h_T and the last state."""
        state = self.initial_state(len(x)) if state is None else state
        self._tapes = []
        outputs = np.empty((*x.shape[:2], self.hidden_size), self.dtype)
        for t in range(x.shape[1]):
            state, tape = self.step(x[:, t], state)
            outputs[:, t] = state[0]
            self._tapes.append(tape)
        return outputs, state

    def backward(self, d_outputs: Array, d_state: State | None = None) -> tuple[Array, State]:
        """Backpropagation through time (Werbos 1990), for the sequence that `forward` saw last.

        dL/dh_t has two parts: from the output at t, and from step t + 1, which the loop carries
        backward in `d_state`. `gradients` is filled by name.

        Args:
            d_outputs: the loss's derivative by each output.
            d_state: its derivative by the last state; zeros when left out.

        Shape:
            d_outputs: (B, T, H).
            returns: the derivatives by x, (B, T, D), and by the initial state.
        """
        d_state = self.initial_state(len(d_outputs)) if d_state is None else d_state
        self.gradients = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        d_x = np.empty((*d_outputs.shape[:2], self.input_size), self.dtype)
        for t in reversed(range(d_outputs.shape[1])):
            d_state = (d_state[0] + d_outputs[:, t], *d_state[1:])
            d_x[:, t], d_state = self.step_backward(d_state, self._tapes[t])
        return d_x, d_state

    def _affine(self, gate: str, x_t: Array, h_prev: Array) -> Array:
        """W x_t + U h_prev + b of one gate. Shape: (B, H)."""
        p = self.parameters
        return x_t @ p[f"W{gate}"].T + h_prev @ p[f"U{gate}"].T + p[f"b{gate}"]

    def _affine_backward(
        self, gate: str, d_a: Array, x_t: Array, h_prev: Array
    ) -> tuple[Array, Array]:
        """The chain rule through `_affine`.

        Adds to `gradients`; returns its parts of the derivatives by x_t and by h_prev.
        """
        p, g = self.parameters, self.gradients
        g[f"W{gate}"] += d_a.T @ x_t
        g[f"U{gate}"] += d_a.T @ h_prev
        g[f"b{gate}"] += d_a.sum(axis=0)
        return d_a @ p[f"W{gate}"], d_a @ p[f"U{gate}"]


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)

    Backward, with a_t the argument of tanh:
    dL/da_t = dL/dh_t * (1 - h_t^2),   dL/dh_prev = U^T dL/da_t
    """

    gates = ("",)

    def step(self, x_t: Array, state: State) -> tuple[State, Any]:
        (h_prev,) = state
        h_t = np.tanh(self._affine("", x_t, h_prev))
        return (h_t,), (x_t, h_prev, h_t)

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        x_t, h_prev, h_t = tape
        d_a = d_state[0] * (1 - h_t**2)
        d_x, d_h_prev = self._affine_backward("", d_a, x_t, h_prev)
        return d_x, (d_h_prev,)


class LSTM(Recurrent):
    """Long short-term memory with a forget gate.

    i = sigmoid(W_i x_t + U_i h_prev + b_i)      input gate
    f = sigmoid(W_f x_t + U_f h_prev + b_f)      forget gate
    g = tanh(W_g x_t + U_g h_prev + b_g)         candidate
    o = sigmoid(W_o x_t + U_o h_prev + b_o)      output gate
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1, so that the layer begins by remembering.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000;
    its bias: Jozefowicz, Zaremba and Sutskever 2015.
    """

    gates = ("_i", "_f", "_g", "_o")
    num_states = 2

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parameters["b_f"] += 1

    def step(self, x_t: Array, state: State) -> tuple[State, Any]:
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
        parts = [self._affine_backward(gate, d_a[gate], x_t, h_prev) for gate in self.gates]
        d_x, d_h_prev = (np.sum(part, axis=0) for part in zip(*parts, strict=True))
        return d_x, (d_h_prev, d_c * f)


class GRU(Recurrent):
    """The gated recurrent unit (Cho and others 2014), reset after the matrix product by default.

    r = sigmoid(W_r x_t + b_r + U_r h_prev + bh_r)         reset gate
    z = sigmoid(W_z x_t + b_z + U_z h_prev + bh_z)         update gate
    n = tanh(W_n x_t + b_n + r * (U_n h_prev + bh_n))      candidate, reset after the product
    n = tanh(W_n x_t + b_n + U_n (r * h_prev) + bh_n)      candidate, reset before, as in the paper
    h_t = (1 - z) * n + z * h_prev

    The recurrent side has a bias of its own: inside r * (...) it cannot be merged with b_n.
    PyTorch and Keras reset after.

    Args:
        reset: "after" or "before" the product with U_n.
    """

    gates = ("_r", "_z", "_n")

    def __init__(self, *args: Any, reset: str = "after", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if reset not in ("after", "before"):
            raise ValueError(f"reset is 'after' or 'before', not {reset!r}")
        self.reset = reset
        for gate in self.gates:
            self.parameters[f"bh{gate}"] = np.zeros(self.hidden_size, self.dtype)

    def step(self, x_t: Array, state: State) -> tuple[State, Any]:
        (h_prev,) = state
        p = self.parameters
        r = sigmoid(self._affine("_r", x_t, h_prev) + p["bh_r"])
        z = sigmoid(self._affine("_z", x_t, h_prev) + p["bh_z"])
        inner = h_prev if self.reset == "after" else r * h_prev
        u = inner @ p["U_n"].T + p["bh_n"]
        n = np.tanh(x_t @ p["W_n"].T + p["b_n"] + (r * u if self.reset == "after" else u))
        h_t = (1 - z) * n + z * h_prev
        return (h_t,), (x_t, h_prev, r, z, inner, u, n)

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        x_t, h_prev, r, z, inner, u, n = tape
        p, g = self.parameters, self.gradients
        (d_h,) = d_state
        d_n = d_h * (1 - z) * (1 - n**2)  # by the argument of tanh
        d_u = d_n * r if self.reset == "after" else d_n
        d_inner = d_u @ p["U_n"]
        g["W_n"] += d_n.T @ x_t
        g["b_n"] += d_n.sum(axis=0)
        g["U_n"] += d_u.T @ inner
        g["bh_n"] += d_u.sum(axis=0)
        d_r = (d_n * u if self.reset == "after" else d_inner * h_prev) * r * (1 - r)
        d_z = d_h * (h_prev - n) * z * (1 - z)
        d_x_r, d_h_r = self._affine_backward("_r", d_r, x_t, h_prev)
        d_x_z, d_h_z = self._affine_backward("_z", d_z, x_t, h_prev)
        g["bh_r"] += d_r.sum(axis=0)
        g["bh_z"] += d_z.sum(axis=0)
        d_h_prev = d_h * z + d_h_r + d_h_z + (d_inner if self.reset == "after" else d_inner * r)
        return d_n @ p["W_n"] + d_x_r + d_x_z, (d_h_prev,)


CELLS: dict[str, type[Recurrent]] = {"elman": Elman, "lstm": LSTM, "gru": GRU}
