"""The base of all recurrent layers in PyTorch: one step, and the loop."""

from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Recurrent", "State"]
State = tuple[Tensor, ...]
# What the fused kernels take besides the weights.
ONE_LAYER: Any = {
    "has_biases": True,
    "num_layers": 1,
    "dropout": 0.0,
    "bidirectional": False,
    "batch_first": True,
}


class Recurrent(nn.Module):
    """One recurrent layer: its parameters, one step, and the loop over time.

    The gates are stacked in the order of `gates` along the first axis, as in
    PyTorch. There is one bias, not the two of `nn.RNN` and `nn.LSTM`: only
    their sum counts, and with two every training step moves it twice as far.
    A step has two halves: `project`, which needs no state and so serves all T
    steps in one matrix product, and `update`, which must wait for the state.

    Args:
        input_size: features of x_t, D.
        hidden_size: units of the output, H.

    Shape:
        x: (B, T, D); outputs: (B, T, H); each tensor of the state: (B, *shape)
        for its shape in `state_shapes`.
        weight_ih: (G H, D); weight_hh: (G H, H); bias: (G H,) for G gates.
    """

    gates: ClassVar[tuple[str, ...]]
    # The gates with a U; None: all of them.
    recurrent_gates: ClassVar[tuple[str, ...] | None] = None
    # Whether `forward` does all time steps at once.
    parallel: ClassVar[bool] = False

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.input_size, self.hidden_size = input_size, hidden_size
        recurrent = self.recurrent_gates
        recurrent = self.gates if recurrent is None else recurrent
        rows = len(self.gates) * hidden_size
        self.weight_ih = nn.Parameter(torch.empty(rows, input_size))
        if recurrent:
            shape = len(recurrent) * hidden_size, hidden_size
            self.weight_hh = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Glorot uniform input, orthogonal recurrent weights, zero bias."""
        nn.init.xavier_uniform_(self.weight_ih)
        if hasattr(self, "weight_hh"):
            nn.init.orthogonal_(self.weight_hh)
        nn.init.zeros_(self.bias)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        """The symbols in each parameter, in the order of its rows."""
        recurrent = self.recurrent_gates
        recurrent = self.gates if recurrent is None else recurrent
        symbols = {"weight_ih": tuple(f"W{gate}" for gate in self.gates)}
        if recurrent:
            U = tuple(f"U{gate}" for gate in recurrent)
            symbols["weight_hh"] = U
        return symbols | {"bias": tuple(f"b{gate}" for gate in self.gates)}

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each tensor of the state, for one sequence."""
        return ((self.hidden_size,),)

    def initial_state(self, batch: int) -> State:
        """Zeros: one tensor (batch, *shape) for each of `state_shapes`."""
        return tuple(
            self.bias.new_zeros(batch, *shape) for shape in self.state_shapes
        )

    def project(self, x: Tensor) -> Tensor:
        """W x + b, for one step or for all: (..., D) -> (..., G H)."""
        return F.linear(x, self.weight_ih, self.bias)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        """The rest of the step: the output and the new state.

        Shape: a_t (B, G H); output (B, H).
        """
        raise NotImplementedError

    def step(self, x_t: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: the output and the new state.

        Shape: x_t (B, D); output (B, H).
        """
        return self.update(self.project(x_t), state)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence the fastest way: all outputs, the last state."""
        return self.unroll(x, state)

    def unroll(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence step by step: all outputs, the last state."""
        state = self.initial_state(len(x)) if state is None else state
        outputs = []
        for a_t in self.project(x).unbind(dim=1):
            y_t, state = self.update(a_t, state)
            outputs.append(y_t)
        return torch.stack(outputs, dim=1), state
