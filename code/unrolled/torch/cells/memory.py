"""Recurrent layers with a memory beside the hidden state, in PyTorch."""

from unrolled.torch.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
