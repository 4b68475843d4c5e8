"""Recurrent layers without gates, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.torch.cells.base import ONE_LAYER, Recurrent, State


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)
    """

    gates = ("",)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = torch.tanh(a_t + F.linear(h_prev, self.weight_hh))
        return h_t, (h_t,)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        (h,) = self.initial_state(len(x)) if state is None else state
        weights = [self.weight_ih, self.weight_hh, self.bias, torch.zeros_like(self.bias)]
        outputs, h_last = torch.rnn_tanh(x, h[None], weights, train=self.training, **ONE_LAYER)
        return outputs, (h_last[0],)


CELLS: dict[str, type[Recurrent]] = {"elman": Elman}
