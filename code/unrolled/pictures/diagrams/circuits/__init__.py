"""The inside of every cell, drawn from one vocabulary with the same parts in the same places."""

from unrolled.pictures.diagrams.circuits import (
    exponential,
    gated,
    memory,
    minimal,
    plain,
    state_space,
)
from unrolled.pictures.diagrams.circuits.parts import Circuit
from unrolled.pictures.diagrams.circuits.wiring import draw
from unrolled.pictures.figures import Figure

CIRCUITS: dict[str, Circuit] = {
    name: circuit
    for family in (plain, gated, minimal, state_space, exponential, memory)
    for name, circuit in family.CIRCUITS.items()
}


def circuit(name: str) -> Figure:
    """The inside of a cell; what it changes against its parent is outlined heavily.

    Args:
        name: of the cell, such as "lstm".
    """
    drawn = CIRCUITS[name]
    words = f"Inside the {drawn.title}. {drawn.flow}"
    if against := drawn.against or drawn.parent:
        words += f" New against the {CIRCUITS[against].title}: {drawn.change}"
    return draw(drawn).figure(words)
