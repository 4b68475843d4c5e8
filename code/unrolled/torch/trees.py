"""A recurrent layer over trees instead of sequences, in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.numpy.trees import Parents, children_of
from unrolled.torch.cells import LSTM


class ChildSumTreeLSTM(nn.Module):
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

    Shape:
        x: (nodes, D); parents: (nodes,), -1 for a root; h and c of all nodes:
        (nodes, H).

    Raises:
        ValueError: a parent is no node or does not come after its child.

    Source: Tai, Socher and Manning 2015.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = LSTM(input_size, hidden_size)

    def node(self, a_j: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """The states of a node.

        Shape: a_j = W x_j + b, (4H,); h and c of its K children (K, H).
        """
        u = F.linear(h, self.cell.weight_hh)  # (K, 4H)
        i, _, g, o = (a_j + u.sum(dim=0)).chunk(4)
        f = torch.sigmoid(a_j + u).chunk(4, dim=1)[1]  # (K, H)
        c_j = (f * c).sum(dim=0) + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c_j), c_j

    def forward(
        self, x: Tensor, parents: Parents | Tensor
    ) -> tuple[Tensor, Tensor]:
        """The states of all nodes, each after its children."""
        if isinstance(parents, Tensor):
            parents = parents.numpy()
        a = self.cell.project(x)  # (nodes, 4H)
        none = x.new_zeros(0, self.cell.hidden_size)
        h: list[Tensor] = []
        c: list[Tensor] = []
        for a_j, children in zip(a, children_of(parents, len(x)), strict=True):
            states = (
                torch.stack([s[k] for k in children]) if children else none
                for s in (h, c)
            )
            h_j, c_j = self.node(a_j, *states)
            h.append(h_j)
            c.append(c_j)
        return torch.stack(h), torch.stack(c)
