"""Recurrent networks joined with parts of another kind: where each goes, and what it passes on."""

from collections.abc import Sequence

from unrolled.pictures.diagrams.canvas import DASH, Canvas
from unrolled.pictures.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Figure


def hybrid_seats() -> Figure:
    """The five places where another part can join a recurrent network."""
    canvas = Canvas(430, 400)
    columns, y = (
        (120, 205, 290),
        {"x": 372, "before": 318, "rnn": 246, "instead": 176, "after": 106},
    )
    for t, x in enumerate(columns, 1):
        canvas.token(x, y["x"], f"x{'₁₂₃'[t - 1]}")
        canvas.token(x, 36, f"y{'₁₂₃'[t - 1]}", colour=BLUE)
        for low, high in (("x", "before"), ("before", "rnn"), ("rnn", "instead")):
            canvas.arrow((x, y[low] - 18), (x, y[high] + 21))
        canvas.arrow((x, y["instead"] - 18), (x, y["after"] + 18))
        canvas.arrow((x, y["after"] - 16), (x, 52))
        canvas.box(x, y["rnn"], "", size=(58, 44), colour=BLUE)
        canvas.box(x, y["rnn"], "3", size=(26, 24), colour=PURPLE)
        if t > 1:
            canvas.arrow((columns[t - 2] + 30, y["rnn"]), (x - 31, y["rnn"]), time=True)
    for name, label in (("before", "1 before"), ("instead", "5 instead"), ("after", "2 after")):
        canvas.box(205, y[name], label, size=(236, 30), colour=PURPLE)
    canvas.text(44, y["rnn"], "3 inside")
    canvas.box(382, 212, "4 around", size=(84, 190), colour=PURPLE)
    canvas.arrow((320, y["rnn"] - 8), (339, y["rnn"] - 8))
    canvas.arrow((339, y["rnn"] + 8), (320, y["rnn"] + 8))
    return canvas.figure(
        "A recurrent network over three steps and five places for another part: 1 before the "
        "cells, between them and the input; 2 after them, on the way to the answer; 3 inside each "
        "cell; 4 around the network, as a partner that it asks and that answers; 5 instead of one "
        "of its layers."
    )


def image_reader(word: str = "hat") -> Figure:
    """A convolution turns a picture into columns, a recurrent network reads them, CTC writes."""
    frames = [symbol for letter in word for symbol in (letter, letter, DASH)]
    width, left = 36 * len(frames), 24
    canvas = Canvas(width + 2 * left, 404)
    xs = [left + 36 * (t + 0.5) for t in range(len(frames))]
    canvas.box(left + width / 2, 370, f"picture of {word}: 32 high", size=(width, 44), colour=GREEN)
    canvas.box(left + width / 2, 302, "convolutions and pooling", size=(width, 34), colour=PURPLE)
    canvas.arrow((left + width / 2, 346), (left + width / 2, 321))
    for t, x in enumerate(xs):
        for row in range(3):
            canvas.box(x, 226 + 14 * row, "", size=(22, 13), colour=PURPLE)
        canvas.arrow((x, 284), (x, 263))
        canvas.box(x, 168, "h", size=(24, 28), colour=BLUE)
        canvas.arrow((x, 217), (x, 185))
        canvas.arrow((x, 152), (x, 126))
        canvas.token(x, 110, frames[t], colour=GREY if frames[t] == DASH else BLUE)
        if t:
            canvas.line((xs[t - 1] + 12, 168), (x - 12, 168), ORANGE, 2.6)
    for index, letter in enumerate(word):
        middle = xs[3 * index] + 18
        for x in xs[3 * index : 3 * index + 2]:
            canvas.line((x, 95), (middle, 57), INK, 1.3)
        canvas.token(middle, 42, letter, colour=BLUE)
    canvas.text(left, 16, "merged, blanks dropped", size=13, anchor="start")
    return canvas.figure(
        f"From below: a picture of the word {word}; convolutions with pooling shrink its height "
        f"and leave {len(frames)} columns of features; a recurrent network in both directions "
        f"reads the columns; each column says a letter or a blank: {' '.join(frames)}. Repeated "
        f"letters are merged and blanks are dropped, which leaves {word}."
    )


def _grid(canvas: Canvas, x: float, y: float, label: str, colour: str, marked: int) -> None:
    """A picture of 5 by 5 cells; `marked` cells around its middle are filled."""
    side, reach = 18, marked // 2
    for row in range(5):
        for column in range(5):
            inside = max(abs(row - 2), abs(column - 2)) <= reach
            at = x + side * (column - 2), y + side * (row - 2)
            canvas.box(*at, "", size=(side, side), colour=colour if inside else GREY)
    canvas.text(x, y + 62, label)


