"""Lattices whose paths a loss sums over: CTC, the transducer, the chain of tags."""

from collections.abc import Sequence
from itertools import pairwise

from unrolled.pictures.diagrams.canvas import DASH, Canvas
from unrolled.pictures.figures import BLUE, GREY, ORANGE, Figure

BLANK = DASH


def ctc_lattice(labels: str, frames: int, path: Sequence[int]) -> Figure:
    """The lattice of CTC with one path.

    Args:
        labels: the target, such as "at".
        frames: T.
        path: for each frame the row of the path, counted from 0 at the first blank.
    """
    written = [BLANK, *(symbol for label in labels for symbol in (label, BLANK))]
    step, high, left, top = 64, 50, 76, 34
    canvas = Canvas(left + step * (frames - 1) + 40, top + high * (len(written) - 1) + 84)
    nodes = {
        (t, s): (left + step * t, top + high * s)
        for t in range(frames)
        for s in range(len(written))
    }
    for (t, s), (x, y) in nodes.items():
        jumps = [0, 1]
        if s + 2 < len(written) and written[s + 2] not in (BLANK, written[s]):
            jumps.append(2)
        for jump in jumps:
            if (t + 1, s + jump) in nodes:
                canvas.line(
                    (x + 13, y),
                    (nodes[t + 1, s + jump][0] - 13, nodes[t + 1, s + jump][1]),
                    GREY,
                    1,
                )
    for t, (a, b) in enumerate(pairwise(path)):
        (x1, y1), (x2, y2) = nodes[t, a], nodes[t + 1, b]
        canvas.arrow((x1 + 14, y1), (x2 - 15, y2), time=True)
    for (t, s), (x, y) in nodes.items():
        canvas.box(x, y, "", size=(24, 24), colour=BLUE if path[t] == s else GREY)
    for s, symbol in enumerate(written):
        canvas.text(26, top + high * s, symbol)
    for t in range(frames):
        canvas.text(left + step * t, top + high * len(written) - 12, f"{t + 1}", size=13)
    canvas.text(left + step * (frames - 1) / 2, top + high * len(written) + 12, "frame", size=13)
    drawn = " ".join(written[s] for s in path)
    return canvas.figure(
        f"The lattice of CTC for {' '.join(labels)} over {frames} frames. Its rows are the labels "
        f"with a blank before, between and after them. A path begins in one of the first two rows, "
        f"stays, goes to the next row, or jumps over a blank between two different labels, and "
        f"ends in one of the last two rows. Drawn is {drawn}."
    )


def transducer_lattice(labels: Sequence[str], frames: int, path: str) -> Figure:
    """The lattice of the transducer with one path.

    Args:
        labels: U labels.
        frames: T.
        path: the steps, "b" for a blank and "l" for a label; without the last blank.
    """
    step, high, left, top = 76, 66, 66, 30
    U = len(labels)
    canvas = Canvas(left + step * (frames - 1) + 76, top + high * U + 60)

    def at(t: int, u: int) -> tuple[float, float]:
        return left + step * t, top + high * (U - u)

    for t in range(frames):
        for u in range(U + 1):
            x, y = at(t, u)
            canvas.box(x, y, "", size=(18, 18), colour=GREY)
            if t + 1 < frames:
                canvas.line((x + 10, y), (x + step - 10, y), GREY, 1)
            if u < U:
                canvas.line((x, y - 10), (x, y - high + 10), GREY, 1)
    t = u = 0
    for move in [*path, "b"]:
        x, y = at(t, u)
        if move == "b":
            canvas.arrow((x + 10, y), (x + step - 12, y), time=True, label=BLANK)
            t += 1
        else:
            canvas.arrow((x, y - 10), (x, y - high + 12), time=True)
            canvas.text(x + 14, y - high / 2, labels[u], size=13)
            u += 1
    for u, label in enumerate(["", *labels]):
        canvas.text(26, at(0, u)[1], label or "start", size=13)
    for t in range(frames):
        canvas.text(at(t, 0)[0], at(t, 0)[1] + 24, f"{t + 1}", size=13)
    canvas.text(at(0, 0)[0] + step * (frames - 1) / 2, at(0, 0)[1] + 44, "frame", size=13)
    return canvas.figure(
        f"The lattice of a transducer for {', '.join(labels)} over {frames} frames. A step to the "
        "right says a blank and takes the next frame, a step up says the next label and stays at "
        "the frame. A path begins at the lower left and ends with a blank at the upper right: "
        + " ".join("blank" if move == "b" else "label" for move in [*path, "b"])
        + "."
    )


def tag_chain(letters: Sequence[str], tags: Sequence[str], best: Sequence[int]) -> Figure:
    """A chain of tags above recurrent states: scores upwards, transitions sideways.

    Args:
        letters: T letters.
        tags: the K tags.
        best: the tag of each letter on the best path, by number.
    """
    step, high, left = 96, 50, 50
    bottom = 8 + high * len(tags)
    canvas = Canvas(left + step * (len(letters) - 1) + 52, bottom + 150)

    def at(t: int, k: int) -> tuple[float, float]:
        return left + step * t, 30 + high * k

    for t in range(len(letters) - 1):
        for a in range(len(tags)):
            for b in range(len(tags)):
                on = (best[t], best[t + 1]) == (a, b)
                (x1, y1), (x2, y2) = at(t, a), at(t + 1, b)
                canvas.line((x1 + 24, y1), (x2 - 24, y2), ORANGE if on else GREY, 3 if on else 1)
    for t, letter in enumerate(letters):
        x = left + step * t
        for k, tag in enumerate(tags):
            canvas.box(x, at(t, k)[1], tag, size=(46, 30), colour=BLUE if best[t] == k else GREY)
        canvas.gate(x, bottom + 22, "V h + c", 72)
        canvas.arrow((x, bottom + 8), (x, bottom - 12))
        canvas.cell(x, bottom + 74, "h")
        canvas.arrow((x, bottom + 54), (x, bottom + 38))
        canvas.token(x, bottom + 130, letter)
        canvas.arrow((x, bottom + 115), (x, bottom + 95))
        if t:
            canvas.both_ways(x - step, x, bottom + 74)
    tagged = ", ".join(f"{letter} {tags[k]}" for letter, k in zip(letters, best, strict=True))
    return canvas.figure(
        "Recurrent states in both directions score each tag of each letter, and a matrix of "
        "transitions scores each pair of tags that follow each other. A tag sequence is a path "
        f"from left to right; the best one is drawn: {tagged}."
    )
