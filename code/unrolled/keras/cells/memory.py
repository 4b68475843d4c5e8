"""Recurrent layers with a memory beside the hidden state, in Keras."""

from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells.base import Recurrent, State

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
        stack_kernel: (width, H); action_kernel: (H, 3);
        push_kernel: (H, width).

    Source: Joulin and Mikolov 2015.
    """

    gates = ("",)
    depth = 16
    width = 8

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        H, M = self.hidden_size, self.width
        self.stack_kernel = self.add_weight(shape=(M, H), name="stack_kernel")
        self.action_kernel = self.add_weight(shape=(H, 3), name="action_kernel")
        self.action_bias = self.add_weight(
            shape=(3,), initializer="zeros", name="action_bias"
        )
        self.push_kernel = self.add_weight(shape=(H, M), name="push_kernel")
        self.push_bias = self.add_weight(
            shape=(M,), initializer="zeros", name="push_bias"
        )

    @property
    def symbols(self) -> dict[str, tuple[str, ...]]:
        return {
            **super().symbols,
            "stack_kernel": ("P",),
            "action_kernel": ("A",),
            "action_bias": ("c_a",),
            "push_kernel": ("E",),
            "push_bias": ("c_p",),
        }

    @property
    def state_shapes(self) -> tuple[tuple[int, ...], ...]:
        return ((self.hidden_size,), (self.depth, self.width))

    def actions(self, h_t: Tensor) -> Tensor:
        """How much to push, to pop and to keep. Shape: (..., H) -> (..., 3)."""
        a = ops.matmul(h_t, self.action_kernel) + self.action_bias
        return ops.softmax(a)

    def update(self, a_t: Tensor, state: State) -> tuple[Tensor, State]:
        h_prev, s_prev = state
        top = ops.matmul(s_prev[:, 0], self.stack_kernel)
        h_t = ops.tanh(a_t + ops.matmul(h_prev, self.recurrent_kernel) + top)
        actions = self.actions(h_t)[:, :, None, None]
        push, pop, keep = ops.unstack(actions, axis=1)  # each (B, 1, 1)
        pushed = ops.sigmoid(ops.matmul(h_t, self.push_kernel) + self.push_bias)
        pushed = pushed[:, None]  # (B, 1, width)
        above = ops.concatenate([pushed, s_prev[:, :-1]], axis=1)
        below = ops.concatenate([s_prev[:, 1:], ops.zeros_like(pushed)], axis=1)
        s_t = push * above + pop * below + keep * s_prev
        return h_t, (h_t, s_t)
