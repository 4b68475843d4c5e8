"""Linear recurrences in PyTorch, all time steps at once."""

from typing import Any

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]


def linear_scan(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """All h_t = a_t * h_prev + b_t, by doubling (Hillis and Steele 1986).

    Two steps of such a recurrence make one of the same kind:
    h_t = (a_t a_prev) h_prevprev + (a_t b_prev + b_t). So after k rounds each
    pair (a, b) spans 2^k steps, and log2 T rounds reach back to h0. That is
    O(T log T) work where the loop has O(T), but few operations, each of them
    on all time steps. Nothing is divided, so an a_t of zero does no harm.

    Shape:
        a: (B, T, ...), or (1, T, ...) where it is the same for every sequence.
        b: (B, T, ...); h0: (B, ...); returns: (B, T, ...). All of them real or
        all complex.
    """
    return _Scan.apply(a, b, h0)  # type: ignore[no-untyped-call]


def complex_scan(a: Pair, b: Pair, h0: Pair) -> Pair:
    """The same for complex numbers, as pairs of real and imaginary parts."""
    h = linear_scan(torch.complex(*a), torch.complex(*b), torch.complex(*h0))
    return h.real, h.imag


def _double(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    h = b.clone()
    h[:, 0] += a[:, 0] * h0
    a, span = a[:, 1:], 1  # a: of the steps that do not reach back to h0 yet
    while span < b.shape[1]:
        h[:, span:] += a * h[:, :-span]
        a, span = a[:, span:] * a[:, :-span], 2 * span
    return h


class _Scan(torch.autograd.Function):
    """A scan whose derivative is a scan backward in time.

    So no round need be kept in memory.

    dL/db_t = dL/dh_t + a_next * dL/db_next,   dL/da_t = dL/db_t * h_prev
    """

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
        h = _double(a, b, h0)
        ctx.save_for_backward(a, h0, h)
        return h

    @staticmethod
    def backward(ctx: Any, d_h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a, h0, h = ctx.saved_tensors
        a_next = torch.cat([a[:, 1:], torch.zeros_like(a[:, :1])], dim=1).conj()
        d_b = linear_scan(a_next.flip(1), d_h.flip(1), torch.zeros_like(h0))
        d_b = d_b.flip(1)
        h_prev = torch.cat([h0[:, None], h[:, :-1]], dim=1).conj()
        d_a = (d_b * h_prev).sum_to_size(a.shape)
        return d_a, d_b, a[:, 0].conj() * d_b[:, 0]