def conv_lstm() -> Figure:
    """One step of the convolutional LSTM."""
    canvas = Canvas(400, 400)
    _grid(canvas, 90, 310, "picture xₜ", GREEN, 3)
    _grid(canvas, 310, 310, "state hₜ₋₁", ORANGE, 3)
    canvas.gate(90, 215, "conv W", 76)
    canvas.gate(310, 215, "conv U", 76)
    canvas.arrow((90, 262), (90, 231))
    canvas.arrow((310, 262), (310, 231), time=True)
    canvas.operator(200, 215, "+")
    canvas.arrow((129, 215), (187, 215))
    canvas.arrow((271, 215), (213, 215))
    canvas.gate(200, 160, "gates i f g o", 112)
    canvas.arrow((200, 203), (200, 176))
    canvas.arrow((200, 145), (200, 114))
    _grid(canvas, 200, 66, "", BLUE, 1)
    canvas.text(256, 66, "hₜ, cₜ: one pixel", size=13, anchor="start")
    return canvas.figure(
        "One step of the convolutional LSTM: a pixel of the new state comes from the three by "
        "three pixels around it in the picture x and in the previous state h, each through a "
        "convolution; their sum goes through the gates of the LSTM, at every pixel with the same "
        "weights."
    )


def one_vector(letters: Sequence[str], answer: Sequence[str]) -> Figure:
    """An encoder below, a decoder above, and the single vector between them.

    Args:
        letters: the input.
        answer: the output symbols; the end symbol is drawn after them.
    """
    step, left = 70, 70
    read = [left + step * t for t in range(len(letters))]
    say = [left + step * u for u in range(len(answer) + 1)]
    canvas = Canvas(max(read[-1], say[-1]) + 44, 396)
    for t, (x, letter) in enumerate(zip(read, letters, strict=True)):
        canvas.token(x, 364, letter)
        canvas.cell(x, 296, "read")
        canvas.arrow((x, 349), (x, 317))
        if t:
            canvas.arrow((read[t - 1] + 28, 296), (x - 29, 296), time=True)
    canvas.state(left, 232, "m")
    canvas.path((read[-1], 276), (read[-1], 232), (left + 20, 232), time=True)
    canvas.path((left - 18, 232), (18, 232), (18, 100), (left - 29, 100), time=True)
    symbols = [*answer, "end"]
    for u, (x, before, now) in enumerate(zip(say, ["end", *answer], symbols, strict=True)):
        canvas.token(x, 168, before, colour=BLUE)
        canvas.cell(x, 100, "say")
        canvas.token(x, 30, now, colour=BLUE)
        canvas.arrow((x, 153), (x, 121))
        canvas.arrow((x, 79), (x, 46))
        if u:
            canvas.arrow((say[u - 1] + 28, 100), (x - 29, 100), time=True)
    return canvas.figure(
        f"Below, one network reads {''.join(letters)}; its last state is the vector m. Above, "
        f"another one begins with m and says {', '.join(symbols)}, each step told what was said "
        "before it. Nothing else passes between the two."
    )


def attention_moments() -> Figure:
    """When the decoder looks: before its step (Bahdanau) or after it (Luong)."""
    canvas = Canvas(430, 360)
    for x, title in ((100, "Bahdanau: before"), (326, "Luong: after")):
        canvas.text(x, 18, title)
        canvas.box(x - 54, 330, "states h", size=(76, 28), colour=ORANGE)
        canvas.token(x + 58, 330, "zᵤ₋₁", colour=BLUE)
        canvas.token(x, 62, "zᵤ", colour=BLUE)
    canvas.state(126, 272, "sᵤ₋₁")
    canvas.gate(60, 222, "compare", 76)
    canvas.arrow((40, 315), (40, 238))
    canvas.path((102, 272), (76, 272), (76, 238))
    canvas.text(28, 184, "gᵤ", size=13)
    canvas.cell(134, 156)
    canvas.path((44, 207), (44, 156), (106, 156))
    canvas.arrow((128, 258), (132, 177), time=True)
    canvas.path((172, 315), (172, 156), (162, 156))
    canvas.arrow((130, 136), (106, 78))
    canvas.path((44, 156), (44, 62), (83, 62))
    canvas.state(384, 272, "sᵤ₋₁")
    canvas.cell(366, 222)
    canvas.arrow((380, 258), (372, 243), time=True)
    canvas.path((408, 315), (416, 300), (416, 222), (394, 222))
    canvas.gate(286, 162, "compare", 76)
    canvas.arrow((266, 315), (266, 178))
    canvas.path((366, 202), (366, 162), (326, 162))
    canvas.text(280, 134, "gᵤ", size=13)
    canvas.gate(326, 110, "tanh [s, g]", 100)
    canvas.arrow((290, 147), (306, 126))
    canvas.path((366, 162), (366, 142), (352, 126))
    canvas.arrow((326, 95), (326, 78))
    return canvas.figure(
        "Two decoders at step u. With Bahdanau the state before the step is compared with the "
        "encoder's states, and the context g goes into the cell and into the readout. With Luong "
        "the cell makes its step first, the new state is compared, and context and state are "
        "mixed after it."
    )


