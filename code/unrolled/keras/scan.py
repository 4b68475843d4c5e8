"""Linear recurrences in Keras, all time steps at once."""

from collections.abc import Callable
from typing import Any

from keras import KerasTensor as Tensor
from keras import ops

Pair = tuple[Tensor, Tensor]
Product = Callable[[Tensor, Tensor], Tensor]


def linear_scan(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """All h_t = a_t * h_prev + b_t, by doubling (Hillis and Steele 1986).

    Two steps of such a recurrence make one of the same kind:
    h_t = (a_t a_prev) h_prevprev + (a_t b_prev + b_t). So after k rounds each
    pair (a, b) spans 2^k steps, and log2 T rounds reach back to h0. That is
    O(T log T) work where the loop has O(T), but few operations, each of them
    on all time steps. Nothing is divided, so an a_t of zero does no harm.

    Shape:
        a: (B, T, ...), or (1, T, ...) where it is the same for every sequence.
        b: (B, T, ...) with T known; h0: (B, ...); returns: (B, T, ...).
    """
    return _scan(a, b, h0)


def complex_scan(a: Pair, b: Pair, h0: Pair) -> Pair:
    """The same for complex numbers, as pairs of real and imaginary parts.

    Its rounds are kept for the derivative, O(T log T) numbers.
    """
    a, b, h0 = (ops.stack(pair, axis=-1) for pair in (a, b, h0))
    h = _double(a, b, h0, _complex_product)
    return h[..., 0], h[..., 1]


def _complex_product(p: Tensor, q: Tensor) -> Tensor:
    """Shape: p, q, returns: (..., 2), the real and imaginary part."""
    re = p[..., 0] * q[..., 0] - p[..., 1] * q[..., 1]
    im = p[..., 0] * q[..., 1] + p[..., 1] * q[..., 0]
    return ops.stack([re, im], axis=-1)


def _double(
    a: Tensor, b: Tensor, h0: Tensor, times: Product = ops.multiply
) -> Tensor:
    T, span = b.shape[1], 1
    first = times(a[:, :1], h0[:, None]) + b[:, :1]
    h = ops.concatenate([first, b[:, 1:]], axis=1)
    a = a[:, 1:]  # of the steps that do not reach back to h0 yet
    while span < T:
        longer = times(a, h[:, :-span]) + h[:, span:]
        h = ops.concatenate([h[:, :span], longer], axis=1)
        a, span = times(a[:, span:], a[:, :-span]), 2 * span
    return h


@ops.custom_gradient  # type: ignore[untyped-decorator]
def _scan(a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Any]:
    """A scan whose derivative is a scan backward in time.

    So no round need be kept in memory.

    dL/db_t = dL/dh_t + a_next * dL/db_next,   dL/da_t = dL/db_t * h_prev
    """
    h = _double(a, b, h0)

    def gradient(d_h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a_next = ops.concatenate([a[:, 1:], ops.zeros_like(a[:, :1])], axis=1)
        h_prev = ops.concatenate([h0[:, None], h[:, :-1]], axis=1)
        a_back, d_back = ops.flip(a_next, 1), ops.flip(d_h, 1)
        d_b = ops.flip(linear_scan(a_back, d_back, ops.zeros_like(h0)), 1)
        d_a = d_b * h_prev
        d_a = ops.sum(d_a, axis=0, keepdims=True) if a.shape[0] == 1 else d_a
        return d_a, d_b, a[:, 0] * d_b[:, 0]

    return h, gradient
