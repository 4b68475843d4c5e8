"""Recurrent layers without gates, in Keras."""

from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)
    """

    gates = ("",)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = ops.tanh(a_t + ops.matmul(h_prev, self.recurrent_kernel))
        return h_t, (h_t,)


CELLS: dict[str, type[Recurrent]] = {"elman": Elman}
