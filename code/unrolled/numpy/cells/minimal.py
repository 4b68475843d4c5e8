"""Recurrent layers whose gates see x_t alone, in NumPy."""

from unrolled.numpy.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
