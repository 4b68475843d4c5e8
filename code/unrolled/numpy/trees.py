"""A recurrent layer over trees instead of sequences, in NumPy."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike, NDArray

from unrolled.numpy.cells import LSTM, Array, sigmoid

Parents = Sequence[int] | NDArray[np.integer]


def children_of(parents: Parents, nodes: int) -> list[list[int]]:
    """The children of each node, in order.

    Args:
        parents: the parent of each node, after its children; -1: a root.
        nodes: how many there are.

    Raises:
        ValueError: not one whole number a node, or a parent that is no node or
            does not come after its child.
    """
    array = np.asarray(parents)
    whole = not nodes or np.issubdtype(array.dtype, np.integer)
    if array.shape != (nodes,) or not whole:
        raise ValueError(
            f"parents must be {nodes} whole numbers, one a node; "
            f"they are of shape {array.shape} and type {array.dtype}"
        )
    children: list[list[int]] = [[] for _ in range(nodes)]
    for node, parent in enumerate(array.tolist()):
        if not -1 <= parent < nodes:
            raise ValueError(
                f"the parent of node {node} is {parent}; it must be a node, "
                f"0 to {nodes - 1}, or -1 for a root"
            )
        if -1 < parent <= node:
            raise ValueError(
                f"the parent of node {node} is {parent}; "
                "children must come before their parents"
            )
        if parent >= 0:
            children[parent].append(node)
    return children


class ChildSumTreeLSTM:
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
        input_size: features of x_j, D.
        hidden_size: units, H.
        rng: draws the initial weights.
        dtype: of parameters and states.

    Shape:
        x: (nodes, D); parents: (nodes,), -1 for a root; h and c of all nodes:
        (nodes, H).

    Raises:
        ValueError: a parent is no node or does not come after its child.

    Source: Tai, Socher and Manning 2015.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.cell = LSTM(input_size, hidden_size, rng, dtype)

    def node(self, x_j: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The states of a node.

        Shape: x_j (D,); h and c of its K children (K, H).
        """
        cell, h_sum = self.cell, h.sum(axis=0)
        i = sigmoid(cell._affine("_i", x_j, h_sum))
        f = sigmoid(cell._affine("_f", x_j, h))  # (K, H)
        g = np.tanh(cell._affine("_g", x_j, h_sum))
        o = sigmoid(cell._affine("_o", x_j, h_sum))
        c_j = (f * c).sum(axis=0) + i * g
        return o * np.tanh(c_j), c_j

    def forward(self, x: Array, parents: Parents) -> tuple[Array, Array]:
        """The states of all nodes, each after its children."""
        h, c = np.empty((2, len(x), self.cell.hidden_size), self.cell.dtype)
        for j, children in enumerate(children_of(parents, len(x))):
            h[j], c[j] = self.node(x[j], h[children], c[children])
        return h, c