def heads(letters: Sequence[str], weights: Sequence[Sequence[float]], at: int) -> Figure:
    """Several heads attend from one state to all states, each with its own weights.

    Args:
        letters: T letters.
        weights: for each of two heads, how much letter `at` attends to each of the T states.
        at: the letter that attends, counted from 0.
    """
    step, left = 76, 52
    right = left + step * (len(letters) - 1)
    canvas = Canvas(right + 52, 306)
    middle = (left + right) / 2
    heads_at = (middle - 74, middle + 74)
    for t, letter in enumerate(letters):
        x = left + step * t
        for place, colour, row in zip(heads_at, (PURPLE, GREEN), weights, strict=True):
            canvas.line((x, 194), (place, 135), colour, 0.6 + 9 * row[t])
        canvas.cell(x, 214, "h")
        canvas.token(x, 282, letter)
        canvas.arrow((x, 267), (x, 235))
        if t:
            canvas.both_ways(x - step, x, 214)
    for number, (place, colour) in enumerate(zip(heads_at, (PURPLE, GREEN), strict=True), 1):
        canvas.box(place, 118, f"head {number}", size=(84, 32), colour=colour)
        canvas.path((place, 101), (place, 70), (middle + (place - middle) / 4, 58))
    canvas.box(middle, 42, "[g¹, g²] → W_O", size=(128, 30), colour=PURPLE)
    told = "; ".join(
        f"head {number} " + ", ".join(f"{a} {w:.0%}" for a, w in zip(letters, row, strict=True))
        for number, row in enumerate(weights, 1)
    )
    return canvas.figure(
        f"Two heads look from the letter {letters[at]} over the states of all letters, each with "
        f"weights of its own: {told}. What they fetch is put side by side and mixed by a matrix."
    )


def memory_network(rows: int = 5) -> Figure:
    """A controller with a memory matrix: it writes at one address and reads at another."""
    canvas = Canvas(400, 292)
    read, write = 1, 3
    for row in range(rows):
        colour = {read: GREEN, write: PURPLE}.get(row, GREY)
        for column in range(4):
            canvas.box(286 + 28 * column, 84 + 34 * row, "", size=(28, 28), colour=colour)
    canvas.text(328, 40, "memory M, N by A")
    canvas.cell(84, 152, "RNN")
    canvas.loop(84, 152, "")
    canvas.token(84, 240, "xₜ")
    canvas.token(84, 40, "yₜ", colour=BLUE)
    canvas.arrow((84, 225), (84, 173))
    canvas.arrow((84, 131), (84, 56))
    canvas.path((268, 84 + 34 * read), (200, 84 + 34 * read), (200, 146), (142, 146), (113, 146))
    canvas.path((113, 162), (200, 162), (200, 84 + 34 * write), (268, 84 + 34 * write))
    canvas.text(196, 104, "read r", size=13)
    canvas.text(178, 204, "key, erase, add", size=13)
    return canvas.figure(
        "A recurrent controller beside a memory of rows. At each step it writes to the rows that "
        "its key points to, erasing and adding, and reads from the rows that another key points "
        "to; what it reads is part of its next input. The recurrent state stays small, the memory "
        "can have more rows without more weights."
    )


def layer_mixes(columns: dict[str, str], window: str = "local") -> Figure:
    """Stacks in which most layers are recurrent and some are attention.

    Args:
        columns: by name, the layers from the bottom up: "R" recurrent, "A" attention.
        window: the label beside the attention.
    """
    kinds = {"R": ("recurrent", BLUE), "A": ("attention", PURPLE)}
    deepest = max(map(len, columns.values()))
    step, bottom = 132, 62 + 38 * deepest
    canvas = Canvas(step * len(columns) + 12, bottom + 66)
    for number, (name, layers) in enumerate(columns.items()):
        x = 72 + step * number
        canvas.text(x, 18, name)
        canvas.arrow((x, bottom + 14), (x, bottom - 1))
        canvas.token(x, bottom + 30, "xₜ")
        for level, kind in enumerate(layers):
            label, colour = kinds[kind]
            canvas.box(x, bottom - 18 - 38 * level, label, size=(100, 28), colour=colour)
            if level:
                canvas.line((x, bottom - 4 - 38 * level + 9), (x, bottom - 4 - 38 * level))
    parts = "; ".join(
        f"{name} {layers.count('R')} recurrent and {layers.count('A')} attention"
        for name, layers in columns.items()
    )
    return canvas.figure(
        f"The layers of one block, from the bottom up, without the feed-forward layers between "
        f"them: {parts}."
    )
