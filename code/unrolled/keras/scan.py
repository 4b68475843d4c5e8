"""Linear recurrences in Keras, all time steps at once."""

from typing import Any

from keras import KerasTensor as Tensor
from keras import ops

Pair = tuple[Tensor, Tensor]


def linear_scan(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    """All h_t of h_t = a_t * h_prev + b_t, by doubling (Hillis and Steele 1986).

    Two steps of such a recurrence are one of the same kind: h_t = (a_t a_prev) h_prevprev +
    (a_t b_prev + b_t). So after k rounds each pair (a, b) spans 2^k steps, and log2 T rounds reach
    back to h0. That is O(T log T) work where the loop has O(T), but few operations, each of them
    on all time steps. Nothing is divided, so an a_t of zero does no harm.

    Shape:
        a: (B, T, ...), or (1, T, ...) where it is the same for every sequence.
        b: (B, T, ...) with T known; h0: (B, ...); returns: (B, T, ...). All of them real or all
        complex.
    """
    return _scan(a, b, h0)


def complex_scan(a: Pair, b: Pair, h0: Pair) -> Pair:
    """The same for complex numbers, each given and returned as its real and imaginary part."""
    h = linear_scan(*(ops.view_as_complex(ops.stack(pair, axis=-1)) for pair in (a, b, h0)))
    return ops.real(h), ops.imag(h)


def _double(a: Tensor, b: Tensor, h0: Tensor) -> Tensor:
    T, span = b.shape[1], 1
    h = ops.concatenate([a[:, :1] * h0[:, None] + b[:, :1], b[:, 1:]], axis=1)
    a = a[:, 1:]  # of the steps that do not reach back to h0 yet
    while span < T:
        h = ops.concatenate([h[:, :span], a * h[:, :-span] + h[:, span:]], axis=1)
        a, span = a[:, span:] * a[:, :-span], 2 * span
    return h


@ops.custom_gradient
def _scan(a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Any]:
    """The derivative of a scan is a scan backward in time: no round need be kept in memory.

    dL/db_t = dL/dh_t + a_next * dL/db_next,   dL/da_t = dL/db_t * h_prev
    """
    h = _double(a, b, h0)

    def gradient(d_h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a_next = ops.conj(ops.concatenate([a[:, 1:], ops.zeros_like(a[:, :1])], axis=1))
        h_prev = ops.conj(ops.concatenate([h0[:, None], h[:, :-1]], axis=1))
        d_b = linear_scan(ops.flip(a_next, 1), ops.flip(d_h, 1), ops.zeros_like(h0))
        d_b = ops.flip(d_b, 1)
        d_a = d_b * h_prev
        d_a = ops.sum(d_a, axis=0, keepdims=True) if a.shape[0] == 1 else d_a
        return d_a, d_b, ops.conj(a[:, 0]) * d_b[:, 0]

    return h, gradient
