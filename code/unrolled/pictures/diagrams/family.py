"""The types of recurrent networks by descent and by year."""

from collections import defaultdict

from unrolled.cells import CELLS, LINEAR, Cell
from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, Figure

STRUCTURES = {
    "deep (stacked)": 1995,
    "bidirectional": 1997,
    "encoder-decoder": 2014,
    "memory-augmented": 2014,
    "tree-structured": 2015,
    "residual": 2016,
}


def _width(label: str) -> float:
    return 14 + sum(11 if letter in "mwM" else 9.6 if letter.isupper() else 7.4 for letter in label)


def _colour(cell: Cell) -> str:
    return GREEN if cell.linear else BLUE


def _legend(canvas: Canvas, y: float, *more: tuple[str, str]) -> float:
    """The meaning of the colours; returns the y of the next row."""
    told = (
        (BLUE, "its state passes a function: step by step"),
        (GREEN, "linear in its state: can be done in parallel"),
        *more,
    )
    for row, (colour, words) in enumerate(told):
        canvas.box(22, y + 24 * row, "", size=(24, 16), colour=colour)
        canvas.text(42, y + 24 * row, words, anchor="start")
    return y + 24 * len(told) + 18


def _family() -> list[tuple[Cell, int]]:
    """The cells, each after its parent, with its depth in the tree."""
    children: dict[str, list[Cell]] = defaultdict(list)
    for cell in sorted(CELLS.values(), key=lambda cell: cell.year):
        children[cell.parent].append(cell)

    def under(parent: str, depth: int) -> list[tuple[Cell, int]]:
        return [
            pair
            for cell in children[parent]
            for pair in [(cell, depth), *under(cell.name, depth + 1)]
        ]

    return under("", 0)


def family_tree() -> Figure:
    """Which cell modifies which other, and how; ordered by ideas, not by years."""
    canvas, rows = Canvas(400, 34 * len(CELLS) + 76), _family()
    top, indent = _legend(canvas, 14), 17.0
    last: dict[int, float] = {}  # the position of the last one at each depth
    for row, (cell, depth) in enumerate(rows):
        x, y = 8 + indent * depth, top + 14 + 34 * row
        if depth:
            above = last[depth - 1]
            canvas.line((x - indent + 8, above + 14), (x - indent + 8, y), GREY)
            canvas.line((x - indent + 8, y), (x, y), GREY)
        last[depth] = y
        width = _width(cell.label)
        canvas.box(x + width / 2, y, cell.label, size=(width, 26), colour=_colour(cell))
        if depth:
            canvas.text(x + width + 7, y, cell.note, anchor="start", size=13.5)
    told = "; ".join(
        f"{cell.label} from {CELLS[cell.parent].label}: {cell.note}"
        for cell, depth in rows
        if depth
    )
    linear = ", ".join(CELLS[name].label for name in LINEAR)
    return canvas.figure(
        f"The cells as a tree that starts at the plain RNN; each is a change of the one it hangs "
        f"from. {told}. Linear in their state are {linear}."
    )


def time_line() -> Figure:
    """All cells and structures by year, from the top down."""
    born: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for cell in CELLS.values():
        born[cell.year].append((cell.label, _colour(cell)))
    for label, year in STRUCTURES.items():
        born[year].append((label, PURPLE))
    years, axis, left, right = sorted(born), 62.0, 80.0, 394.0
    boxes: list[tuple[float, float, str, float, str]] = []
    places: dict[int, float] = {}
    y, before = 112.0, years[0]
    for year in years:
        y += 9 * (year - before - 1) if year - before > 1 else 0
        before, places[year], x = year, y, left
        for label, colour in born[year]:
            width = _width(label)
            if x + width > right:
                x, y = left, y + 31
            boxes.append((x + width / 2, y, label, width, colour))
            x += width + 7
        y += 36
    canvas = Canvas(400, y + 14)
    _legend(canvas, 14, (PURPLE, "a structure, for any cell"))
    canvas.arrow((axis, places[years[0]] - 12), (axis, y + 8), time=True)
    canvas.text(8, y, "today", anchor="start")
    for year, place in places.items():
        canvas.text(8, place, str(year), anchor="start")
        canvas.line((axis - 5, place), (axis + 5, place), ORANGE, 2.6)
    for x, place, label, width, colour in boxes:
        canvas.box(x, place, label, size=(width, 26), colour=colour)
    told = "; ".join(f"{year}: {', '.join(label for label, _ in born[year])}" for year in years)
    return canvas.figure(f"A time line of cells and structures from {years[0]} on. {told}.")
