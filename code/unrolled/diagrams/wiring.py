"""What the inside of a cell is drawn from: nodes at fixed places, wires between them, two buses.

A purple box is a learned map with its function, and adds up what reaches it; a small square is a
matrix, a circle an operator, words without a box are numbers that do not depend on the input. What
carries a state is thick and orange. A dot is a branch; lines that cross without one do not meet.
What a cell changes has a heavy purple outline.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from unrolled.diagrams.canvas import Canvas
from unrolled.figures import BLUE, GREEN, INK, ORANGE, PURPLE, Figure

Point = tuple[float, float]
Kind = Literal["gate", "operator", "matrix", "given", "state", "input", "output"]

SIGMA, TIMES, REST = "\u03c3", "\u00d7", "1\u2212"
WIDTH = 400
A, B, C, D = 88, 156, 224, 292  # the columns: keep, write, new content, read
OUT, LINE, HIGH, LOW, GATES = 22, 78, 124, 172, 222  # the rows, from above
STATE_BUS, INPUT_BUS, INPUT = 292, 312, 348
PREVIOUS, NEXT, EXIT = 30, 369, 334  # where the states stand, and where the output leaves


@dataclass(frozen=True)
class Node:
    """One shape: what it is, its label, its centre.

    Args:
        name: of a gate, written beside it.
        beside: where, from the centre.
        width: of a box; by its label if left out.
        fixed: a matrix that is never learnt is dashed.
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
            "given": (8 * letters, 18),
            "state": (max(34, 9 * letters + 16), 26),
            "input": (max(30, 11 * letters + 12), 28),
            "output": (max(30, 11 * letters + 12), 28),
        }[self.kind]
        return (self.width or width) / 2, height / 2

    def edge(self, towards: Point, gap: float = 0) -> Point:
        """Where a wire from or to the side of `towards` touches the shape."""
        (x, y), (w, h) = towards, self.half
        if abs(x - self.x) < w:
            return x, self.y + (h + gap if y > self.y else -h - gap)
        return self.x + (w + gap if x > self.x else -w - gap), y


@dataclass(frozen=True)
class Wire:
    """From one node to another through corners; `at` is where it leaves another wire."""

    source: str
    target: str
    corners: tuple[Point, ...] = ()
    at: Point | None = None
    time: bool = False
    head: bool = True


def wire(source: str, target: str, *corners: Point, at: Point | None = None) -> Wire:
    """What passes within a step."""
    return Wire(source, target, corners, at)


def held(source: str, target: str, *corners: Point, at: Point | None = None) -> Wire:
    """What a state is carried by."""
    return Wire(source, target, corners, at, time=True)


def line(*names: str) -> tuple[Wire, ...]:
    """The state's line, from node to node."""
    return tuple(held(a, b) for a, b in itertools.pairwise(names))


def gate(label: str, x: float, y: float = GATES, name: str = "", **more: object) -> Node:
    """A learned map and its function."""
    return Node("gate", label, x, y, name, **more)  # type: ignore[arg-type]


def sigmoid(name: str, x: float, y: float = GATES, **more: object) -> Node:
    """A gate of numbers from 0 to 1."""
    return gate(SIGMA, x, y, name, **more)


def operator(sign: str, x: float, y: float) -> Node:
    """What is done with numbers, each for itself."""
    return Node("operator", sign, x, y)


def times(x: float, y: float) -> Node:
    """The product, number by number."""
    return operator(TIMES, x, y)


def plus(x: float, y: float) -> Node:
    """The sum."""
    return operator("+", x, y)


def rest(x: float, y: float) -> Node:
    """One minus."""
    return operator(REST, x, y)


def matrix(label: str, x: float, y: float, *, fixed: bool = False) -> Node:
    """A product with a matrix, and nothing else."""
    return Node("matrix", label, x, y, fixed=fixed)


def given(label: str, x: float, y: float) -> Node:
    """Numbers that are the same at each step."""
    return Node("given", label, x, y)


@dataclass(frozen=True)
class Circuit:
    """The inside of one cell.

    Args:
        title: its name in the text.
        parent: the cell that it is a change of; empty for the plain RNN.
        note: what is new, in a few words in the picture's corner.
        flow: what feeds what, in words.
        change: what differs from the parent, in words.
        nodes: the shapes by name.
        wires: between them; "x" is the input and "y" the output.
        states: by symbol, the height at which it comes in and goes out.
        buses: from "x" or from a state before the step, such as "h0", to the gates that see it;
            with a number the tap stands that far from the gate's middle.
        new: the names of the nodes that the parent lacks.
        output: the symbol that leaves above.
        bottom, entrance: where the input stands.
        against: what the marked parts are new against, if it is not the parent.
        pair: the state's line is drawn double.
    """

    title: str
    parent: str
    note: str
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
    against: str = ""
    pair: bool = False

    @property
    def all_nodes(self) -> dict[str, Node]:
        """With the input, the output, and the states before (h0) and after (h1) the step."""
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
        """What feeds what."""
        taps = {
            (source, tap if isinstance(tap, str) else tap[0])
            for source, names in self.buses.items()
            for tap in names
        }
        return taps | {(wire.source, wire.target) for wire in self.wires}


