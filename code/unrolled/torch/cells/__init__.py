"""Recurrent layers in PyTorch: one class a cell, all behind the interface of `Recurrent`."""

from unrolled.torch.cells import exponential, gated, memory, minimal, plain, state_space
from unrolled.torch.cells.base import Recurrent, State
from unrolled.torch.cells.exponential import MLSTM, RWKV, SLSTM
from unrolled.torch.cells.gated import (
    GRU,
    LSTM,
    MGU,
    CoupledLSTM,
    GRUBefore,
    PeepholeLSTM,
    RecurrentHighway,
)
from unrolled.torch.cells.memory import StackAugmented
from unrolled.torch.cells.minimal import QRNN, SRU, MinGRU, MinLSTM
from unrolled.torch.cells.plain import Clockwork, EchoState, Elman, IndRNN, Jordan, Orthogonal
from unrolled.torch.cells.state_space import LRU, RGLRU, S4D, SelectiveSSM

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
    "Clockwork",
    "CoupledLSTM",
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
]
