"""Recurrent layers in Keras: one class a cell, all behind the interface of `Recurrent`."""

from unrolled.keras.cells import exponential, gated, memory, minimal, plain, state_space
from unrolled.keras.cells.base import Recurrent, State
from unrolled.keras.cells.exponential import MLSTM, RWKV, SLSTM
from unrolled.keras.cells.gated import (
    GRU,
    LSTM,
    MGU,
    CoupledLSTM,
    GRUBefore,
    PeepholeLSTM,
    RecurrentHighway,
)
from unrolled.keras.cells.memory import StackAugmented
from unrolled.keras.cells.minimal import QRNN, SRU, MinGRU, MinLSTM
from unrolled.keras.cells.plain import Clockwork, EchoState, Elman, IndRNN, Jordan, Orthogonal
from unrolled.keras.cells.state_space import LRU, RGLRU, S4D, SelectiveSSM

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
