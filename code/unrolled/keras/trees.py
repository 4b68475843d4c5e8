"""A recurrent layer over trees instead of sequences, in Keras."""

from typing import Any

import keras
from keras import KerasTensor as Tensor
from keras import ops

from unrolled.keras.cells import LSTM
from unrolled.numpy.trees import Parents, children_of


class ChildSumTreeLSTM(keras.layers.Layer):
    """The LSTM on a tree: a node reads x_j and the states of its children.

    h~ = sum_k h_k                             over the children k of node j
    i, o = sigmoid(W_* x_j + U_* h~ + b_*)
    g = tanh(W_g x_j + U_g h~ + b_g)
    f_k = sigmoid(W_f x_j + U_f h_k + b_f)     one forget gate for each child
    c_j = sum_k f_k * c_k + i * g,   h_j = o * tanh(c_j)

    A node has any number of children; their order does not matter. The weights
    are those of one LSTM, `cell`: on a chain, where each node has one child,
    this is that LSTM.

    Args:
        hidden_size: units, H.

    Shape:
        x: (nodes, D) with the number of nodes known; parents: (nodes,), -1 for
        a root, known too; h and c of all nodes: (nodes, H).

    Raises:
        ValueError: a parent is no node or does not come after its child.

    Source: Tai, Socher and Manning 2015.
    """

    def __init__(self, hidden_size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cell = LSTM(hidden_size, dtype=self.dtype_policy, name="cell")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        self.cell.build((None, *input_shape))

    def node(self, a_j: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """The states of a node.

        Shape: a_j = W x_j + b, (4H,); h and c of its K children (K, H).
        """
        u = ops.matmul(h, self.cell.recurrent_kernel)  # (K, 4H)
        i, _, g, o = ops.split(a_j + ops.sum(u, axis=0), 4)
        f = ops.split(ops.sigmoid(a_j + u), 4, axis=1)[1]  # (K, H)
        c_j = ops.sum(f * c, axis=0) + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c_j), c_j

    def __call__(self, x: Tensor, parents: Parents) -> tuple[Tensor, Tensor]:
        """The states of all nodes."""
        return super().__call__(x, children=children_of(parents, x.shape[0]))

    def call(
        self, x: Tensor, *, children: list[list[int]]
    ) -> tuple[Tensor, Tensor]:
        """The states of all nodes, each after its children."""
        a = ops.unstack(self.cell.project(x))  # each (4H,)
        none = ops.zeros((0, self.cell.hidden_size), self.compute_dtype)
        h: list[Tensor] = []
        c: list[Tensor] = []
        for a_j, under in zip(a, children, strict=True):
            states = (
                ops.stack([s[k] for k in under]) if under else none
                for s in (h, c)
            )
            h_j, c_j = self.node(a_j, *states)
            h.append(h_j)
            c.append(c_j)
        return ops.stack(h), ops.stack(c)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "hidden_size": self.cell.hidden_size}
