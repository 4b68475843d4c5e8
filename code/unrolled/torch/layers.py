"""What the models in PyTorch are put together from, besides the recurrent cells."""

import math

import torch
from torch import Tensor, nn

from unrolled.torch.cells import CELLS


def embedding(num_letters: int, size: int) -> nn.Embedding:
    """One learned vector a letter, normal with variance 1 / size at the start.

    Shape: (B, T) -> (B, T, size).
    """
    layer = nn.Embedding(num_letters, size)
    nn.init.normal_(layer.weight, std=size**-0.5)
    return layer


def dense(inputs: int, outputs: int, bias: bool = True) -> nn.Linear:
    """An affine map, Glorot uniform with zero bias at the start; linear without the bias.

    Shape: (..., inputs) -> (..., outputs).
    """
    layer = nn.Linear(inputs, outputs, bias)
    nn.init.xavier_uniform_(layer.weight)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def present(lengths: Tensor, T: int) -> Tensor:
    """Where a word has letters and is not padded. Shape: lengths (B,) -> (B, T) of bool."""
    return torch.arange(T) < lengths[:, None]


def reverse(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Each word from its last letter to its first; its padding stays behind it.

    Args:
        x: (B, T, D).
        lengths: (B,) letters of each word; None: no word is padded.
    """
    if lengths is None:
        return x.flip(1)
    t = torch.arange(x.shape[1])
    mirrored = lengths[:, None] - 1 - t  # (B, T)
    at = torch.where(mirrored >= 0, mirrored, t)
    return x.gather(1, at[..., None].expand_as(x))


class Bidirectional(nn.Module):
    """Two recurrent layers over the same inputs, one from each end (Schuster and Paliwal 1997).

    f_t = cell_f(x_t, f_{t-1}),   b_t = cell_b(x_t, b_{t+1}),   h_t = [f_t, b_t]

    Args:
        cell: a name of `CELLS`, such as "lstm".
        input_size: features of x_t, D.
        hidden_size: units of each direction, H.

    Shape:
        x: (B, T, D); outputs: (B, T, 2H).
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
    """Recurrent layers on top of each other: each reads the states of the one below.

    u^l = layer^l(dropout(h^{l-1})),   h^0 = x
    h^l = u^l, or u^l + h^{l-1} with residual connections (where the sizes agree), normalised over
    its features with layer normalisation.

    Dropout stands between the layers: x itself loses nothing.

    Args:
        cell: a name of `CELLS`, such as "lstm".
        input_size: features of x_t, D.
        hidden_size: units of each layer and direction, H.
        num_layers: L.
        bidirectional: whether each layer reads in both directions.
        residual: whether a layer's input is added to its output (He and others 2016).
        layer_norm: whether each layer's output is normalised (Ba, Kiros and Hinton 2016).
        dropout: the share of a layer's output that the next one misses in training.

    Shape:
        x: (B, T, D); outputs: (B, T, output_size), which is H, or 2H in both directions.
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
        self.layers = nn.ModuleList(
            Bidirectional(cell, size, hidden_size)
            if bidirectional
            else CELLS[cell](size, hidden_size)
            for size in inputs
        )
        self.norms = nn.ModuleList(
            nn.LayerNorm(self.output_size) for _ in range(num_layers if layer_norm else 0)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.states(x, lengths)[-1]

    def states(self, x: Tensor, lengths: Tensor | None = None) -> list[Tensor]:
        """The outputs h^1 ... h^L of all layers."""
        found: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            read = self.dropout(x) if found else x
            if isinstance(layer, Bidirectional):
                h = layer(read, lengths)
            else:
                h, _ = layer(read)
            if self.residual and h.shape == x.shape:
                h = h + x
            x = self.norms[index](h) if self.norms else h
            found.append(x)
        return found


class SelfAttention(nn.Module):
    """Every position looks at every other one: scaled dot products (Vaswani and others 2017).

    q_t = Q h_t,  k_s = K h_s,  v_s = V h_s     (affine maps)
    a_ts = softmax_s(q_t . k_s / sqrt(size)),   context_t = sum_s a_ts v_s

    Args:
        input_size: features of h_t.
        size: features of queries, keys, values and of the context.

    Shape:
        h: (B, T, input_size); context: (B, T, size); weights a: (B, T, T), rows sum to 1.
    """

    def __init__(self, input_size: int, size: int) -> None:
        super().__init__()
        self.query, self.key, self.value = (dense(input_size, size) for _ in range(3))
        self.scale = 1 / math.sqrt(size)

    def forward(self, h: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        scores = self.query(h) @ self.key(h).transpose(1, 2) * self.scale  # (B, T, T)
        if lengths is not None:
            absent = ~present(lengths, h.shape[1])
            scores = scores.masked_fill(absent[:, None, :], -torch.inf)
        weights = scores.softmax(dim=-1)
        return weights @ self.value(h), weights
