"""Recurrent layers whose gates see x_t alone, in PyTorch."""

from unrolled.torch.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
