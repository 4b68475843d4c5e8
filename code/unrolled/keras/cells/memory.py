"""Recurrent layers with a memory beside the hidden state, in Keras."""

from unrolled.keras.cells.base import Recurrent

CELLS: dict[str, type[Recurrent]] = {}
