"""Depth: what each state has read, where gradients run, where layers and masks can go."""

from collections.abc import Sequence
from itertools import combinations, pairwise

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.figures import BLUE, GREY, PURPLE, Figure

Point = tuple[float, float]


def read_by_each(word: str) -> Figure:
    """What each state has read: two layers in one direction, and one layer in two directions.

    Args:
        word: its letters; four of them fit on a phone.
    """
    canvas = Canvas(92 * len(word) + 22, 414)
    _read_twice(canvas, word, 0)
    _read_from_both_ends(canvas, word, 214)
    return canvas.figure(
        f"What each state has read of {word}. Above, two layers in one direction: at every letter "
        f"both layers have read the letters up to it, {word[0]}, then {word[:2]}, and so on. "
        "Below, two directions: the forward states have read the letters up to theirs, the "
        f"backward states those from theirs on, {word} at the first letter and {word[-1]} at the "
        "last."
    )


def _read_twice(canvas: Canvas, word: str, base: float) -> None:
    """Two layers, one direction."""
    canvas.text(8, base + 14, "two layers: both have read the same", anchor="start")
    for t, letter in enumerate(word):
        x, upper, lower, bottom = 52 + 92 * t, base + 58, base + 116, base + 178
        canvas.token(x, bottom, letter)
        canvas.arrow((x, bottom - 15), (x, lower + 15))
        canvas.arrow((x, lower - 14), (x, upper + 15))
        for y in (upper, lower):
            canvas.state(x, y, word[: t + 1])
            if t:
                _onward(canvas, (x - 92, y), (x, y), word[:t], word[: t + 1])


def _read_from_both_ends(canvas: Canvas, word: str, base: float) -> None:
    """One layer, two directions."""
    canvas.text(8, base + 14, "two directions", anchor="start")
    for t, letter in enumerate(word):
        x, upper, lower, bottom = 52 + 92 * t, base + 58, base + 116, base + 178
        canvas.token(x, bottom, letter)
        canvas.arrow((x - 4, bottom - 15), (x - 12, lower + 15))
        canvas.arrow((x + 12, bottom - 15), (x + 22, upper + 15))
        canvas.state(x - 12, lower, word[: t + 1])
        canvas.state(x + 12, upper, word[t:])
        if t:
            _onward(canvas, (x - 104, lower), (x - 12, lower), word[:t], word[: t + 1])
            _onward(canvas, (x + 12, upper), (x - 80, upper), word[t:], word[t - 1 :])


def _onward(canvas: Canvas, start: Point, end: Point, before: str, after: str) -> None:
    """A time arrow from one state to its neighbour, between the pills of their labels."""
    way = 1 if end[0] > start[0] else -1
    here, there = (max(34, 9 * len(label) + 16) / 2 for label in (before, after))
    canvas.arrow((start[0] + way * here, start[1]), (end[0] - way * (there + 2), end[1]), time=True)


def gradient_paths(T: int = 3, L: int = 2) -> Figure:
    """Every path of the gradient from the last step's loss to the first input of a stack.

    Args:
        T: time steps.
        L: layers.
    """
    paths = list(combinations(range(T + L - 2), L - 1))  # which of the moves go down
    height, left, step, rise = 70 * L - 6, 106, 90, 70
    canvas = Canvas(left + step * (T - 1) + 98, height * len(paths))
    for number, downs in enumerate(paths):
        top = height * number + 20
        places = _walk(T, L, downs)
        for t in range(T):
            for level in range(L):
                x, y = left + step * t, top + rise * (L - 1 - level)
                canvas.box(
                    x,
                    y,
                    f"h{raised(level + 1)}{lowered(t + 1)}",
                    size=(52, 34),
                    colour=BLUE if (t, level) in places else GREY,
                    dashed=(t, level) not in places,
                )
        end = left + step * (T - 1)
        canvas.gate(end + 70, top, "loss", 46)
        canvas.arrow((end + 46, top), (end + 28, top))
        canvas.token(24, top + rise * (L - 1), "x₁")
        canvas.arrow((left - 27, top + rise * (L - 1)), (44, top + rise * (L - 1)), label="W¹")
        for (t, level), (after, _) in pairwise(places):
            x, y = left + step * t, top + rise * (L - 1 - level)
            if after < t:
                name = f"U{raised(level + 1)}"
                canvas.arrow((x - 27, y), (x - step + 29, y), label=name, time=True)
            else:
                canvas.arrow((x, y + 18), (x, y + rise - 19), label=f"W{raised(level + 1)}")
    return canvas.figure(
        f"The {len(paths)} paths of the gradient from the loss after step {T} to the first input "
        f"of {L} layers. Each goes {T - 1} times back through time by a recurrent weight U and "
        f"{L} times down by an input weight W; they differ in when they go down."
    )


