"""The inside of every cell, drawn in one vocabulary, with the same parts in the same places."""

from importlib import import_module

from unrolled.cells import CELLS
from unrolled.pictures.diagrams.circuits.parts import Circuit
from unrolled.pictures.diagrams.circuits.wiring import draw
from unrolled.pictures.figures import Figure

CIRCUITS: dict[str, Circuit] = {
    name: import_module(f"{__name__}.{cell.module}").CIRCUITS[name] for name, cell in CELLS.items()
}


def circuit(name: str) -> Figure:
    """The inside of a cell; what it changes from its parent is outlined heavily.

    Args:
        name: of the cell, such as "lstm".
    """
    cell, drawn = CELLS[name], CIRCUITS[name]
    words = f"Inside the {cell.full_title}. {drawn.flow}"
    if against := drawn.against or cell.parent:
        words += f" New against the {CELLS[against].full_title}: {drawn.change}"
    return draw(drawn, cell.note).figure(words)