class Board(Canvas):
    """A canvas that draws nodes and wires."""

    def node(self, node: Node, *, new: bool = False) -> None:
        """One shape, outlined heavily where it is new."""
        x, y, (w, h) = node.x, node.y, node.half
        if node.kind == "gate":
            self.box(x, y, node.label, size=(2 * w, 2 * h), colour=PURPLE)
        elif node.kind == "operator":
            self.operator(x, y, "")
            self.text(x, y, node.label, size=15 if len(node.label) == 1 else 13)
        elif node.kind == "matrix":
            dash = ' stroke-dasharray="4 3"' if node.fixed else ""
            self._shapes.append(
                f'<rect x="{x - w:g}" y="{y - h:g}" width="{2 * w:g}" height="{2 * h:g}" rx="2" '
                f'fill="{INK}" fill-opacity="0.06" stroke="{INK}" stroke-width="1.3"{dash}/>'
            )
            self.text(x, y, node.label)
        elif node.kind == "state":
            self.state(x, y, node.label)
        elif node.kind == "given":
            self.text(x, y, node.label)
        else:
            self.token(x, y, node.label, colour=GREEN if node.kind == "input" else BLUE)
        if node.name:
            self.text(x + node.beside[0], y + node.beside[1], node.name)
        if new:
            round_ = {"gate": 8, "operator": 13, "matrix": 4}.get(node.kind, 13)
            self._shapes.append(
                f'<rect x="{x - w - 2:g}" y="{y - h - 2:g}" width="{2 * w + 4:g}" '
                f'height="{2 * h + 4:g}" rx="{round_}" fill="{PURPLE}" fill-opacity="0.22" '
                f'stroke="{PURPLE}" stroke-width="3"/>'
            )

    def dot(self, x: float, y: float, *, time: bool) -> None:
        """A branch."""
        self._shapes.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{4 if time else 3.2}" '
            f'fill="{ORANGE if time else INK}"/>'
        )

    def wire(self, wire: Wire, nodes: Mapping[str, Node], gap: float) -> None:
        """From node to node, upright and level only."""
        source, target = nodes[wire.source], nodes[wire.target]
        after = [*wire.corners, (target.x, target.y)][0]
        start = wire.at or source.edge(after)
        before = [start, *wire.corners][-1]
        points = [start, *wire.corners, target.edge(before, gap)]
        for (x1, y1), (x2, y2) in itertools.pairwise(points):
            if x1 != x2 and y1 != y2:
                raise ValueError(f"the wire {wire.source} to {wire.target} is slanted")
        if wire.at:
            self.dot(*wire.at, time=wire.time)
        self.path(*points, time=wire.time, head=wire.head)

    def bus(self, y: float, source: Node, taps: Sequence[tuple[Node, float]], time: bool) -> None:
        """A level line from the source, and from it a tap up to each gate."""
        places = sorted(node.x + offset for node, offset in taps)
        far = places[-1] if source.x < places[-1] else places[0]
        if source.y == y:
            self.path(source.edge((far, y)), (far, y), time=time, head=False)
        else:
            start = source.edge((source.x, y))
            self.path(start, (source.x, y), (far, y), time=time, head=False)
            if places[0] < source.x < places[-1]:
                self.path((source.x, y), (places[0], y), time=time, head=False)
                self.dot(source.x, y, time=time)
        for node, offset in taps:
            x = node.x + offset
            if x not in (far, places[0]) or source.x < x < far:
                self.dot(x, y, time=time)
            self.path((x, y), node.edge((x, y), 1.5), time=time)


def draw(circuit: Circuit) -> Board:
    """All wires, then all nodes."""
    nodes = circuit.all_nodes
    board = Board(WIDTH, circuit.bottom + 18)
    board.text(8, OUT, circuit.note, anchor="start")
    shared = {
        name
        for names in circuit.buses.values()
        for name in names
        if isinstance(name, str) and sum(name in seen for seen in circuit.buses.values()) > 1
    }
    for source, names in circuit.buses.items():
        state = source not in ("x", "x0")
        y = INPUT_BUS if source == "x" else STATE_BUS
        side = -9 if source == "x" else 9
        taps = [
            (nodes[tap], side if tap in shared else 0)
            if isinstance(tap, str)
            else (nodes[tap[0]], tap[1])
            for tap in names
        ]
        board.bus(y, nodes[source], taps, time=state)
    for wire_ in circuit.wires:
        board.wire(wire_, nodes, 4 if wire_.target in circuit.new else 1.5)
    for name, node in nodes.items():
        board.node(node, new=name in circuit.new)
    return board


def picture(circuit: Circuit, against: str) -> Figure:
    """The drawing with its words."""
    words = f"Inside the {circuit.title}. {circuit.flow}"
    if against:
        words += f" Against the {against}: {circuit.change}"
    return draw(circuit).figure(words)
