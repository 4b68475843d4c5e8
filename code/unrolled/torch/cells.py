"""Recurrent layers in PyTorch: one class a cell.

The step is the equation; the whole sequence is one call of PyTorch's own kernel, which runs the
same loop.
"""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

State = tuple[Tensor, ...]
# What the fused kernels are told besides the weights.
ONE_LAYER: Any = {
    "has_biases": True,
    "num_layers": 1,
    "dropout": 0.0,
    "bidirectional": False,
    "batch_first": True,
}


class Recurrent(nn.Module):
    """One recurrent layer: its parameters, one step, and the loop over time.

    The gates are stacked in the order of `gates` along the first axis, as PyTorch does. There is
    one bias, not the two of `nn.RNN` and `nn.LSTM`: their sum is all that counts, and with two of
    them every training step moves it twice as far.

    Args:
        input_size: features of x_t, D.
        hidden_size: units of h_t, H.

    Shape:
        x: (B, T, D); outputs: (B, T, H); each tensor of the state: (B, H).
        weight_ih: (G H, D); weight_hh: (G H, H); bias: (G H,) for G gates.
    """

    gates: ClassVar[tuple[str, ...]]
    num_states: ClassVar[int] = 1

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        rows = len(self.gates) * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_size))
        self.bias = nn.Parameter(torch.empty(rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Input weights Glorot uniform, recurrent weights orthogonal, bias zero."""
        nn.init.xavier_uniform_(self.weight_ih)
        nn.init.orthogonal_(self.weight_hh)
        nn.init.zeros_(self.bias)

    def initial_state(self, batch: int) -> State:
        """Zeros. Shape: `num_states` tensors of (batch, H)."""
        return tuple(self.bias.new_zeros(batch, self.hidden_size) for _ in range(self.num_states))

    def step(self, x_t: Tensor, state: State) -> State:
        """One time step; the first tensor of the new state is h_t.

        Shape: x_t (B, D).
        """
        raise NotImplementedError

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The whole sequence, step by step: outputs h_1 ... h_T and the last state."""
        state = self.initial_state(len(x)) if state is None else state
        outputs = []
        for x_t in x.unbind(dim=1):
            state = self.step(x_t, state)
            outputs.append(state[0])
        return torch.stack(outputs, dim=1), state


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)
    """

    gates = ("",)

    def step(self, x_t: Tensor, state: State) -> State:
        (h_prev,) = state
        return (
            torch.tanh(F.linear(x_t, self.weight_ih, self.bias) + F.linear(h_prev, self.weight_hh)),
        )

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        (h,) = self.initial_state(len(x)) if state is None else state
        weights = [self.weight_ih, self.weight_hh, self.bias, torch.zeros_like(self.bias)]
        outputs, h_last = torch.rnn_tanh(x, h[None], weights, train=self.training, **ONE_LAYER)
        return outputs, (h_last[0],)


class LSTM(Recurrent):
    """Long short-term memory with a forget gate.

    i, f, o = sigmoid(W_* x_t + U_* h_prev + b_*),   g = tanh(W_g x_t + U_g h_prev + b_g)
    c_t = f * c_prev + i * g,   h_t = o * tanh(c_t)

    The state is (h_t, c_t). b_f starts at 1.

    Source: Hochreiter and Schmidhuber 1997; the forget gate: Gers, Schmidhuber and Cummins 2000.
    """

    gates = ("_i", "_f", "_g", "_o")
    num_states = 2

    def reset_parameters(self) -> None:
        super().reset_parameters()
        nn.init.ones_(self.bias[self.hidden_size : 2 * self.hidden_size])

    def step(self, x_t: Tensor, state: State) -> State:
        h_prev, c_prev = state
        a = F.linear(x_t, self.weight_ih, self.bias) + F.linear(h_prev, self.weight_hh)  # (B, 4H)
        i, f, g, o = a.chunk(4, dim=-1)
        c_t = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c_t), c_t

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

    def step(self, x_t: Tensor, state: State) -> State:
        (h_prev,) = state
        a_r, a_z, a_n = F.linear(x_t, self.weight_ih, self.bias).chunk(3, dim=-1)
        u_r, u_z, u_n = F.linear(h_prev, self.weight_hh, self.bias_hh).chunk(3, dim=-1)
        r, z = torch.sigmoid(a_r + u_r), torch.sigmoid(a_z + u_z)
        n = torch.tanh(a_n + r * u_n)
        return ((1 - z) * n + z * h_prev,)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        (h,) = self.initial_state(len(x)) if state is None else state
        weights: list[Tensor] = [self.weight_ih, self.weight_hh, self.bias, self.bias_hh]
        outputs, h_last = torch.gru(x, h[None], weights, train=self.training, **ONE_LAYER)
        return outputs, (h_last[0],)


CELLS: dict[str, type[Recurrent]] = {"elman": Elman, "lstm": LSTM, "gru": GRU}
