"""Recurrent layers with gates that see x_t and h_prev, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import ONE_LAYER, Recurrent, State


class LSTM(Recurrent):
    """Long short-term memory with a forget gate.

    i, f, o = sigmoid(W_* x_t + U_* h_prev + b_*),   g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
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

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        h, c = self.initial_state(len(x)) if state is None else state
        weights = [self.weight_ih, self.weight_hh, self.bias, torch.zeros_like(self.bias)]
        outputs, h_last, c_last = torch.lstm(
            x, (h[None], c[None]), weights, train=self.training, **ONE_LAYER
        )
        return outputs, (h_last[0], c_last[0])


class GRU(Recurrent):
    """The gated recurrent unit (Cho and others 2014), reset after the matrix product.

    r, z = sigmoid(W_* x_t + b_* + U_* h_prev + bh_*)
    n = tanh(W_n x_t + b_n + r * (U_n h_prev + bh_n))
    h_t = (1 - z) * n + z * h_prev

    The second bias stays, as in `nn.GRU`: r multiplies bh_n, so it cannot be merged with b_n.

    Shape:
        bias_hh: (3H,).
    """

    gates = ("_r", "_z", "_n")

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.bias_hh = nn.Parameter(torch.zeros(3 * hidden_size))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "bias_hh": tuple(f"bh{gate}" for gate in self.gates)}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        a_r, a_z, a_n = a_t.chunk(3, dim=-1)
        u_r, u_z, u_n = F.linear(h_prev, self.weight_hh, self.bias_hh).chunk(3, dim=-1)
        r, z = torch.sigmoid(a_r + u_r), torch.sigmoid(a_z + u_z)
        n = torch.tanh(a_n + r * u_n)
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        (h,) = self.initial_state(len(x)) if state is None else state
        weights: list[Tensor] = [self.weight_ih, self.weight_hh, self.bias, self.bias_hh]
        outputs, h_last = torch.gru(x, h[None], weights, train=self.training, **ONE_LAYER)
        return outputs, (h_last[0],)


CELLS: dict[str, type[Recurrent]] = {"lstm": LSTM, "gru": GRU}
