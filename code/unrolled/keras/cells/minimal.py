"""Recurrent layers whose gates see x_t alone, in Keras."""

from unrolled.keras.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
