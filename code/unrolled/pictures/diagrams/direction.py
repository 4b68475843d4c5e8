"""Direction: what may be known, where past and future meet, where summaries are, the guide."""

from collections.abc import Sequence

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.diagrams.depth import Point, lowered, raised
from unrolled.pictures.figures import BLUE, GREEN, GREY, Figure

PAD = "\u00b7"  # how padding is drawn


def informed(word: str, at: int, delay: int) -> Figure:
    """What may be known when a letter is tagged: the past, a little more, or everything.

    Args:
        word: its letters.
        at: the letter to tag, counted from 0.
        delay: by how many letters the middle net answers late.
    """
    canvas = Canvas(56 * len(word) + 84, 276)
    late = f"{delay} letter{'s' * (delay > 1)} late"
    rows = (
        ("one direction:  p(yₜ | x₁ … xₜ)", at + 1),
        (f"{late}:  p(yₜ | x₁ … xₜ₊{lowered(delay)})", at + 1 + delay),
        ("two directions:  p(yₜ | all x)", len(word)),
    )
    for row, (title, known) in enumerate(rows):
        y = 92 * row + 16
        canvas.text(8, y, title, anchor="start")
        for t, letter in enumerate(word):
            colour = BLUE if t == at else GREEN
            canvas.token(56 * t + 40, y + 42, letter, colour=colour, dashed=t >= known)
    return canvas.figure(
        f"What is known when the {word[at]} of {word} is answered. One direction has read "
        f"{word[: at + 1]}; {late}, one direction has read {word[: at + 1 + delay]}; two "
        f"directions have read {word}."
    )


def meeting() -> Figure:
    """Two bidirectional layers at one step, compared with two stacks of one direction each."""
    canvas = Canvas(400, 306)
    for x, title in ((100, "each layer both ways"), (300, "two stacks")):
        f, b, top, high, low, bottom = x - 34, x + 34, 60, 124, 206, 284
        canvas.text(x, 14, title)
        canvas.token(x, top, "yₜ", colour=BLUE)
        canvas.token(x, bottom, "xₜ")
        for name, column, away in (("f", f, -1), ("b", b, 1)):
            canvas.arrow((x + 8 * away, bottom - 15), (column - 6 * away, low + 21))
            canvas.arrow((column, low - 20), (column, high + 21))
            canvas.arrow((column - 6 * away, high - 20), (x + 10 * away, top + 16))
            for y, level in ((low, 1), (high, 2)):
                canvas.cell(column, y, f"{name}{raised(level)}ₜ")
                canvas.arrow((column + 56 * away, y), (column + 29 * away, y), time=True)
            if x == 100:
                canvas.arrow((column - 8 * away, low - 20), (x + 22 * away * -1, high + 21))
    return canvas.figure(
        "One step of two nets. On the left each cell of the second layer reads both states of the "
        "first layer, forward and backward. On the right the forward stack reads only forward "
        "states and the backward stack only backward ones; the two meet at the answer alone."
    )


def summaries(words: Sequence[str] = ("hate", "at")) -> Figure:
    """Where the summary of each word is in a padded batch, and where output[:, -1] looks.

    Args:
        words: the batch, padded on the right to the longest.
    """
    longest = max(map(len, words))
    left, step, height = 66, 86, 158
    last = left + step * (longest - 1)
    canvas = Canvas(last + 46, height * len(words) + 40)
    for row, word in enumerate(words):
        y = height * row + 22
        canvas.text(4, y + 52, "f", anchor="start")
        canvas.text(4, y + 96, "b", anchor="start")
        for t in range(longest):
            x, there = left + step * t, t < len(word)
            canvas.token(x, y, word[t] if there else PAD, dashed=not there)
            canvas.state(x, y + 52, (word + PAD * longest)[: t + 1], dashed=not there)
            canvas.state(x, y + 96, word[t:] if there else " ", dashed=not there)
        for x, at in ((left + step * (len(word) - 1), 52), (left, 96)):
            canvas.box(x, y + at, "", size=(74, 36), colour=GREEN)
    canvas.path((last, height * len(words) + 12), (last, height * len(words) - 14))
    canvas.text(last + 40, height * len(words) + 24, "output[:, -1] looks here", anchor="end")
    told = "; ".join(
        f"of {word}, forward at its last letter, {word[-1]}, and backward at its first, {word[0]}"
        for word in words
    )
    return canvas.figure(
        f"A batch of {' and '.join(words)}, padded on the right, with what each state has read. "
        f"Framed are the two states that have read the whole word: {told}. The last column, where "
        "output[:, -1] looks, holds a backward state of one letter, or padding."
    )


def guide() -> Figure:
    """The decision as a tree: first the direction, then the depth."""
    canvas = Canvas(396, 636)
    asked = (
        (52, "Is the next item itself/the question?", "one direction"),
        (156, "Must it answer before/the input has ended?", "one direction,/a little late"),
        (
            388,
            "Does a wider layer still/underfit in training?",
            "2 layers; more with/residual, norm",
        ),
        (492, "Two ways: must past and/future be combined?", "2 layers, or a/hidden layer above"),
    )
    canvas.text(8, 12, "First the direction", anchor="start", size=15)
    canvas.text(8, 346, "Then the depth", anchor="start", size=15)
    for y, question, answer in asked:
        _lines(canvas, (108, y), question, (208, 52), GREY)
        _lines(canvas, (318, y), answer, (146, 48), BLUE)
        canvas.arrow((213, y), (244, y))
        canvas.text(228, y - 11, "yes", size=13)
        canvas.arrow((108, y + 27), (108, y + 76))
        canvas.text(126, y + 50, "no", size=13)
    _lines(canvas, (108, 260), "two directions", (208, 44), GREEN)
    _lines(canvas, (108, 596), "one layer", (208, 44), GREEN)
    return canvas.figure(
        "A decision tree. First the direction: if the next item itself is the question, one "
        "direction; if the answer must come before the input has ended, one direction, a little "
        "late where it may wait; else two directions. Then the depth: if a wider layer still "
        "underfits the training set, two layers, and more with residual connections and layer "
        "normalisation; if two directions have to combine past and future, two layers, or a hidden "
        "layer above the states; else one layer."
    )


def _lines(
    canvas: Canvas, place: Point, words: str, size: tuple[float, float], colour: str
) -> None:
    """A box with lines of text, separated by slashes."""
    (x, y), lines = place, words.split("/")
    canvas.box(x, y, "", size=size, colour=colour)
    for row, line in enumerate(lines):
        canvas.text(x, y + 18 * (row - (len(lines) - 1) / 2), line)
