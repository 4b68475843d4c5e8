"""Recurrent layers that are linear in their state, in Keras."""

from unrolled.keras.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
