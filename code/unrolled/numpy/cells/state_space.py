"""Recurrent layers that are linear in their state, in NumPy."""

from unrolled.numpy.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
