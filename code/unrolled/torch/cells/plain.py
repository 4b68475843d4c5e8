"""Recurrent layers without gates, in PyTorch."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.torch.cells.base import ONE_LAYER, Recurrent, State

__all__ = ["Clockwork", "EchoState", "Elman", "IndRNN", "Jordan", "Orthogonal"]


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)
    """

    gates = ("",)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = torch.tanh(a_t + F.linear(h_prev, self.weight_hh))
        return h_t, (h_t,)

    def forward(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The same loop inside PyTorch: one call for all T steps."""
        (h,) = self.initial_state(len(x)) if state is None else state
        no_bias = torch.zeros_like(self.bias)
        weights = self.weight_ih, self.weight_hh, self.bias, no_bias
        outputs, h_last = torch.rnn_tanh(
            x, h[None], weights, train=self.training, **ONE_LAYER
        )
        return outputs, (h_last[0],)


class Jordan(Recurrent):
    """The plain layer whose output is fed back, not its hidden units.

    h_t = tanh(W x_t + U y_prev + b)
    y_t = tanh(V h_t + c)

    The state is (y_t,): what the layer does not output, it does not remember.

    Shape:
        weight_ho: (H, H); bias_o: (H,).

    Source: Jordan 1986.
    """

    gates = ("",)

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.weight_ho = nn.Parameter(torch.empty(hidden_size, hidden_size))
        self.bias_o = nn.Parameter(torch.zeros(hidden_size))
        nn.init.xavier_uniform_(self.weight_ho)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "weight_ho": ("V",), "bias_o": ("c",)}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (y_prev,) = state
        h_t = torch.tanh(a_t + F.linear(y_prev, self.weight_hh))
        y_t = torch.tanh(F.linear(h_t, self.weight_ho, self.bias_o))
        return y_t, (y_t,)


class IndRNN(Recurrent):
    """The independently recurrent layer: each unit is fed back to itself alone.

    h_t = relu(W x_t + u * h_prev + b)

    Where a unit is active, its memory of the input `lag` steps ago is that
    input times u^lag. |u| starts uniform in (0, 1).

    Shape:
        u: (H,).

    Source: Li, Li, Cook, Zhu and Gao 2018, who also clip |u| in training; this
    layer does not.
    """

    gates = ("",)
    recurrent_gates = ()

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        self.u = nn.Parameter(torch.rand(hidden_size))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "u": ("u",)}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = torch.relu(a_t + self.u * h_prev)
        return h_t, (h_t,)


class Clockwork(Recurrent):
    """The plain layer in four modules with clocks of periods 1, 2, 4 and 8.

    h_t = tanh(W x_t + U h_prev + b)   for units whose period divides t
    h_t = h_prev                       for all other units

    t counts from 0; unit j has the period 2^floor(4 j / H). U is masked: a
    unit is fed by units of its own period and of slower ones, never by faster
    ones. The state is (h_t, t + 1), so that the clocks run on.

    Shape:
        period: (H,); t: (B, 1).

    Source: Koutnik, Greff, Gomez and Schmidhuber 2014.
    """

    gates = ("",)
    period: Tensor
    mask: Tensor

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        period = 2 ** (4 * torch.arange(hidden_size) // hidden_size)
        mask = (period >= period[:, None]).to(self.bias)
        self.register_buffer("period", period, persistent=False)
        self.register_buffer("mask", mask, persistent=False)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,), (1,))

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, t = state
        h_new = torch.tanh(a_t + F.linear(h_prev, self.mask * self.weight_hh))
        h_t = torch.where(t % self.period == 0, h_new, h_prev)
        return h_t, (h_t, t + 1)


def modrelu(a: Tensor, b: Tensor) -> Tensor:
    """sign(a) * relu(|a| + b): changes the size of `a` by b, not its sign."""
    return torch.sign(a) * torch.relu(a.abs() + b)


class Orthogonal(Recurrent):
    """The plain layer with a recurrent matrix that is always orthogonal.

    h_t = modrelu(W x_t + Q h_prev, b)
    modrelu(a, b) = sign(a) * relu(|a| + b)
    Q = (I + A)^-1 (I - A),   A = S - S^T

    The Cayley transform turns any S into an orthogonal Q, which keeps the
    length of h_prev. S starts such that the eigenvalues of Q lie all around
    the unit circle, and with b = 0 modrelu changes nothing: the layer starts
    as a linear recurrence that neither shrinks nor grows.

    Shape:
        skew: S, (H, H).

    Source: Helfrich, Willmott and Ye 2018; modrelu: Arjovsky, Shah and Bengio
    2016.
    """

    gates = ("",)
    recurrent_gates = ()

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__(input_size, hidden_size)
        pairs = hidden_size // 2
        position = torch.arange(pairs) + torch.rand(pairs)
        angle = 0.9 * math.pi * position / max(pairs, 1)
        blocks = torch.stack([torch.tan(angle / 2), torch.zeros(pairs)], dim=1)
        diagonal = blocks.flatten()[: hidden_size - 1]
        self.skew = nn.Parameter(torch.diag(diagonal, 1))

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "skew": ("S",)}

    @property
    def Q(self) -> Tensor:  # noqa: N802
        """The recurrent matrix, with eigenvalues e^(i angle) at the start.

        Shape: (H, H).
        """
        A = self.skew - self.skew.T
        eye = torch.eye(self.hidden_size).to(A)
        return torch.linalg.solve(eye + A, eye - A)

    def project(self, x: Tensor) -> Tensor:
        """W x: the bias is modrelu's. Shape: (..., D) -> (..., H)."""
        return F.linear(x, self.weight_ih)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = modrelu(a_t + F.linear(h_prev, self.Q), self.bias)
        return h_t, (h_t,)

    def unroll(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence step by step, with Q computed once."""
        (h,) = self.initial_state(len(x)) if state is None else state
        Q, outputs = self.Q, []
        for a_t in self.project(x).unbind(dim=1):
            h = modrelu(a_t + F.linear(h, Q), self.bias)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h,)


class EchoState(Elman):
    """The plain layer with random weights that are never trained.

    h_t = tanh(W x_t + U h_prev + b)

    Only what reads h_t is trained. U is normal and scaled to a spectral radius
    of 0.9. That the state forgets where it started is certain only where the
    largest singular value of U is below 1.

    Source: Jaeger 2001.
    """

    radius = 0.9

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.requires_grad_(False)
        nn.init.normal_(self.weight_hh)
        largest = torch.linalg.eigvals(self.weight_hh).abs().max()
        self.weight_hh.mul_(self.radius / largest)
