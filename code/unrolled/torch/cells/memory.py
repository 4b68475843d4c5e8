"""Recurrent layers with a memory beside the hidden state, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import Recurrent, State

__all__ = ["StackAugmented"]


class StackAugmented(Recurrent):
    """The plain layer with a stack, which it pushes and pops by degrees.

    h_t = tanh(W x_t + U h_prev + P s_prev[0] + b)
    a = softmax(A h_t + c_a)            how much to push, to pop and to keep
    p = sigmoid(E h_t + c_p)            what to push
    s_t[0] = a_push p + a_pop s_prev[1] + a_keep s_prev[0]
    s_t[j] = a_push s_prev[j-1] + a_pop s_prev[j+1] + a_keep s_prev[j]

    The state is (h_t, s_t): `depth` cells of `width` numbers, zeros below
    them. The plain layer must hold in h all that it remembers; this one sees
    the top of the stack and reaches what lies under it by popping.

    Shape:
        s: (B, depth, width).
        weight_sh: P, (H, width); weight_a: A, (3, H); weight_p: E, (width, H).

    Source: Joulin and Mikolov 2015.
    """

    gates = ("",)
    depth = 16
    width = 8

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.weight_sh = nn.Parameter(torch.empty(hidden_size, self.width))
        self.weight_a = nn.Parameter(torch.empty(3, hidden_size))
        self.bias_a = nn.Parameter(torch.zeros(3))
        self.weight_p = nn.Parameter(torch.empty(self.width, hidden_size))
        self.bias_p = nn.Parameter(torch.zeros(self.width))
        for weight in (self.weight_sh, self.weight_a, self.weight_p):
            nn.init.xavier_uniform_(weight)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "weight_sh": ("P",),
            "weight_a": ("A",),
            "bias_a": ("c_a",),
            "weight_p": ("E",),
            "bias_p": ("c_p",),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,), (self.depth, self.width))

    def actions(self, h_t: Tensor) -> Tensor:
        """How much to push, to pop and to keep. Shape: (..., H) -> (..., 3)."""
        return F.linear(h_t, self.weight_a, self.bias_a).softmax(dim=-1)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, s_prev = state
        top = F.linear(s_prev[:, 0], self.weight_sh)
        h_t = torch.tanh(a_t + F.linear(h_prev, self.weight_hh) + top)
        actions = self.actions(h_t)[:, :, None, None]
        push, pop, keep = actions.unbind(dim=1)  # each (B, 1, 1)
        pushed = torch.sigmoid(F.linear(h_t, self.weight_p, self.bias_p))
        pushed = pushed[:, None]  # (B, 1, width)
        above = torch.cat([pushed, s_prev[:, :-1]], dim=1)
        below = torch.cat([s_prev[:, 1:], torch.zeros_like(pushed)], dim=1)
        s_t = push * above + pop * below + keep * s_prev
        return h_t, (h_t, s_t)
