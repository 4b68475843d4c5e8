"""Recurrent layers with exponential gates, or weights that fall off exponentially, in NumPy."""

from unrolled.numpy.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
