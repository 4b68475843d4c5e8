"""Recurrent layers in PyTorch: one class for each cell, a `Recurrent`."""

from unrolled.cells import classes
from unrolled.torch.cells.base import *
from unrolled.torch.cells.exponential import *
from unrolled.torch.cells.gated import *
from unrolled.torch.cells.memory import *
from unrolled.torch.cells.minimal import *
from unrolled.torch.cells.plain import *
from unrolled.torch.cells.state_space import *

CELLS: dict[str, type[Recurrent]] = classes(__name__)
