"""The shapes of tasks, and two structures of cells."""

from collections.abc import Sequence

from unrolled.pictures.diagrams.canvas import DASH, Canvas
from unrolled.pictures.figures import BLUE, Figure

# The use of each shape; its inputs and outputs, step by step; None: nothing.
SHAPES: dict[str, tuple[str, list[str | None], list[str | None]]] = {
    "one to one": ("a sound for a letter", ["a"], ["AE"]),
    "one to many": ("a word from a letter", ["h", None, None, None], ["a", "t", "e", "end"]),
    "many to one": ("a class for a word", ["h", "a", "t", "e"], [None, None, None, "verb"]),
    "many to many, aligned": (
        "a tag a letter",
        ["h", "a", "t", "e"],
        ["HH", "EY", "T", DASH],
    ),
    "many to many, unaligned": (
        "read, then say",
        ["h", "a", "t", "e", None, None, None, None],
        [None, None, None, None, "HH", "EY", "T", "end"],
    ),
}


def shapes(*names: str) -> Figure:
    """The inputs and the outputs of each shape of task.

    Args:
        names: keys of `SHAPES`; by default all five.
    """
    names = names or tuple(SHAPES)
    canvas = Canvas(400, 172 * len(names) - 12)
    for row, name in enumerate(names):
        _shape(canvas, 172 * row, name, *SHAPES[name])
    told = "; ".join(
        f"{name}, {' '.join(x for x in inputs if x)} gives "
        f"{' '.join('silent' if y == DASH else y for y in outputs if y)}"
        for name, (_, inputs, outputs) in ((name, SHAPES[name]) for name in names)
    )
    rest = " One to one needs no state." if "one to one" in names else ""
    if {"one to many", "many to many, unaligned"} & set(names):
        rest += " Where nothing more is read, a cell reads what was said a step before."
    return canvas.figure(f"Inputs below, cells, outputs above: {told}.{rest}")


def _shape(
    canvas: Canvas,
    top: float,
    name: str,
    use: str,
    inputs: Sequence[str | None],
    outputs: Sequence[str | None],
) -> None:
    step, left = 48, 30
    above, middle, below = top + 48, top + 94, top + 140
    canvas.text(8, top + 14, f"{name}: {use}", anchor="start")
    for t, (letter, answer) in enumerate(zip(inputs, outputs, strict=True)):
        x = left + step * t
        canvas.box(x, middle, "", size=(32, 30), colour=BLUE)
        if t:
            canvas.arrow((x - step + 17, middle), (x - 18, middle), time=True)
        if letter:
            canvas.token(x, below, letter)
            canvas.arrow((x, below - 15), (x, middle + 17))
        if answer:
            canvas.box(x, above, answer, size=(max(30, 8 * len(answer) + 10), 28), colour=BLUE)
            canvas.arrow((x, middle - 16), (x, above + 16))
        if t + 1 < len(inputs) and answer and not inputs[t + 1]:  # read a step later
            half = max(30, 8 * len(answer) + 10) / 2
            between = (x + step / 2, above), (x + step / 2, middle + 32), (x + step, middle + 32)
            canvas.path((x + half, above), *between, (x + step, middle + 17))


def structure(name: str) -> Figure:
    """How cells are joined, for the structures that no other diagram shows.

    Args:
        name: "residual" or "tree-structured".
    """
    return {"residual": _residual, "tree-structured": _tree}[name]()


def _residual() -> Figure:
    canvas = Canvas(400, 400)
    columns, levels = (82, 204, 326), (286, 160)
    for t, x in enumerate(columns):
        canvas.token(x, 378, f"x{'₁₂₃'[t]}")
        canvas.token(x, 22, f"y{'₁₂₃'[t]}", colour=BLUE)
        canvas.arrow((x, 363), (x, levels[0] + 21))
        for level in levels:
            canvas.cell(x, level)
            canvas.operator(x, level - 56, "+")
            canvas.arrow((x, level - 20), (x, level - 43))
            around = (x - 44, level + 40), (x - 44, level - 56)
            canvas.path((x, level + 40), *around, (x - 12, level - 56))
            if t:
                canvas.arrow((columns[t - 1] + 27, level), (x - 28, level), time=True)
        canvas.arrow((x, levels[0] - 68), (x, levels[1] + 21))
        canvas.arrow((x, levels[1] - 68), (x, 38))
    return canvas.figure(
        "Two recurrent layers over three steps, with residual connections: what goes into a cell "
        "from below also goes around it and is added to what comes out above, at each step and in "
        "each layer. From a loss on top a path without any function leads down to the input. "
        "Through time, from left to right, the cells pass their states as before."
    )


def _tree() -> Figure:
    canvas = Canvas(400, 380)
    places = {"un": (70, 270), "read": (200, 270), "able": (330, 270)}
    for part, (x, y) in places.items():
        canvas.token(x, 350, part)
        canvas.arrow((x, 335), (x, y + 21))
    inner, root = (265, 172), (168, 74)
    for child, parent, side in (
        (places["read"], inner, -1),
        (places["able"], inner, 1),
        (places["un"], root, -1),
        (inner, root, 1),
    ):
        start, end = (child[0], child[1] - 20), (parent[0] + 16 * side, parent[1] + 21)
        canvas.arrow(start, end, time=True)
        canvas.text((start[0] + end[0]) / 2 + 18 * side, (start[1] + end[1]) / 2 - 4, "f")
    for x, y in (*places.values(), inner, root):
        canvas.cell(x, y)
    canvas.text(inner[0] + 34, inner[1], "readable", anchor="start")
    canvas.text(root[0] + 34, root[1], "unreadable", anchor="start")
    canvas.token(root[0], 22, "y", colour=BLUE)
    canvas.arrow((root[0], root[1] - 20), (root[0], 38))
    return canvas.figure(
        "A tree of cells over the parts of a word. The cells of read and able pass their states to "
        "a cell for readable; that one and the cell of un pass theirs to a cell for unreadable, "
        "whose state gives the answer. Each arrow has a forget gate f of its own, so a cell can "
        "keep one child's memory and drop another's."
    )
