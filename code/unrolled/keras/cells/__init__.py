"""Recurrent layers in Keras: one class for each cell, a `Recurrent`."""

from unrolled.cells import classes
from unrolled.keras.cells.base import *
from unrolled.keras.cells.exponential import *
from unrolled.keras.cells.gated import *
from unrolled.keras.cells.memory import *
from unrolled.keras.cells.minimal import *
from unrolled.keras.cells.plain import *
from unrolled.keras.cells.state_space import *

CELLS: dict[str, type[Recurrent]] = classes(__name__)
