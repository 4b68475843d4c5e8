"""Recurrent layers in NumPy: one class a cell, all behind the interface of `Recurrent`."""

from unrolled.numpy.cells import exponential, gated, memory, minimal, plain, state_space
from unrolled.numpy.cells.base import (
    Array,
    Differentiable,
    Recurrent,
    State,
    glorot,
    orthogonal,
    sigmoid,
)
from unrolled.numpy.cells.exponential import MLSTM, RWKV, SLSTM
from unrolled.numpy.cells.gated import (
    GRU,
    LSTM,
    MGU,
    CoupledLSTM,
    GRUBefore,
    PeepholeLSTM,
    RecurrentHighway,
)
from unrolled.numpy.cells.memory import StackAugmented
from unrolled.numpy.cells.minimal import QRNN, SRU, MinGRU, MinLSTM
from unrolled.numpy.cells.plain import Clockwork, EchoState, Elman, IndRNN, Jordan, Orthogonal
from unrolled.numpy.cells.state_space import LRU, RGLRU, S4D, SelectiveSSM

CELLS: dict[str, type[Recurrent]] = {
    name: kind
    for family in (plain, gated, minimal, state_space, exponential, memory)
    for name, kind in family.CELLS.items()
}

__all__ = [
    "CELLS",
    "GRU",
    "LRU",
    "LSTM",
    "MGU",
    "MLSTM",
    "QRNN",
    "RGLRU",
    "RWKV",
    "S4D",
    "SLSTM",
    "SRU",
    "Array",
    "Clockwork",
    "CoupledLSTM",
    "Differentiable",
    "EchoState",
    "Elman",
    "GRUBefore",
    "IndRNN",
    "Jordan",
    "MinGRU",
    "MinLSTM",
    "Orthogonal",
    "PeepholeLSTM",
    "Recurrent",
    "RecurrentHighway",
    "SelectiveSSM",
    "StackAugmented",
    "State",
    "glorot",
    "orthogonal",
    "sigmoid",
]
