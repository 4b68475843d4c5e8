"""Measuring how gradients pass through time: by lag, against the bounds, and when truncated.

A lag k leads from a step back to the step k before it.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.numpy.cells import Array
from unrolled.numpy.cells import Elman as Reference
from unrolled.torch.cells import CELLS, Elman, Recurrent
from unrolled.torch.cells.base import State

Gradient = dict[str, Array]


class Rectified(Elman):
    """The plain layer with max(0, a) in place of tanh (Le, Jaitly and Hinton 2015).

    h_t = relu(W x_t + U h_prev + b)
    """

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = torch.relu(a_t + F.linear(h_prev, self.weight_hh))
        return h_t, (h_t,)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        return self.unroll(x, state)


def _with(cell: type[Elman], start: Callable[[Tensor], Tensor]) -> Callable[[int, int], Recurrent]:
    """Builds a plain layer with another initialisation of its recurrent weights."""

    def build(input_size: int, hidden_size: int) -> Recurrent:
        layer = cell(input_size, hidden_size)
        start(layer.weight_hh)
        return layer

    return build


# By name: how the layer is built from D and H.
CASES: dict[str, Callable[[int, int], Recurrent]] = {
    "tanh": _with(Elman, nn.init.xavier_uniform_),
    "ReLU": _with(Rectified, nn.init.xavier_uniform_),
    "tanh, orthogonal": Elman,
    "ReLU, identity": _with(Rectified, nn.init.eye_),
    "LSTM": CELLS["lstm"],
    "GRU": CELLS["gru"],
}


def scaled(gain: float, input_size: int, hidden_size: int) -> Recurrent:
    """The plain layer with `gain` times an orthogonal matrix: all singular values are `gain`."""
    layer = Elman(input_size, hidden_size)
    nn.init.orthogonal_(layer.weight_hh, gain)
    return layer


def jacobians(cell: Recurrent, x: Tensor) -> list[Tensor]:
    """How the last output depends on each earlier state.

    The sequence is run H times side by side, and row i computes the derivative of output i.

    Args:
        cell: a layer whose output is the first tensor of its state.
        x: one sequence, (T, D).

    Returns:
        For each lag k = 0 ... T, the Jacobian of h_T with respect to the whole state after step
        T - k, (H, S); for an LSTM, S = 2H, because h and c are the state.
    """
    H = cell.hidden_size
    state = tuple(s.detach().requires_grad_() for s in cell.initial_state(H))
    states = [state]
    for x_t in x:
        _, state = cell.step(x_t.expand(H, -1), state)
        # A step computes h from c. The copies cut that link: h and c vary independently.
        state = tuple(s.clone() for s in state)
        states.append(state)
    flat = [s for state in states for s in state]
    gradients = torch.autograd.grad(
        state[0], flat, torch.eye(H, dtype=x.dtype), allow_unused=True, materialize_grads=True
    )
    width = len(state)
    blocks = [gradients[at : at + width] for at in range(0, len(gradients), width)]
    return [torch.cat([g.flatten(1) for g in block], dim=1) for block in reversed(blocks)]


def norms_by_lag(cell: Recurrent, x: Tensor) -> Array:
    """The norm of a gradient after k steps back in time, starting from norm 1.

    It is the mean over all directions at the last output: |J_k| / sqrt(H), in the Frobenius norm.

    Shape: x (T, D); returns (T + 1,), by lag, 1 at lag 0.
    """
    norms = [float(J.norm()) for J in jacobians(cell, x)]
    return np.array(norms) / np.sqrt(cell.hidden_size)


def measure(
    build: Callable[[int, int], Recurrent],
    T: int,
    seeds: int,
    sizes: tuple[int, int] = (32, 64),
    scale: float = 1.0,
) -> Array:
    """`norms_by_lag` for newly built layers that read noise.

    Args:
        build: makes a layer from D and H.
        T: the number of steps.
        seeds: the number of layers, each with its own weights and its own noise.
        sizes: D and H.
        scale: the standard deviation of the noise.

    Shape: returns (seeds, T + 1).
    """
    D, H = sizes
    rows = []
    for seed in range(seeds):
        torch.manual_seed(seed)
        cell, x = build(D, H), scale * torch.randn(T, D)
        rows.append(norms_by_lag(cell.double(), x.double()))
    return np.array(rows)


def middle(norms: Array) -> Array:
    """The geometric mean over the layers, by lag. Shape: norms (seeds, T + 1); returns (T + 1,)."""
    return np.exp(np.log(norms).mean(axis=0))


def factor(norms: Array, first: int = 0) -> float:
    """The factor by which a step back scales the gradient: the geometric mean from lag `first` on.

    Shape: norms (seeds, T + 1).
    """
    steps = norms.shape[1] - 1 - first
    return float(np.exp(np.log(norms[:, -1] / norms[:, first]).mean() / steps))


def reference(cell: Recurrent) -> Reference:
    """The same plain layer in NumPy."""
    layer = Reference(cell.input_size, cell.hidden_size)
    tensors = {"W": cell.weight_ih, "U": cell.weight_hh, "b": cell.bias}
    layer.parameters |= {name: t.detach().numpy().astype(float) for name, t in tensors.items()}
    return layer


def parts(
    cell: Reference, x: Array, d_outputs: Array, window: int | None = None
) -> Iterator[Gradient]:
    """The gradient of a plain layer, split by lag: from each loss to the step k before it.

    With d_k[s] = dL_{s+k} / da_s, one step back serves all losses at once:

    d_0[s] = dL_s/dh_s * (1 - h_s^2),   d_k[s] = U^T d_{k-1}[s + 1] * (1 - h_s^2)

    Args:
        cell: the plain layer.
        x: (B, T, D).
        d_outputs: the derivative of each step's own loss with respect to its output, (B, T, H).
        window: if given, no part crosses from one window of this many steps into the one before.

    Yields:
        For k = 0 ... T - 1, or less than the window, the parts of the gradients for W, U and b.
        They sum to the gradient.
    """
    (B, T, D), H = x.shape, cell.hidden_size
    h, _ = cell.forward(x)
    h_prev = np.concatenate([np.zeros((B, 1, H)), h[:, :-1]], axis=1)
    slope, step = 1 - h**2, np.arange(T)
    d = d_outputs * slope
    for k in range(T if window is None else window):
        flat = d.reshape(-1, H).T  # (H, B T)
        yield {
            "W": flat @ x.reshape(-1, D),
            "U": flat @ h_prev.reshape(-1, H),
            "b": flat.sum(axis=1),
        }
        later = np.concatenate([d[:, 1:], np.zeros_like(d[:, :1])], axis=1)
        d = (later @ cell.parameters["U"]) * slope
        if window is not None:
            d[:, step // window != (step + k + 1) // window] = 0


def vector(gradient: Gradient) -> Array:
    """All entries of a gradient as one vector."""
    return np.concatenate([part.ravel() for part in gradient.values()])


def truncated(
    cell: Reference, x: Array, d_outputs: Array, windows: Sequence[int]
) -> dict[str, dict[int, Array]]:
    """The gradient for W, U and b, truncated in two ways, for each window.

    "chunks": the sequence is read in windows, the state is carried over, and the gradient stops
    where a window begins. "every step": each loss goes back through as many steps as a window has.

    Shape: x (B, T, D); d_outputs (B, T, H); each gradient one vector.
    """
    every = np.cumsum([vector(part) for part in parts(cell, x, d_outputs)], axis=0)
    cut = {
        k: np.sum([vector(part) for part in parts(cell, x, d_outputs, window=k)], axis=0)
        for k in windows
    }
    return {"chunks": cut, "every step": {k: every[k - 1] for k in windows}}
