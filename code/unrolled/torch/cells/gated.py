"""Recurrent layers with gates that see x_t and h_prev, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import ONE_LAYER, Recurrent, State

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

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.ones_(self.bias[self.hidden_size : 2 * self.hidden_size])

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev = state
        a_t = a_t + F.linear(h_prev, self.weight_hh)  # (B, 4H)
        i, f, g, o = a_t.chunk(4, dim=-1)
        c_t = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.tanh(g)
        h_t = torch.sigmoid(o) * torch.tanh(c_t)
        return h_t, (h_t, c_t)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        h, c = self.initial_state(len(x)) if state is None else state
        no_bias = torch.zeros_like(self.bias)
        weights = self.weight_ih, self.weight_hh, self.bias, no_bias
        outputs, h_last, c_last = torch.lstm(
            x, (h[None], c[None]), weights, train=self.training, **ONE_LAYER
        )
        return outputs, (h_last[0], c_last[0])


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

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.peepholes = nn.Parameter(torch.zeros(3 * hidden_size))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "peepholes": ("p_i", "p_f", "p_o")}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev = state
        a_t = a_t + F.linear(h_prev, self.weight_hh)  # (B, 4H)
        i, f, g, o = a_t.chunk(4, dim=-1)
        p_i, p_f, p_o = self.peepholes.chunk(3)
        i, f = torch.sigmoid(i + p_i * c_prev), torch.sigmoid(f + p_f * c_prev)
        c_t = f * c_prev + i * torch.tanh(g)
        h_t = torch.sigmoid(o + p_o * c_t) * torch.tanh(c_t)
        return h_t, (h_t, c_t)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Step by step: PyTorch has no kernel with peepholes."""
        return self.unroll(x, state)


class CoupledLSTM(Recurrent):
    """The LSTM with one gate for both: it takes in as much as it forgets.

    f, o = sigmoid(W_* x_t + U_* h_prev + b_*)
    g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + (1 - f) * g,   h_t = o * tanh(c_t)

    c_t lies between c_prev and g, so it never leaves (-1, 1). b_f starts at 1.

    Source: Greff, Srivastava, Koutnik, Steunebrink and Schmidhuber 2017.
    """

    gates = ("_f", "_g", "_o")

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.ones_(self.bias[: self.hidden_size])

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,),) * 2

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, c_prev = state
        a_t = a_t + F.linear(h_prev, self.weight_hh)  # (B, 3H)
        f, g, o = a_t.chunk(3, dim=-1)
        f = torch.sigmoid(f)
        c_t = f * c_prev + (1 - f) * torch.tanh(g)
        h_t = torch.sigmoid(o) * torch.tanh(c_t)
        return h_t, (h_t, c_t)


class GRU(Recurrent):
    """The gated recurrent unit, reset after the matrix product.

    r, z = sigmoid(W_* x_t + b_* + U_* h_prev + bh_*)
    n = tanh(W_n x_t + b_n + r * (U_n h_prev + bh_n))
    h_t = (1 - z) * n + z * h_prev

    The second bias stays, as in `nn.GRU`: r multiplies bh_n, so it cannot be
    merged with b_n.

    Shape:
        bias_hh: (3H,).

    Source: Cho and others 2014.
    """

    gates = ("_r", "_z", "_n")

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.bias_hh = nn.Parameter(torch.zeros(3 * hidden_size))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "bias_hh": tuple(f"bh{gate}" for gate in self.gates),
        }

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        a_r, a_z, a_n = a_t.chunk(3, dim=-1)
        u_t = F.linear(h_prev, self.weight_hh, self.bias_hh)  # (B, 3H)
        u_r, u_z, u_n = u_t.chunk(3, dim=-1)
        r, z = torch.sigmoid(a_r + u_r), torch.sigmoid(a_z + u_z)
        n = torch.tanh(a_n + r * u_n)
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        (h,) = self.initial_state(len(x)) if state is None else state
        weights = self.weight_ih, self.weight_hh, self.bias, self.bias_hh
        outputs, h_last = torch.gru(
            x, h[None], weights, train=self.training, **ONE_LAYER
        )
        return outputs, (h_last[0],)


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
        U_rz, U_n = self.weight_hh.split([2 * H, H])
        bh_rz, bh_n = self.bias_hh.split([2 * H, H])
        a_rz, a_n = a_t.split([2 * H, H], dim=-1)
        rz = torch.sigmoid(a_rz + F.linear(h_prev, U_rz, bh_rz))
        r, z = rz.chunk(2, dim=-1)
        n = torch.tanh(a_n + F.linear(r * h_prev, U_n, bh_n))
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Step by step: PyTorch's own kernel resets after."""
        return self.unroll(x, state)


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
        a_f, a_n = a_t.chunk(2, dim=-1)
        U_f, U_n = self.weight_hh.chunk(2)
        f = torch.sigmoid(a_f + F.linear(h_prev, U_f))
        n = torch.tanh(a_n + F.linear(f * h_prev, U_n))
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
        weight_ih: (2H, D); weight_hh: (4H, H); bias, bias_2: (2H,).

    Source: Zilly, Srivastava, Koutnik and Schmidhuber 2017, with one gate for
    both, and depth 2.
    """

    gates = ("_n1", "_z1")
    recurrent_gates = ("_n1", "_z1", "_n2", "_z2")

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.bias_2 = nn.Parameter(self.bias.detach().clone())

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.constant_(self.bias[self.hidden_size :], -1.0)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "bias_2": ("b_n2", "b_z2")}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (s,) = state
        U_1, U_2 = self.weight_hh.chunk(2)  # (2H, H) each
        n, z = (a_t + F.linear(s, U_1)).chunk(2, dim=-1)
        n, z = torch.tanh(n), torch.sigmoid(z)
        s = z * n + (1 - z) * s
        n, z = F.linear(s, U_2, self.bias_2).chunk(2, dim=-1)
        n, z = torch.tanh(n), torch.sigmoid(z)
        h_t = z * n + (1 - z) * s
        return h_t, (h_t,)
