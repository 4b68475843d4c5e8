"""Recurrent layers whose matrices see x_t alone, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import Recurrent, State
from unrolled.torch.scan import linear_scan

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

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.peephole = nn.Parameter(torch.zeros(2 * hidden_size))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "peephole": ("v_f", "v_r")}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (c_prev,) = state
        v_f, v_r = self.peephole.chunk(2)
        n, a_f, a_r, s = a_t.chunk(4, dim=-1)
        f = torch.sigmoid(a_f + v_f * c_prev)
        r = torch.sigmoid(a_r + v_r * c_prev)
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
        weight_prev: (3H, D), the V.

    Source: Bradbury, Merity, Xiong and Socher 2017.
    """

    gates = ("_n", "_f", "_o")
    recurrent_gates = ()
    parallel = True

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        shape = 3 * hidden_size, input_size
        self.weight_prev = nn.Parameter(torch.empty(shape))
        nn.init.xavier_uniform_(self.weight_prev)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "weight_prev": tuple(f"V{gate}" for gate in self.gates),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return (self.hidden_size,), (self.input_size,)

    def project(self, x: Tensor) -> Tensor:
        """W x + b, and x for the next step: (..., D) -> (..., 3H + D)."""
        return torch.cat([super().project(x), x], dim=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        c_prev, x_prev = state
        a_t, x_t = a_t.split([3 * self.hidden_size, self.input_size], dim=-1)
        n, f, o = self._gates(a_t, x_prev)
        c_t = f * c_prev + (1 - f) * n
        return o * c_t, (c_t, x_t)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, c by a scan."""
        c_0, x_0 = self.initial_state(len(x)) if state is None else state
        x_prev = torch.cat([x_0[:, None], x[:, :-1]], dim=1)
        n, f, o = self._gates(super().project(x), x_prev)
        c = linear_scan(f, (1 - f) * n, c_0)
        return o * c, (c[:, -1], x[:, -1])

    def _gates(self, a: Tensor, x_prev: Tensor) -> tuple[Tensor, ...]:
        """n, f and o, for one step or for all.

        Shape: a (..., 3H), x_prev (..., D); returns (..., H) each.
        """
        n, f, o = (a + F.linear(x_prev, self.weight_prev)).chunk(3, dim=-1)
        return torch.tanh(n), torch.sigmoid(f), torch.sigmoid(o)


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

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """All steps at once, by a scan."""
        (h_0,) = self.initial_state(len(x)) if state is None else state
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
        a_z, n = a.chunk(2, dim=-1)
        return torch.sigmoid(a_z), torch.sigmoid(-a_z) * n


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
        a_f, a_i, n = a.chunk(3, dim=-1)
        ratio = F.logsigmoid(a_f) - F.logsigmoid(a_i)
        return torch.sigmoid(ratio), torch.sigmoid(-ratio) * n
