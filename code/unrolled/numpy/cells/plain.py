"""Recurrent layers without gates, in NumPy."""

from typing import Any

import numpy as np

from unrolled.numpy.cells.base import Array, Differentiable, Recurrent, State


class Elman(Differentiable):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)

    Backward, with a_t the argument of tanh:
    dL/da_t = dL/dh_t * (1 - h_t^2),   dL/dh_prev = U^T dL/da_t
    """

    gates = ("",)

    def taped_step(self, x_t: Array, state: State) -> tuple[State, Any]:
        (h_prev,) = state
        h_t = np.tanh(self._affine("", x_t, h_prev))
        return (h_t,), (x_t, h_prev, h_t)

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        x_t, h_prev, h_t = tape
        d_a = d_state[0] * (1 - h_t**2)
        d_x, d_h_prev = self._affine_backward("", d_a, x_t, h_prev)
        return d_x, (d_h_prev,)


CELLS: dict[str, type[Recurrent]] = {"elman": Elman}
