"""Recurrent layers whose matrices see x_t alone, in Keras."""

from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State
from unrolled.keras.scan import linear_scan

__all__ = ["QRNN", "SRU", "MinGRU", "MinLSTM"]


class SRU(Recurrent):
    """The simple recurrent unit: the matrices see x_t alone.

    n = W_n x_t + b_n,   s = W_s x_t + b_s
    f, r = sigmoid(W_* x_t + v_* * c_prev + b_*)
    c_t = f * c_prev + (1 - f) * n
    h_t = r * c_t + (1 - r) * s

    All matrix products are done for all steps at once; what is left in the
    loop is elementwise. It is no scan, since f sees c_prev. The state is
    (c_t,).

    Shape:
        peephole: (2H,), v_f and v_r; they start at zero.

    Source: Lei, Zhang, Wang, Dai and Artzi 2018.
    """

    gates = ("_n", "_f", "_r", "_s")
    recurrent_gates = ()

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.peephole = self.add_weight(
            shape=(2 * self.hidden_size,), initializer="zeros", name="peephole"
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "peephole": ("v_f", "v_r")}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (c_prev,) = state
        v_f, v_r = ops.split(self.peephole, 2)
        n, a_f, a_r, s = ops.split(a_t, 4, axis=-1)
        f = ops.sigmoid(a_f + v_f * c_prev)
        r = ops.sigmoid(a_r + v_r * c_prev)
        c_t = f * c_prev + (1 - f) * n
        return r * c_t + (1 - r) * s, (c_t,)


class QRNN(Recurrent):
    """The quasi-recurrent layer, of width 2 with fo-pooling.

    n = tanh(W_n x_t + V_n x_prev + b_n)
    f, o = sigmoid(W_* x_t + V_* x_prev + b_*)
    c_t = f * c_prev + (1 - f) * n,   h_t = o * c_t

    A convolution over x_prev and x_t takes the place of U h_prev; c is a scan.
    The state is (c_t, x_t).

    Shape:
        prev_kernel: (D, 3H), the V.

    Source: Bradbury, Merity, Xiong and Socher 2017.
    """

    gates = ("_n", "_f", "_o")
    recurrent_gates = ()
    parallel = True

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        assert input_shape[-1] is not None
        self.input_size = input_shape[-1]
        self.prev_kernel = self.add_weight(
            shape=(self.input_size, 3 * self.hidden_size),
            initializer="glorot_uniform",
            name="prev_kernel",
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "prev_kernel": tuple(f"V{gate}" for gate in self.gates),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size,), (self.input_size,)

    def project(self, x: Tensor) -> Tensor:
        """W x + b, and x for the next step: (..., D) -> (..., 3H + D)."""
        return ops.concatenate([super().project(x), x], axis=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        c_prev, x_prev = state
        a_t, x_t = ops.split(a_t, [3 * self.hidden_size], axis=-1)
        n, f, o = self._gates(a_t, x_prev)
        c_t = f * c_prev + (1 - f) * n
        return o * c_t, (c_t, x_t)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, c by a scan."""
        state = self.initial_state(ops.shape(x)[0]) if state is None else state
        c_0, x_0 = state
        x_prev = ops.concatenate([x_0[:, None], x[:, :-1]], axis=1)
        n, f, o = self._gates(super().project(x), x_prev)
        c = linear_scan(f, (1 - f) * n, c_0)
        return o * c, (c[:, -1], x[:, -1])

    def _gates(self, a: Tensor, x_prev: Tensor) -> tuple[Tensor, ...]:
        """n, f and o, for one step or for all.

        Shape: a (..., 3H), x_prev (..., D); returns (..., H) each.
        """
        a = a + ops.matmul(x_prev, self.prev_kernel)
        n, f, o = ops.split(a, 3, axis=-1)
        return ops.tanh(n), ops.sigmoid(f), ops.sigmoid(o)


class Scanned(Recurrent):
    """A layer whose output is its state, a linear recurrence: one scan.

    h_t = keep_t * h_prev + new_t,   keep_t and new_t from x_t alone
    """

    recurrent_gates = ()
    parallel = True

    def terms(self, a: Tensor) -> tuple[Tensor, Tensor]:
        """What is kept and what is new, for one step or for all.

        Shape: a (..., G H); both (..., H).
        """
        raise NotImplementedError

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        keep, new = self.terms(a_t)
        h_t = keep * h_prev + new
        return h_t, (h_t,)

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, by a scan."""
        (h_0,) = self.initial_state(ops.shape(x)[0]) if state is None else state
        h = linear_scan(*self.terms(self.project(x)), h_0)
        return h, (h[:, -1],)


class MinGRU(Scanned):
    """The minimal GRU, whose gate does not see the state.

    z = sigmoid(W_z x_t + b_z),   n = W_n x_t + b_n
    h_t = (1 - z) * n + z * h_prev

    The GRU without U, reset gate and tanh. The paper writes z for what is
    1 - z here.

    Source: Feng and others 2024.
    """

    gates = ("_z", "_n")

    def terms(self, a: Tensor) -> tuple[Tensor, Tensor]:
        a_z, n = ops.split(a, 2, axis=-1)
        return ops.sigmoid(a_z), ops.sigmoid(-a_z) * n


class MinLSTM(Scanned):
    """The minimal LSTM, whose gates do not see the state.

    f, i = sigmoid(W_* x_t + b_*),   n = W_n x_t + b_n
    h_t = f / (f + i) * h_prev + i / (f + i) * n

    The LSTM without U, tanh, output gate and a state besides the output. The
    two gates are divided by their sum, so that h_t stays in the scale of n;
    f / (f + i) = sigmoid(log f - log i), which holds where both are too small
    to be divided.

    Source: Feng and others 2024.
    """

    gates = ("_f", "_i", "_n")

    def terms(self, a: Tensor) -> tuple[Tensor, Tensor]:
        a_f, a_i, n = ops.split(a, 3, axis=-1)
        ratio = ops.log_sigmoid(a_f) - ops.log_sigmoid(a_i)
        return ops.sigmoid(ratio), ops.sigmoid(-ratio) * n
