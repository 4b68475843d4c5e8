"""Recurrent layers with exponential gates, or weights that fall off exponentially, in Keras."""

from unrolled.keras.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