def _walk(T: int, L: int, downs: Sequence[int]) -> list[tuple[int, int]]:
    """The cells on a path from the last step's top layer, as (step, layer) from 0."""
    t, level = T - 1, L - 1
    places = [(t, level)]
    for move in range(T + L - 2):
        t, level = (t, level - 1) if move in downs else (t - 1, level)
        places.append((t, level))
    return places


def raised(number: int) -> str:
    """A digit as a superscript."""
    return "⁰¹²³⁴⁵⁶⁷⁸⁹"[number]


def lowered(number: int) -> str:
    """A digit as a subscript."""
    return "₀₁₂₃₄₅₆₇₈₉"[number]


def depths() -> Figure:
    """Four places for a second map: none, in the transition, in the output, in a layer above."""
    canvas = Canvas(392, 566)
    titles = ("plain", "deep transition", "deep output", "stacked")
    counts = ((1, 1), (2, 2), (2, 1), (2, 1))
    for place, (title, (up, on)) in enumerate(zip(titles, counts, strict=True)):
        x, top = 74 + 196 * (place % 2), 14 + 288 * (place // 2)
        canvas.text(x + 14, top, title)
        canvas.text(x + 14, top + 248, f"up {up}, on {on}")
        _folded(canvas, x, top, title)
    return canvas.figure(
        "Four recurrent nets, folded. Plain: one tanh between input and answer, one between state "
        "and next state. Deep transition: the loop runs through two. Deep output: a second tanh "
        "between state and answer, outside the loop. Stacked: two tanh cells on top of each other, "
        "each with a loop of its own."
    )


def _folded(canvas: Canvas, x: float, top: float, title: str) -> None:
    """One of the four nets of `depths`."""
    above, high, low, bottom = top + 30, top + 92, top + 160, top + 220
    canvas.token(x, bottom, "xₜ")
    canvas.token(x, above, "yₜ", colour=BLUE)
    canvas.arrow((x, bottom - 15), (x, low + 21))
    canvas.arrow((x, (low if title == "plain" else high) - 20), (x, above + 16))
    if title != "plain":
        canvas.arrow((x, low - 20), (x, high + 21))
    if title == "deep transition":
        canvas.gate(x, low, "tanh", 52)
        canvas.cell(x, high, "tanh")
        canvas.path((x + 26, high), (x + 52, high), (x + 52, low), (x + 29, low), time=True)
        return
    canvas.cell(x, low, "tanh")
    canvas.loop(x, low, "")
    if title == "deep output":
        canvas.gate(x, high, "tanh", 52)
    if title == "stacked":
        canvas.cell(x, high, "tanh")
        canvas.loop(x, high, "")


KEPT = ((1, 0, 1, 1), (0, 1, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0), (1, 0, 0, 1))


def dropout_masks() -> Figure:
    """Where dropout is applied in a stack: new masks on the way up, or the same at each step."""
    step, left, height = 108, 106, 292
    canvas = Canvas(left + 2 * step + 42, 2 * height)
    for base, title in (
        (0, "between layers, new at each step"),
        (height, "the same mask at every step"),
    ):
        same = base > 0
        canvas.text(8, base + 14, title, anchor="start")
        high, low, bottom = base + 94, base + 178, base + 262
        canvas.text(6, high, "layer 2", size=13, anchor="start")
        canvas.text(6, low, "layer 1", size=13, anchor="start")
        for t in range(3):
            x = left + step * t
            canvas.token(x, bottom, f"x{lowered(t + 1)}")
            for y, level in ((low, 0), (high, 1)):
                canvas.cell(x, y)
                canvas.arrow((x, y + 69 - 15 * level), (x, y + 21))
                if t:
                    canvas.arrow((x - step + 28, y), (x - 29, y), time=True)
                    if same:
                        _mask(canvas, (x - step / 2, y), KEPT[3 + level])
                if same or level:
                    _mask(canvas, (x, y + 42), KEPT[level if same else t])
            canvas.arrow((x, high - 20), (x, high - 50))
    return canvas.figure(
        "Two layers over three steps, twice. Above, dropout stands only on the arrows from layer 1 "
        "up to layer 2, with another mask at each step; none stands on the input, above the top "
        "layer or on the arrows through time. Below, each layer has a mask on what comes up to it "
        "and one on its arrows through time, and these are the same at all three steps. A thick "
        "bar is a unit that is kept, a thin one a unit that is dropped."
    )


def _mask(canvas: Canvas, place: Point, kept: Sequence[int]) -> None:
    """One bar per unit: thick if it is kept, thin if it is dropped."""
    x, y = place
    for unit, stays in enumerate(kept):
        at = x + 9 * (unit - (len(kept) - 1) / 2)
        canvas.line((at, y - 6), (at, y + 6), PURPLE if stays else GREY, 6 if stays else 1.4)
