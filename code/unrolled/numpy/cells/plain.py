"""Recurrent layers without gates, in NumPy."""

from typing import Any

import numpy as np

from unrolled.numpy.cells.base import (
    Array,
    Differentiable,
    Recurrent,
    State,
    glorot,
)

__all__ = ["Clockwork", "EchoState", "Elman", "IndRNN", "Jordan", "Orthogonal"]


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


class Jordan(Recurrent):
    """The plain layer whose output is fed back, not its hidden units.

    h_t = tanh(W x_t + U y_prev + b)
    y_t = tanh(V h_t + c)

    The state is (y_t,): what the layer does not output, it does not remember.

    Shape:
        V: (H, H); c: (H,).

    Source: Jordan 1986.
    """

    gates = ("",)

    def draw(self, rng: np.random.Generator) -> None:
        V = glorot(rng, self.hidden_size, self.hidden_size)
        self.parameters["V"] = V.astype(self.dtype)
        self.parameters["c"] = np.zeros(self.hidden_size, self.dtype)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (y_prev,) = state
        h_t = np.tanh(self._affine("", x_t, y_prev))
        y_t = np.tanh(h_t @ self.parameters["V"].T + self.parameters["c"])
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

    def draw(self, rng: np.random.Generator) -> None:
        u = rng.uniform(0, 1, self.hidden_size)
        self.parameters["u"] = u.astype(self.dtype)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        a_t = self._input("", x_t) + self.parameters["u"] * h_prev
        h_t = np.maximum(a_t, 0)
        return h_t, (h_t,)


class Clockwork(Recurrent):
    """The plain layer in four modules with clocks of periods 1, 2, 4 and 8.

    h_t = tanh(W x_t + U h_prev + b)   for units whose period divides t
    h_t = h_prev                       for all other units

    t counts from 0; unit j has the period 2^floor(4 j / H). U is masked: a
    unit is fed by units of its own period and of slower ones, never by faster
    ones. The state is (h_t, t + 1), so that the clocks run on.

    Shape:
        t: (B, 1).

    Source: Koutnik, Greff, Gomez and Schmidhuber 2014.
    """

    gates = ("",)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,), (1,))

    @property
    def period(self) -> Array:
        """The period of each unit. Shape: (H,)."""
        return 2 ** (4 * np.arange(self.hidden_size) // self.hidden_size)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        h_prev, t = state
        U = self.parameters["U"] * (self.period >= self.period[:, None])
        h_new = np.tanh(self._input("", x_t) + h_prev @ U.T)
        h_t = np.where(t % self.period == 0, h_new, h_prev)
        return h_t, (h_t, t + 1)


def modrelu(a: Array, b: Array) -> Array:
    """sign(a) * relu(|a| + b): changes the size of `a` by b, not its sign."""
    return np.sign(a) * np.maximum(np.abs(a) + b, 0)


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
        S: (H, H).

    Source: Helfrich, Willmott and Ye 2018; modrelu: Arjovsky, Shah and Bengio
    2016.
    """

    gates = ("",)
    recurrent_gates = ()

    def draw(self, rng: np.random.Generator) -> None:
        pairs = self.hidden_size // 2
        position = np.arange(pairs) + rng.uniform(size=pairs)
        angle = 0.9 * np.pi * position / max(pairs, 1)
        blocks = np.stack([np.tan(angle / 2), np.zeros(pairs)], axis=1)
        diagonal = blocks.ravel()[: self.hidden_size - 1]
        self.parameters["S"] = np.diag(diagonal, 1).astype(self.dtype)

    @property
    def Q(self) -> Array:  # noqa: N802
        """The recurrent matrix, with eigenvalues e^(i angle) at the start.

        Shape: (H, H).
        """
        A = self.parameters["S"] - self.parameters["S"].T
        eye = np.eye(self.hidden_size, dtype=self.dtype)
        return np.linalg.solve(eye + A, eye - A)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        (h_prev,) = state
        a_t = x_t @ self.parameters["W"].T
        h_t = modrelu(a_t + h_prev @ self.Q.T, self.parameters["b"])
        return h_t, (h_t,)

    def unroll(
        self, x: Array, state: State | None = None
    ) -> tuple[Array, State]:
        """The whole sequence step by step, with Q computed once."""
        (h,) = self.initial_state(len(x)) if state is None else state
        a, Q = x @ self.parameters["W"].T, self.Q
        outputs = np.empty_like(a)
        for t in range(x.shape[1]):
            h = outputs[:, t] = modrelu(a[:, t] + h @ Q.T, self.parameters["b"])
        return outputs, (h,)


class EchoState(Elman):
    """The plain layer with random weights that are never trained.

    h_t = tanh(W x_t + U h_prev + b)

    Only what reads h_t is trained. U is normal and scaled to a spectral radius
    of 0.9. That the state forgets where it started is certain only where the
    largest singular value of U is below 1.

    Source: Jaeger 2001.
    """

    radius = 0.9

    def draw(self, rng: np.random.Generator) -> None:
        U = rng.standard_normal((self.hidden_size, self.hidden_size))
        U *= self.radius / np.abs(np.linalg.eigvals(U)).max()
        self.parameters["U"] = U.astype(self.dtype)
