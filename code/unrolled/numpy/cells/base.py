"""The base of all recurrent layers in NumPy: one step, and the loop.

Parameters are kept gate by gate under the names of the equations (`W_i`,
`U_i`, `b_i`), so no stacking order can be got wrong here.
"""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = [
    "Array",
    "Differentiable",
    "Recurrent",
    "State",
    "glorot",
    "orthogonal",
    "sigmoid",
]
Array = NDArray[Any]
State = tuple[Array, ...]


def sigmoid(a: Array) -> Array:
    """The logistic function 1 / (1 + exp(-a)), without overflow."""
    return 0.5 * (1.0 + np.tanh(0.5 * a))


def glorot(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Uniform, of variance 2 / (rows + columns) (Glorot and Bengio 2010).

    Shape: returns (rows, columns).
    """
    limit = np.sqrt(6.0 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Random orthonormal columns (Saxe, McClelland and Ganguli 2014).

    Shape: returns (rows, columns), with rows >= columns.
    """
    q, r = np.linalg.qr(rng.standard_normal((rows, columns)))
    return q * np.sign(np.diag(r))


class Recurrent:
    """One recurrent layer: its parameters, one step, and the loop over time.

    Input weights start Glorot uniform, recurrent weights orthogonal, with the
    gates stacked as in PyTorch and Keras; biases start at zero.

    Args:
        input_size: features of x_t, D.
        hidden_size: units of the output, H.
        rng: draws the initial weights; the same seed gives the same weights.
        dtype: of parameters and states.

    Shape:
        x: (B, T, D); outputs: (B, T, H); each array of the state: (B, *shape)
        for its shape in `state_shapes`.
        W_*: (H, D); U_*: (H, H); b_*: (H,).
    """

    gates: ClassVar[tuple[str, ...]]  # the suffixes of the W and b
    # The gates with a U; None: all of them.
    recurrent_gates: ClassVar[tuple[str, ...] | None] = None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = rng or np.random.default_rng()
        self.input_size, self.hidden_size = input_size, hidden_size
        self.dtype = np.dtype(dtype)
        recurrent = self.recurrent_gates
        recurrent = self.gates if recurrent is None else recurrent
        rows = len(self.gates) * hidden_size
        self.parameters: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        self._add("W", self.gates, glorot(rng, rows, input_size))
        if recurrent:
            U = orthogonal(rng, len(recurrent) * hidden_size, hidden_size)
            self._add("U", recurrent, U)
        self._add("b", self.gates, np.zeros(rows))
        self.draw(rng)

    def draw(self, rng: np.random.Generator) -> None:
        """Adds what a cell has besides W, U and b, or changes their start."""

    def _add(self, symbol: str, gates: tuple[str, ...], stacked: Array) -> None:
        """Splits what is stacked along the first axis, one block a gate."""
        blocks = np.split(stacked, len(gates))
        for gate, block in zip(gates, blocks, strict=True):
            self.parameters[f"{symbol}{gate}"] = block.astype(self.dtype)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each array of the state, for one sequence."""
        return ((self.hidden_size,),)

    def initial_state(self, batch: int) -> State:
        """Zeros: one array (batch, *shape) for each of `state_shapes`."""
        return tuple(
            np.zeros((batch, *shape), self.dtype) for shape in self.state_shapes
        )

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        """One time step: the output and the new state.

        Shape: x_t (B, D); output (B, H).
        """
        raise NotImplementedError

    def forward(
        self, x: Array, state: State | None = None
    ) -> tuple[Array, State]:
        """The whole sequence: all outputs and the last state."""
        return self.unroll(x, state)

    def unroll(
        self, x: Array, state: State | None = None
    ) -> tuple[Array, State]:
        """The whole sequence, step by step."""
        state = self.initial_state(len(x)) if state is None else state
        outputs = np.empty((*x.shape[:2], self.hidden_size), self.dtype)
        for t in range(x.shape[1]):
            outputs[:, t], state = self.step(x[:, t], state)
        return outputs, state

    def backward(
        self, d_outputs: Array, d_state: State | None = None
    ) -> tuple[Array, State]:
        """Backpropagation through time, for a `Differentiable` cell."""
        raise NotImplementedError(
            f"{type(self).__name__} has no derivative by hand"
        )

    def _affine(self, gate: str, x_t: Array, h_prev: Array) -> Array:
        """W x_t + U h_prev + b of one gate. Shape: (B, H)."""
        return self._input(gate, x_t) + h_prev @ self.parameters[f"U{gate}"].T

    def _input(self, gate: str, x_t: Array) -> Array:
        """W x_t + b of one gate. Shape: (B, H)."""
        return x_t @ self.parameters[f"W{gate}"].T + self.parameters[f"b{gate}"]


class Differentiable(Recurrent):
    """A recurrent layer with its derivative, written by hand.

    A step leaves a tape of what its derivative needs; `backward` reads the
    tapes from the last to the first.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tapes: list[Any] = []

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        state, _ = self.taped_step(x_t, state)
        return state[0], state

    def taped_step(self, x_t: Array, state: State) -> tuple[State, Any]:
        """One time step: the new state and the tape.

        The first array of the state is the output.
        """
        raise NotImplementedError

    def step_backward(self, d_state: State, tape: Any) -> tuple[Array, State]:
        """The chain rule through one step.

        Adds to `gradients`; returns the derivatives by x_t and by the state
        before the step.
        """
        raise NotImplementedError

    def forward(
        self, x: Array, state: State | None = None
    ) -> tuple[Array, State]:
        """The whole sequence, step by step, taped for `backward`."""
        state = self.initial_state(len(x)) if state is None else state
        self._tapes = []
        outputs = np.empty((*x.shape[:2], self.hidden_size), self.dtype)
        for t in range(x.shape[1]):
            state, tape = self.taped_step(x[:, t], state)
            outputs[:, t] = state[0]
            self._tapes.append(tape)
        return outputs, state

    def backward(
        self, d_outputs: Array, d_state: State | None = None
    ) -> tuple[Array, State]:
        """Backpropagation through time, after `forward` (Werbos 1990).

        dL/dh_t has two parts: one from the output at t, and one from step
        t + 1, which the loop carries backward in `d_state`. Fills `gradients`.

        Args:
            d_outputs: the loss's derivative by each output.
            d_state: its derivative by the last state; zeros when left out.

        Shape:
            d_outputs: (B, T, H).
            returns: the derivatives by x, (B, T, D), and by the first state.
        """
        if d_state is None:
            d_state = self.initial_state(len(d_outputs))
        self.gradients = {
            name: np.zeros_like(value)
            for name, value in self.parameters.items()
        }
        d_x = np.empty((*d_outputs.shape[:2], self.input_size), self.dtype)
        for t in reversed(range(d_outputs.shape[1])):
            d_state = (d_state[0] + d_outputs[:, t], *d_state[1:])
            d_x[:, t], d_state = self.step_backward(d_state, self._tapes[t])
        return d_x, d_state

    def _affine_backward(
        self, gate: str, d_a: Array, x_t: Array, h_prev: Array
    ) -> tuple[Array, Array]:
        """The chain rule through `_affine`.

        Adds to `gradients`; returns its parts of the derivatives by x_t and
        by h_prev.
        """
        p, g = self.parameters, self.gradients
        g[f"W{gate}"] += d_a.T @ x_t
        g[f"U{gate}"] += d_a.T @ h_prev
        g[f"b{gate}"] += d_a.sum(axis=0)
        return d_a @ p[f"W{gate}"], d_a @ p[f"U{gate}"]
