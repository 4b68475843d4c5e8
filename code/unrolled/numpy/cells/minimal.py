"""Recurrent layers whose matrices see x_t alone, in NumPy."""

import numpy as np

from unrolled.numpy.cells.base import Array, Recurrent, State, glorot, sigmoid

__all__ = ["QRNN", "SRU", "MinGRU", "MinLSTM"]


class SRU(Recurrent):
    """The simple recurrent unit: the matrices see x_t alone.

    n = W_n x_t + b_n                                      candidate
    f = sigmoid(W_f x_t + v_f * c_prev + b_f)              forget gate
    r = sigmoid(W_r x_t + v_r * c_prev + b_r)              highway gate
    c_t = f * c_prev + (1 - f) * n
    h_t = r * c_t + (1 - r) * (W_s x_t + b_s)

    No matrix multiplies the state: a unit's gates see its own c_prev alone.
    Where D = H, the paper passes x_t itself in place of W_s x_t + b_s. The
    state is (c_t,).

    Shape:
        v_f, v_r: (H,); they start at zero.

    Source: Lei, Zhang, Wang, Dai and Artzi 2018.
    """

    gates = ("_n", "_f", "_r", "_s")
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        self._add("v", ("_f", "_r"), np.zeros(2 * self.hidden_size))

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (c_prev,) = state
        p = self.parameters
        n = self._input("_n", x_t)
        f = sigmoid(self._input("_f", x_t) + p["v_f"] * c_prev)
        r = sigmoid(self._input("_r", x_t) + p["v_r"] * c_prev)
        c_t = f * c_prev + (1 - f) * n
        return r * c_t + (1 - r) * self._input("_s", x_t), (c_t,)


class QRNN(Recurrent):
    """The quasi-recurrent layer, of width 2 with fo-pooling.

    n = tanh(W_n x_t + V_n x_prev + b_n)             candidate
    f, o = sigmoid(W_* x_t + V_* x_prev + b_*)       forget and output gate
    c_t = f * c_prev + (1 - f) * n,   h_t = o * c_t

    A convolution over x_prev and x_t takes the place of U h_prev. The state is
    (c_t, x_t).

    Shape:
        V_*: (H, D).

    Source: Bradbury, Merity, Xiong and Socher 2017.
    """

    gates = ("_n", "_f", "_o")
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        V = glorot(rng, 3 * self.hidden_size, self.input_size)
        self._add("V", self.gates, V)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size,), (self.input_size,)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        c_prev, x_prev = state
        n = np.tanh(self._convolution("_n", x_t, x_prev))
        f = sigmoid(self._convolution("_f", x_t, x_prev))
        o = sigmoid(self._convolution("_o", x_t, x_prev))
        c_t = f * c_prev + (1 - f) * n
        return o * c_t, (c_t, x_t)

    def _convolution(self, gate: str, x_t: Array, x_prev: Array) -> Array:
        """W x_t + V x_prev + b of one gate. Shape: (B, H)."""
        return self._input(gate, x_t) + x_prev @ self.parameters[f"V{gate}"].T


class MinGRU(Recurrent):
    """The minimal GRU, whose gate does not see the state.

    z = sigmoid(W_z x_t + b_z)                  update gate
    n = W_n x_t + b_n                           candidate
    h_t = (1 - z) * n + z * h_prev

    The GRU without U, reset gate and tanh. The paper writes z for what is
    1 - z here.

    Source: Feng and others 2024.
    """

    gates = ("_z", "_n")
    recurrent_gates = ()

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        z = sigmoid(self._input("_z", x_t))
        h_t = (1 - z) * self._input("_n", x_t) + z * h_prev
        return h_t, (h_t,)


class MinLSTM(Recurrent):
    """The minimal LSTM, whose gates do not see the state.

    f, i = sigmoid(W_* x_t + b_*)               forget and input gate
    n = W_n x_t + b_n                           candidate
    h_t = f / (f + i) * h_prev + i / (f + i) * n

    The LSTM without U, tanh, output gate and a state besides the output. The
    two gates are divided by their sum, so that h_t stays in the scale of n.

    Source: Feng and others 2024.
    """

    gates = ("_f", "_i", "_n")
    recurrent_gates = ()

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        log_f = -np.logaddexp(0, -self._input("_f", x_t))
        log_i = -np.logaddexp(0, -self._input("_i", x_t))
        # f / (f + i), also where both are too small to be divided
        keep = sigmoid(log_f - log_i)
        h_t = keep * h_prev + (1 - keep) * self._input("_n", x_t)
        return h_t, (h_t,)
