"""The base of all recurrent layers in Keras: one step, and the loop."""

from typing import Any, ClassVar

import keras
from keras import KerasTensor as Tensor
from keras import ops

__all__ = ["Recurrent", "State"]
State = tuple[Tensor, ...]


class Recurrent(keras.layers.Layer):
    """One recurrent layer: its parameters, one step, and the loop over time.

    The gates are stacked in the order of `gates` along the last axis, as in
    Keras. A step has two halves: `project`, which needs no state and so serves
    all T steps in one matrix product, and `update`, which must wait for the
    state.

    Args:
        hidden_size: units of the output, H.

    Shape:
        x: (B, T, D) with T known; outputs: (B, T, H); each tensor of the
        state: (B, *shape) for its shape in `state_shapes`.
        kernel: (D, G H); recurrent_kernel: (H, G H); bias: (G H,) for G gates.
    """

    gates: ClassVar[tuple[str, ...]]
    # The gates with a U; None: all of them.
    recurrent_gates: ClassVar[tuple[str, ...] | None] = None
    # Whether `call` does all time steps at once.
    parallel: ClassVar[bool] = False

    def __init__(self, hidden_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hidden_size = hidden_size

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Glorot uniform input, orthogonal recurrent weights, zero bias."""
        recurrent = self.recurrent_gates
        recurrent = self.gates if recurrent is None else recurrent
        columns = len(self.gates) * self.hidden_size
        self.kernel = self.add_weight(
            shape=(input_shape[-1], columns),
            initializer="glorot_uniform",
            name="kernel",
        )
        if recurrent:
            shape = (self.hidden_size, len(recurrent) * self.hidden_size)
            self.recurrent_kernel = self.add_weight(
                shape=shape, initializer="orthogonal", name="recurrent_kernel"
            )
        self.bias = self.add_weight(
            shape=(columns,), initializer=self.initial_bias, name="bias"
        )

    def initial_bias(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return ops.zeros(shape, dtype)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        """The symbols in each weight, in the order of its columns."""
        recurrent = self.recurrent_gates
        recurrent = self.gates if recurrent is None else recurrent
        symbols = {"kernel": tuple(f"W{gate}" for gate in self.gates)}
        if recurrent:
            U = tuple(f"U{gate}" for gate in recurrent)
            symbols["recurrent_kernel"] = U
        return symbols | {"bias": tuple(f"b{gate}" for gate in self.gates)}

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each tensor of the state, for one sequence."""
        return ((self.hidden_size,),)

    def initial_state(self, batch: int) -> State:
        """Zeros: one tensor (batch, *shape) for each of `state_shapes`."""
        return tuple(
            ops.zeros((batch, *shape), self.compute_dtype)
            for shape in self.state_shapes
        )

    def project(self, x: Tensor) -> Tensor:
        """W x + b, for one step or for all: (..., D) -> (..., G H)."""
        return ops.matmul(x, self.kernel) + self.bias

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

    def call(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence the fastest way: all outputs, the last state."""
        return self.unroll(x, state)

    def unroll(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence step by step: all outputs, the last state."""
        state = self.initial_state(ops.shape(x)[0]) if state is None else state
        outputs = []
        for a_t in ops.unstack(self.project(x), axis=1):
            y_t, state = self.update(a_t, state)
            outputs.append(y_t)
        return ops.stack(outputs, axis=1), state

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hidden_size": self.hidden_size}
