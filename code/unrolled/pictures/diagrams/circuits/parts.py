"""The parts of a cell's drawing: nodes at fixed places, wires between them, two buses.

A purple box is a learned map with its function, and adds up its inputs; a small square is a
matrix, a circle an operator; a symbol beside an operator is a parameter that does not depend on
the input. A wire that carries a state is thick and orange. A dot is a branch; lines that cross
without one are not connected. What a cell changes has a heavy purple outline.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Point = tuple[float, float]
Kind = Literal["gate", "operator", "matrix", "state", "input", "output"]

SIGMA, TIMES, REST = "\u03c3", "\u00d7", "1\u2212"
WIDTH = 400
A, B, C, D = 88, 156, 224, 292  # the columns: keep, write, new content, read
OUT, LINE, HIGH, LOW, GATES = 22, 78, 124, 172, 222  # the rows, from above
STATE_BUS, INPUT_BUS, INPUT = 292, 312, 348
SHORT: dict[str, Any] = {"lower": -36.0, "bottom": INPUT - 36.0}  # where no bus carries a state
PREVIOUS, NEXT, EXIT = 30, 369, 334  # the x of the states, and where the output leaves


@dataclass(frozen=True)
class Node:
    """One shape: its kind, its label, its centre.

    Args:
        name: of a gate's value, or of an operator's parameter.
        beside: where the name is written, relative to the centre.
        width: of a box; 0 fits it to its label.
        fixed: draws the matrix dashed, because it is never learnt.
    """

    kind: Kind
    label: str
    x: float
    y: float
    name: str = ""
    beside: Point = (11, -26)
    width: float = 0
    fixed: bool = False

    @property
    def half(self) -> Point:
        """Half its width and half its height."""
        letters = len(self.label)
        width, height = {
            "gate": (max(44, 8 * letters + 12), 28),
            "operator": (22, 22),
            "matrix": (28, 26),
            "state": (max(34, 9 * letters + 16), 26),
            "input": (max(30, 11 * letters + 12), 28),
            "output": (max(30, 11 * letters + 12), 28),
        }[self.kind]
        return (self.width or width) / 2, height / 2

    def edge(self, towards: Point, gap: float = 0) -> Point:
        """The point where a wire that comes from, or leads to, `towards` touches the shape."""
        (x, y), (w, h) = towards, self.half
        if abs(x - self.x) < w:
            return x, self.y + (h + gap if y > self.y else -h - gap)
        if abs(y - self.y) > h:
            raise ValueError(f"{self.label} at ({self.x}, {self.y}) is not level with ({x}, {y})")
        return self.x + (w + gap if x > self.x else -w - gap), y


@dataclass(frozen=True)
class Wire:
    """A line from one node to another through corners; `at` is where it branches off a wire."""

    source: str
    target: str
    corners: tuple[Point, ...] = ()
    at: Point | None = None
    time: bool = False
    head: bool = True


def wire(source: str, target: str, *corners: Point, at: Point | None = None) -> Wire:
    """A wire within a step."""
    return Wire(source, target, corners, at)


def held(source: str, target: str, *corners: Point, at: Point | None = None) -> Wire:
    """A wire that carries a state."""
    return Wire(source, target, corners, at, time=True)


def line(*names: str) -> tuple[Wire, ...]:
    """The wires of the state's line, from node to node."""
    return tuple(held(a, b) for a, b in itertools.pairwise(names))


def gate(label: str, x: float, y: float = GATES, name: str = "", **more: Any) -> Node:
    """A learned map with its function."""
    return Node("gate", label, x, y, name, **more)


def sigmoid(name: str, x: float, y: float = GATES, **more: Any) -> Node:
    """A gate of numbers from 0 to 1."""
    return gate(SIGMA, x, y, name, **more)


def matrix(label: str, x: float, y: float = GATES, name: str = "", **more: Any) -> Node:
    """A product with a matrix, without a function."""
    return Node("matrix", label, x, y, name, **more)


def operator(sign: str, x: float, y: float, name: str = "", **more: Any) -> Node:
    """An elementwise operation."""
    return Node("operator", sign, x, y, name, **more)


def times(x: float, y: float, name: str = "", beside: Point = (0, 22)) -> Node:
    """The elementwise product."""
    return operator(TIMES, x, y, name, beside=beside)


def plus(x: float, y: float, name: str = "", beside: Point = (0, 22)) -> Node:
    """The sum."""
    return operator("+", x, y, name, beside=beside)


def rest(x: float, y: float) -> Node:
    """One minus."""
    return operator(REST, x, y)


@dataclass(frozen=True)
class Circuit:
    """The inside of one cell.

    Args:
        flow: what feeds what, in words.
        change: how it differs from the parent, in words.
        nodes: the shapes by name.
        wires: between them; "x" is the input and "y" the output.
        states: the height at which each state enters and leaves, by symbol.
        buses: from the input ("x", or "x0" for the previous one) or from a state before the step,
            such as "h0", to the gates that see it; a number puts the tap that far from the
            gate's middle.
        new: the names of the nodes that the parent lacks.
        output: the symbol that leaves at the top.
        bottom, entrance: the position of the input.
        lower: how much lower than usual the buses run.
        against: what the marked parts are compared with, if not with the parent.
    """

    flow: str
    change: str
    nodes: Mapping[str, Node]
    wires: Sequence[Wire]
    states: Mapping[str, float] = field(default_factory=lambda: {"h": LINE})
    buses: Mapping[str, Sequence[str | tuple[str, float]]] = field(default_factory=dict)
    new: Sequence[str] = ()
    output: str = "hₜ"
    bottom: float = INPUT
    entrance: float = (B + C) / 2
    lower: float = 0
    against: str = ""

    @property
    def all_nodes(self) -> dict[str, Node]:
        """All nodes, with the input, the output, and the states before (h0) and after (h1)."""
        ends = {
            "x": Node("input", "xₜ", self.entrance, self.bottom),
            "y": Node("output", self.output, EXIT, OUT),
        }
        for symbol, y in self.states.items():
            ends[f"{symbol}0"] = Node("state", f"{symbol}ₜ₋₁", PREVIOUS, y)
            ends[f"{symbol}1"] = Node("state", f"{symbol}ₜ", NEXT, y)
        return {**ends, **self.nodes}

    @property
    def edges(self) -> set[tuple[str, str]]:
        """Which node feeds which."""
        taps = {
            (source, tap if isinstance(tap, str) else tap[0])
            for source, names in self.buses.items()
            for tap in names
        }
        return taps | {(wire.source, wire.target) for wire in self.wires}
