"""Recurrent layers with a memory beside the hidden state, in NumPy."""

from unrolled.numpy.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
