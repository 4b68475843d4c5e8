"""Recurrent layers in NumPy: one class for each cell, a `Recurrent`."""

from unrolled.cells import classes
from unrolled.numpy.cells.base import *
from unrolled.numpy.cells.exponential import *
from unrolled.numpy.cells.gated import *
from unrolled.numpy.cells.memory import *
from unrolled.numpy.cells.minimal import *
from unrolled.numpy.cells.plain import *
from unrolled.numpy.cells.state_space import *

CELLS: dict[str, type[Recurrent]] = classes(__name__)
