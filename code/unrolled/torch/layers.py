"""What the models in PyTorch are made of, besides the recurrent cells."""

import math
from collections.abc import Callable
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.errors import UserError
from unrolled.tasks.task import Inputs
from unrolled.torch.cells import CELLS, Recurrent, State


def embedding(input_size: int, size: int, inputs: Inputs = "ids") -> nn.Module:
    """The layer between the items and the network.

    For ids, one learned vector each, at the start normal with variance
    1 / size; for vectors, an affine map.

    Shape: (B, T) ids or (B, T, input_size) -> (B, T, size).
    """
    if inputs == "vectors":
        return dense(input_size, size)
    layer = nn.Embedding(input_size, size)
    nn.init.normal_(layer.weight, std=size**-0.5)
    return layer


def pad(inputs: Tensor, before: int, after: int) -> Tensor:
    """Pads a row on both sides with the id 0, or with vectors of zeros.

    Shape: (B, T, ...) -> (B, before + T + after, ...).
    """
    return F.pad(inputs, (*(0, 0) * (inputs.ndim - 2), before, after))


def dense(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """An affine map: Glorot uniform at the start, and its bias, if any, zero.

    Shape: (..., inputs) -> (..., outputs).
    """
    layer = nn.Linear(inputs, outputs, bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class Readout(nn.Linear):
    """Dropout, then an affine map; it begins as `dense` does.

    Args:
        inputs, outputs: features of h_t and of the logits.
        dropout: the share of h_t that is dropped in training.

    Shape:
        h: (..., inputs); logits: (..., outputs).
    """

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__(inputs, outputs)
        nn.init.xavier_uniform_(self.weight)
        nn.init.zeros_(self.bias)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor) -> Tensor:
        return super().forward(self.dropout(h))


def present(lengths: Tensor, T: int) -> Tensor:
    """True at the items of a row, False at its padding: (B,) -> (B, T)."""
    return torch.arange(T) < lengths[:, None]


def reverse(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Each row from its last item to its first; its padding stays behind it.

    Args:
        x: (B, T, D).
        lengths: (B,) items of each row; None: no row is padded.
    """
    if lengths is None:
        return x.flip(1)
    t = torch.arange(x.shape[1])
    mirrored = lengths[:, None] - 1 - t  # (B, T)
    at = torch.where(mirrored >= 0, mirrored, t)
    return x.gather(1, at[..., None].expand_as(x))


def last(h: Tensor, lengths: Tensor | None = None) -> Tensor:
    """The state after the last item of each row: (B, T, H) -> (B, 1, H)."""
    if lengths is None:
        return h[:, -1:]
    return h.take_along_dim((lengths.long() - 1)[:, None, None], dim=1)


class Bidirectional(nn.Module):
    """Two recurrent layers over the same inputs, one from each end.

    f_t = cell_f(x_t, f_{t-1}),   b_t = cell_b(x_t, b_{t+1})
    h_t = [f_t, b_t]

    Args:
        cell: a name of `CELLS`, such as "lstm".
        input_size: features of x_t, D.
        hidden_size: units of each direction, H.

    Shape:
        x: (B, T, D); outputs: (B, T, 2H).

    Source: Schuster and Paliwal 1997.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.forward_layer = CELLS[cell](input_size, hidden_size)
        self.backward_layer = CELLS[cell](input_size, hidden_size)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        f, _ = self.forward_layer(x)  # (B, T, H)
        b, _ = self.backward_layer(reverse(x, lengths))
        return torch.cat([f, reverse(b, lengths)], dim=-1)


class Stack(nn.Module):
    """Recurrent layers in a stack: each reads the states of the one below.

    u^l = layer^l(dropout(h^{l-1})),   h^0 = x
    h^l = u^l, or u^l + h^{l-1} with residual connections (where the sizes
    agree), normalised over its features with layer normalisation.

    Dropout acts between the layers: x itself loses nothing.

    Args:
        cell: a name of `CELLS`, such as "lstm".
        input_size: features of x_t, D.
        hidden_size: units of each layer and direction, H.
        num_layers: L.
        bidirectional: whether each layer reads in both directions.
        residual: adds a layer's input to its output (He and others 2016).
        layer_norm: normalises each layer's output (Ba, Kiros and Hinton 2016).
        dropout: the share of a layer's output that is dropped in training
            before the next layer.

    Shape:
        x: (B, T, D); outputs: (B, T, output_size), which is H, or 2H in both
        directions; the state: the tensors of all layers, one layer after the
        other, or none in both directions.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        residual: bool = False,
        layer_norm: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.output_size = hidden_size * (2 if bidirectional else 1)
        inputs = [input_size] + [self.output_size] * (num_layers - 1)
        layer: Callable[..., nn.Module] = (
            partial(Bidirectional, cell) if bidirectional else CELLS[cell]
        )
        self.layers = nn.ModuleList(layer(size, hidden_size) for size in inputs)
        self.norms = nn.ModuleList(
            nn.LayerNorm(self.output_size)
            for _ in range(num_layers if layer_norm else 0)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: State | None = None,
    ) -> tuple[Tensor, State]:
        """The outputs of the last layer, and the last state of all layers.

        Args:
            x: (B, T, D).
            lengths: (B,) items of each row; None: no row is padded. The state
                returned has read the padding, too.
            state: the tensors of each layer, from the first up; None: zeros.

        Raises:
            UserError: a state is given to layers that read in both directions.
        """
        outputs, state = self._run(x, lengths, state)
        return outputs[-1], state

    def states(self, x: Tensor, lengths: Tensor | None = None) -> list[Tensor]:
        """The outputs h^1 ... h^L of all layers."""
        return self._run(x, lengths, None)[0]

    def _run(
        self, x: Tensor, lengths: Tensor | None, state: State | None
    ) -> tuple[list[Tensor], State]:
        outputs: list[Tensor] = []
        after: State = ()
        for index, layer in enumerate(self.layers):
            inputs = self.dropout(x) if outputs else x
            if isinstance(layer, Bidirectional):
                if state is not None:
                    raise UserError(
                        "layers that read in both directions "
                        "go on from no state"
                    )
                h = layer(inputs, lengths)
            else:
                width = len(cast(Recurrent, layer).state_shapes)
                before: State | None = None
                if state is not None:
                    before = state[len(after) : len(after) + width]
                h, layer_state = layer(inputs, before)
                after += layer_state
            if self.residual and h.shape == x.shape:
                h = h + x
            x = self.norms[index](h) if self.norms else h
            outputs.append(x)
        return outputs, after


class SelfAttention(nn.Module):
    """Every position looks at every other one, by scaled dot products.

    q_t = Q h_t,  k_s = K h_s,  v_s = V h_s     (affine maps)
    a_ts = softmax_s(q_t . k_s / sqrt(size)),   context_t = sum_s a_ts v_s

    Args:
        input_size: features of h_t.
        size: features of queries, keys, values and of the context.

    Shape:
        h: (B, T, input_size); context: (B, T, size); weights a: (B, T, T),
        rows sum to 1.

    Source: Vaswani and others 2017.
    """

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (
            dense(input_size, size) for _ in range(3)
        )
        self.scale = 1 / math.sqrt(size)

    def forward(
        self, h: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        queries, keys = self.query(h), self.key(h)  # (B, T, size)
        scores = queries @ keys.mT * self.scale  # (B, T, T)
        if lengths is not None:
            absent = ~present(lengths, h.shape[1])
            scores = scores.masked_fill(absent[:, None, :], -torch.inf)
        weights = scores.softmax(dim=-1)
        return weights @ self.value(h), weights
