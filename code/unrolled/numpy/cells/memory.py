"""Recurrent layers with a memory beside the hidden state, in NumPy."""

import numpy as np

from unrolled.numpy.cells.base import Array, Recurrent, State, glorot, sigmoid

__all__ = ["StackAugmented"]


class StackAugmented(Recurrent):
    """The plain layer with a stack, which it pushes and pops by degrees.

    h_t = tanh(W x_t + U h_prev + P s_prev[0] + b)
    a = softmax(A h_t + c_a)            how much to push, to pop and to keep
    p = sigmoid(E h_t + c_p)            what to push
    s_t[0] = a_push p + a_pop s_prev[1] + a_keep s_prev[0]
    s_t[j] = a_push s_prev[j-1] + a_pop s_prev[j+1] + a_keep s_prev[j]

    The state is (h_t, s_t): `depth` cells of `width` numbers, zeros below
    them. The plain layer must hold in h all that it remembers; this one sees
    the top of the stack and reaches what lies under it by popping.

    Shape:
        s: (B, depth, width).
        P: (H, width); A: (3, H); E: (width, H).

    Source: Joulin and Mikolov 2015.
    """

    gates = ("",)
    depth = 16
    width = 8

    def draw(self, rng: np.random.Generator) -> None:
        initial = {
            "P": glorot(rng, self.hidden_size, self.width),
            "A": glorot(rng, 3, self.hidden_size),
            "c_a": np.zeros(3),
            "E": glorot(rng, self.width, self.hidden_size),
            "c_p": np.zeros(self.width),
        }
        for symbol, value in initial.items():
            self.parameters[symbol] = value.astype(self.dtype)

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,), (self.depth, self.width))

    def actions(self, h_t: Array) -> Array:
        """How much to push, to pop and to keep. Shape: (..., H) -> (..., 3)."""
        a = h_t @ self.parameters["A"].T + self.parameters["c_a"]
        a = np.exp(a - a.max(axis=-1, keepdims=True))
        return a / a.sum(axis=-1, keepdims=True)

    def step(self, x_t: Array, state: State) -> tuple[Array, State]:
        h_prev, s_prev = state
        p = self.parameters
        h_t = np.tanh(self._affine("", x_t, h_prev) + s_prev[:, 0] @ p["P"].T)
        push, pop, keep = self.actions(h_t).T[..., None, None]  # each (B, 1, 1)
        pushed = sigmoid(h_t @ p["E"].T + p["c_p"])[:, None]  # (B, 1, width)
        above = np.concatenate([pushed, s_prev[:, :-1]], axis=1)
        below = np.concatenate([s_prev[:, 1:], np.zeros_like(pushed)], axis=1)
        s_t = push * above + pop * below + keep * s_prev
        return h_t, (h_t, s_t)
