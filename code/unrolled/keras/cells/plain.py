"""Recurrent layers without gates, in Keras."""

import math
from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State

__all__ = ["Clockwork", "EchoState", "Elman", "IndRNN", "Jordan", "Orthogonal"]


class Elman(Recurrent):
    """The plain recurrent layer (Elman 1990).

    h_t = tanh(W x_t + U h_prev + b)
    """

    gates = ("",)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = ops.tanh(a_t + ops.matmul(h_prev, self.recurrent_kernel))
        return h_t, (h_t,)


class Jordan(Recurrent):
    """The plain layer whose output is fed back, not its hidden units.

    h_t = tanh(W x_t + U y_prev + b)
    y_t = tanh(V h_t + c)

    The state is (y_t,): what the layer does not output, it does not remember.

    Shape:
        output_kernel: (H, H); output_bias: (H,).

    Source: Jordan 1986.
    """

    gates = ("",)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        H = self.hidden_size
        self.output_kernel = self.add_weight(
            shape=(H, H), initializer="glorot_uniform", name="output_kernel"
        )
        self.output_bias = self.add_weight(
            shape=(H,), initializer="zeros", name="output_bias"
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "output_kernel": ("V",),
            "output_bias": ("c",),
        }

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (y_prev,) = state
        h_t = ops.tanh(a_t + ops.matmul(y_prev, self.recurrent_kernel))
        y_t = ops.tanh(ops.matmul(h_t, self.output_kernel) + self.output_bias)
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

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        start = keras.initializers.RandomUniform(0, 1)
        self.u = self.add_weight(
            shape=(self.hidden_size,), initializer=start, name="u"
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "u": ("u",)}

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        h_t = ops.relu(a_t + self.u * h_prev)
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
    def period(self) -> Tensor:
        """The period of each unit. Shape: (H,)."""
        module = 4 * ops.arange(self.hidden_size) // self.hidden_size
        return ops.cast(2**module, self.compute_dtype)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, t = state
        mask = ops.cast(self.period[:, None] >= self.period, self.compute_dtype)
        h_new = ops.tanh(a_t + ops.matmul(h_prev, mask * self.recurrent_kernel))
        h_t = ops.where(ops.equal(t % self.period, 0), h_new, h_prev)
        return h_t, (h_t, t + 1)


def modrelu(a: Tensor, b: Tensor) -> Tensor:
    """sign(a) * relu(|a| + b): changes the size of `a` by b, not its sign."""
    return ops.sign(a) * ops.relu(ops.abs(a) + b)


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

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        shape = (self.hidden_size, self.hidden_size)
        self.skew = self.add_weight(
            shape=shape, initializer=self.initial_skew, name="skew"
        )

    def initial_skew(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        pairs = shape[0] // 2
        share = keras.initializers.RandomUniform(0, 1)((pairs,), dtype)
        position = ops.arange(pairs, dtype=dtype) + share
        angle = 0.9 * math.pi * position / max(pairs, 1)
        blocks = ops.stack([ops.tan(angle / 2), ops.zeros_like(angle)], axis=1)
        diagonal = ops.reshape(blocks, (-1,))[: shape[0] - 1]
        return ops.diag(diagonal, 1)

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {**super().symbols, "skew": ("S",)}

    @property
    def Q(self) -> Tensor:  # noqa: N802
        """The recurrent matrix, with eigenvalues e^(i angle) at the start.

        Shape: (H, H).
        """
        A = self.skew - ops.transpose(self.skew)
        eye = ops.eye(self.hidden_size, dtype=A.dtype)
        return ops.solve(eye + A, eye - A)

    def project(self, x: Tensor) -> Tensor:
        """W x: the bias is modrelu's. Shape: (..., D) -> (..., H)."""
        return ops.matmul(x, self.kernel)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        (h_prev,) = state
        u_t = ops.matmul(h_prev, ops.transpose(self.Q))
        h_t = modrelu(a_t + u_t, self.bias)
        return h_t, (h_t,)

    def unroll(
        self, x: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """The whole sequence step by step, with Q computed once."""
        (h,) = self.initial_state(ops.shape(x)[0]) if state is None else state
        transposed, outputs = ops.transpose(self.Q), []
        for a_t in ops.unstack(self.project(x), axis=1):
            h = modrelu(a_t + ops.matmul(h, transposed), self.bias)
            outputs.append(h)
        return ops.stack(outputs, axis=1), (h,)


class EchoState(Elman):
    """The plain layer with random weights that are never trained.

    h_t = tanh(W x_t + U h_prev + b)

    Only what reads h_t is trained. U is normal and scaled to a spectral radius
    of 0.9. That the state forgets where it started is certain only where the
    largest singular value of U is below 1.

    Source: Jaeger 2001.
    """

    radius = 0.9

    def add_weight(self, *, name: str, **kwargs: Any) -> keras.Variable:
        if name == "recurrent_kernel":
            kwargs["initializer"] = self.initial_reservoir
        return super().add_weight(name=name, trainable=False, **kwargs)

    def initial_reservoir(
        self, shape: tuple[int, ...], dtype: Any = None
    ) -> Tensor:
        U = keras.initializers.RandomNormal(stddev=1)(shape, dtype)
        eigenvalues, _ = ops.eig(U)
        return U * self.radius / ops.max(ops.abs(eigenvalues))
