"""Recurrent layers with exponential gates, or weights that fall off exponentially, in PyTorch."""

from unrolled.torch.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
