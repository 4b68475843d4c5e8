"""Recurrent layers that are linear in their state, in PyTorch."""

from unrolled.torch.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
