"""The vocabulary of every diagram: cell, token, gate, operator, state, time arrow, weight arrow.

A cell is a rounded blue box, a token (a letter or a tag) a small square, a gate or another learned
map a purple box with its function, an operator a small circle, a state an orange pill. What travels
through time is a thick orange arrow, what travels up through weights a thin one in the colour of
the text.
"""

import hashlib
from html import escape

from unrolled.pictures.figures import BLUE, GREEN, INK, ORANGE, PURPLE, Figure, sized

DASH = "\u2013"  # how the silent tag "-" is drawn


class Canvas:
    """Collects shapes; `figure` makes one SVG of them.

    Coordinates are pixels, y downwards; a shape's position is its centre.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._shapes: list[str] = []

    def box(
        self,
        x: float,
        y: float,
        label: str,
        *,
        size: tuple[float, float],
        colour: str,
        dashed: bool = False,
        radius: float = 7,
    ) -> None:
        """A labelled box; dashed and empty if it is not there yet."""
        w, h = size
        dash = 'stroke-dasharray="4 3" fill-opacity="0"' if dashed else 'fill-opacity="0.16"'
        self._shapes.append(
            f'<rect x="{x - w / 2:g}" y="{y - h / 2:g}" width="{w:g}" height="{h:g}" '
            f'rx="{radius:g}" fill="{colour}" stroke="{colour}" stroke-width="1.6" {dash}/>'
        )
        self.text(x, y, label)

    def cell(self, x: float, y: float, label: str = "cell") -> None:
        """The recurrent cell."""
        self.box(x, y, label, size=(52, 38), colour=BLUE)

    def token(
        self, x: float, y: float, label: str, *, colour: str = GREEN, dashed: bool = False
    ) -> None:
        """A letter or a tag."""
        label = DASH if label == "-" else label
        size = max(30, 11 * len(label) + 12), 28
        self.box(x, y, label, size=size, colour=colour, dashed=dashed)

    def gate(self, x: float, y: float, label: str, width: float = 40) -> None:
        """A gate, or another learned map, with its function: sigmoid, tanh, conv."""
        self.box(x, y, label, size=(width, 28), colour=PURPLE)

    def state(self, x: float, y: float, label: str, *, dashed: bool = False) -> None:
        """A state, carried from step to step: h, c, a memory."""
        size = (max(34, 9 * len(label) + 16), 26)
        self.box(x, y, label, size=size, colour=ORANGE, dashed=dashed, radius=13)

    def operator(self, x: float, y: float, sign: str) -> None:
        """An elementwise operation: times, plus, one minus."""
        self._shapes.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="11" fill="{INK}" fill-opacity="0.06" '
            f'stroke="{INK}" stroke-width="1.3"/>'
        )
        self.text(x, y, sign, size=13)

    def text(
        self, x: float, y: float, words: str, *, size: float = 14, anchor: str = "middle"
    ) -> None:
        """Words centred on the point; with `anchor` "start" or "end" they begin or end there."""
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" '
            f'dominant-baseline="central" fill="{INK}">{escape(words)}</text>'
        )

    def arrow(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        *,
        label: str = "",
        time: bool = False,
    ) -> None:
        """An arrow: up through weights, or with `time` to the next step."""
        colour, width = (ORANGE, 2.6) if time else (INK, 1.3)
        (x1, y1), (x2, y2) = start, end
        self._shapes.append(
            f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" '
            f'stroke="{colour}" stroke-width="{width}" '
            f'marker-end="url(#{"time" if time else "weight"})"/>'
        )
        if label:
            above = (0, -11) if y1 == y2 else (13, 0)
            self.text((x1 + x2) / 2 + above[0], (y1 + y2) / 2 + above[1], label, size=13)

    def path(self, *points: tuple[float, float], time: bool = False, head: bool = True) -> None:
        """An arrow round corners, through all points; without its head a plain line."""
        colour, width = (ORANGE, 2.6) if time else (INK, 1.3)
        there = " ".join(f"{x:g},{y:g}" for x, y in points)
        end = f' marker-end="url(#{"time" if time else "weight"})"' if head else ""
        self._shapes.append(
            f'<polyline points="{there}" fill="none" stroke="{colour}" stroke-width="{width}" '
            f'stroke-linejoin="round"{end}/>'
        )

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: str = INK,
        width: float = 1.6,
    ) -> None:
        """A plain line that links two shapes; the wider, the stronger the link."""
        self._shapes.append(
            f'<line x1="{start[0]:g}" y1="{start[1]:g}" x2="{end[0]:g}" y2="{end[1]:g}" '
            f'stroke="{colour}" stroke-width="{width:g}"/>'
        )

    def both_ways(self, left: float, right: float, y: float) -> None:
        """Two time arrows between neighbours, one in each direction."""
        self.arrow((left + 28, y - 7), (right - 29, y - 7), time=True)
        self.arrow((right - 28, y + 7), (left + 29, y + 7), time=True)

    def loop(self, x: float, y: float, label: str) -> None:
        """The time arrow of a cell onto itself, above its right shoulder."""
        self._shapes.append(
            f'<path d="M {x + 26:g} {y:g} h 16 v -40 h -26 v 18" fill="none" stroke="{ORANGE}" '
            f'stroke-width="2.6" marker-end="url(#time)"/>'
        )
        self.text(x + 50, y - 18, label, size=13, anchor="start")

    def figure(self, alt: str) -> Figure:
        """The finished picture; it shrinks to fit a narrower column."""
        salt = hashlib.sha256(alt.encode()).hexdigest()[:8]  # ids are shared by the whole page
        markers = "".join(
            f'<marker id="{name}-{salt}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{size}" '
            f'markerHeight="{size}" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{colour}"/>'
            "</marker>"
            for name, colour, size in (("time", ORANGE, 4.5), ("weight", INK, 7))
        )
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'{sized(self.width)} font-family="inherit">'
        )
        shapes = "".join(self._shapes).replace("url(#time)", f"url(#time-{salt})")
        shapes = shapes.replace("url(#weight)", f"url(#weight-{salt})")
        return Figure(f"{head}<defs>{markers}</defs>{shapes}</svg>", alt)
