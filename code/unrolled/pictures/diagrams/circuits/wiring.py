"""Draws the inside of a cell from its table of nodes and wires."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.diagrams.circuits.parts import (
    INPUT_BUS,
    OUT,
    STATE_BUS,
    WIDTH,
    Circuit,
    Node,
    Wire,
)
from unrolled.pictures.figures import BLUE, GREEN, INK, ORANGE, PURPLE


class Board(Canvas):
    """A canvas that draws nodes and wires."""

    def node(self, node: Node, *, new: bool = False) -> None:
        """One shape, outlined heavily if it is new."""
        x, y, (w, h) = node.x, node.y, node.half
        if new:
            round_ = {"gate": 8, "operator": 13, "matrix": 4}.get(node.kind, 9)
            self._shapes.append(
                f'<rect x="{x - w - 2:g}" y="{y - h - 2:g}" width="{2 * w + 4:g}" '
                f'height="{2 * h + 4:g}" rx="{round_}" fill="{PURPLE}" fill-opacity="0.22" '
                f'stroke="{PURPLE}" stroke-width="3"/>'
            )
        if node.kind == "gate":
            self.box(x, y, node.label, size=(2 * w, 2 * h), colour=PURPLE)
        elif node.kind == "operator":
            self._shapes.append(
                f'<circle cx="{x:g}" cy="{y:g}" r="{w:g}" fill="{INK}" fill-opacity="0.06" '
                f'stroke="{INK}" stroke-width="1.3"/>'
            )
            self.text(x, y, node.label, size=15 if len(node.label) == 1 else 13.5)
        elif node.kind == "matrix":
            dash = ' stroke-dasharray="4 3"' if node.fixed else ""
            self._shapes.append(
                f'<rect x="{x - w:g}" y="{y - h:g}" width="{2 * w:g}" height="{2 * h:g}" rx="2" '
                f'fill="{INK}" fill-opacity="0.06" stroke="{INK}" stroke-width="1.3"{dash}/>'
            )
            self.text(x, y, node.label)
        elif node.kind == "state":
            self.state(x, y, node.label)
        else:
            self.token(x, y, node.label, colour=GREEN if node.kind == "input" else BLUE)
        if node.name:
            self.text(x + node.beside[0], y + node.beside[1], node.name)

    def dot(self, x: float, y: float, *, time: bool) -> None:
        """A branch."""
        self._shapes.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{4 if time else 3.2}" '
            f'fill="{ORANGE if time else INK}"/>'
        )

    def wire(self, wire: Wire, nodes: Mapping[str, Node], gap: float) -> None:
        """A wire from node to node, in vertical and horizontal segments."""
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

    def bus(
        self, y: float, source: Node, taps: Sequence[tuple[Node, float, float]], time: bool
    ) -> None:
        """A horizontal line from the source, with a tap to each gate, offset from its middle."""
        places = sorted(node.x + offset for node, offset, _ in taps)
        far = places[-1] if source.x < places[-1] else places[0]
        if source.y == y:
            self.path(source.edge((far, y)), (far, y), time=time, head=False)
        else:
            start = source.edge((source.x, y))
            self.path(start, (source.x, y), (far, y), time=time, head=False)
            if places[0] < source.x < places[-1]:
                self.path((source.x, y), (places[0], y), time=time, head=False)
                self.dot(source.x, y, time=time)
        for node, offset, gap in taps:
            x = node.x + offset
            if x not in (far, places[0]) or source.x < x < far:
                self.dot(x, y, time=time)
            self.path((x, y), node.edge((x, y), gap), time=time)


def draw(circuit: Circuit, note: str) -> Board:
    """Draws all wires, then all nodes, and the note in the corner."""
    nodes = circuit.all_nodes
    gaps = {name: 4 if name in circuit.new else 1.5 for name in nodes}  # outside the outline
    board = Board(WIDTH, circuit.bottom + 18)
    board.text(8, OUT, note, anchor="start")
    seen = Counter(name for names in circuit.buses.values() for name in names)
    for source, names in circuit.buses.items():
        inputs = source in ("x", "u")
        side = -9 if inputs else 9
        taps = []
        for tap in names:
            name, offset = (tap, side if seen[tap] > 1 else 0) if isinstance(tap, str) else tap
            taps.append((nodes[name], offset, gaps[name]))
        y = (INPUT_BUS if inputs else STATE_BUS) + circuit.lower
        board.bus(y, nodes[source], taps, time=not inputs and source != "x0")
    for each in circuit.wires:
        board.wire(each, nodes, gaps[each.target])
    for name, node in nodes.items():
        board.node(node, new=name in circuit.new)
    return board
