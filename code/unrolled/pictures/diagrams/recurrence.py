"""What a recurrent network is, how its gradient runs back, and what can be done at once."""

from collections.abc import Sequence
from itertools import pairwise

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Figure

TIMES, DASH, LOSS = "\u00d7", "\u2013", "\N{SCRIPT CAPITAL L}"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _at(symbol: str, t: int) -> str:
    return symbol + str(t).translate(SUBSCRIPTS)


def unrolling(letters: Sequence[str], tags: Sequence[str]) -> Figure:
    """The network folded, with its loop, at the top; below, the same network unrolled over a word.

    Args:
        letters: the word, T letters.
        tags: the T tags.
    """
    step, left = 84, 98
    canvas = Canvas(left + step * (len(letters) - 1) + 40, 408)
    middle = left + step * (len(letters) - 1) / 2
    for x, top, letter, tag in (
        (middle, 0, "xₜ", "yₜ"),
        *((left + step * t, 214, *pair) for t, pair in enumerate(zip(letters, tags, strict=True))),
    ):
        canvas.token(x, top + 172, letter)
        canvas.arrow((x, top + 157), (x, top + 116), label="W")
        canvas.cell(x, top + 95)
        canvas.arrow((x, top + 74), (x, top + 36))
        canvas.text(x - 13, top + 55, "V", size=13)
        canvas.token(x, top + 20, tag, colour=BLUE)
        if top:
            canvas.arrow((x - step + 28, top + 95), (x - 29, top + 95), label="U", time=True)
    canvas.loop(middle, 95, "U")
    canvas.state(left - step + 10, 309, "h₀")
    return canvas.figure(
        "Above, a recurrent network: one cell with a loop through U, an input below it and an "
        f"answer above. Below, the same network unrolled over {''.join(letters)}: one cell for "
        "each letter, each with the same W, U and V, each state passed on to the right from the "
        f"initial state, and the tags {', '.join(tags)} above."
    )


def plain_cell() -> Figure:
    """One step of the plain cell with its readout, and the shape of everything."""
    canvas, x = Canvas(390, 360), 190
    for y, end in ((324, 290), (261, 225), (201, 162), (132, 101), (71, 41)):
        canvas.arrow((x, y), (x, end))
    canvas.token(x, 338, "xₜ")
    canvas.gate(x, 275, "W", 44)
    canvas.operator(x, 212, "+")
    canvas.gate(x, 146, "tanh", 58)
    canvas.gate(x, 85, "V", 44)
    canvas.token(x, 25, "yₜ", colour=BLUE)
    canvas.arrow((53, 212), (78, 212), time=True)
    canvas.state(30, 212, "hₜ₋₁")
    canvas.gate(100, 212, "U", 44)
    canvas.arrow((122, 212), (178, 212), time=True)
    canvas.text(262, 212, "b")
    canvas.arrow((252, 212), (203, 212))
    canvas.arrow((219, 146), (314, 146), time=True)
    canvas.state(337, 146, "hₜ")
    for at, y, shape in (
        (215, 338, "D numbers"),
        (220, 275, f"H {TIMES} D"),
        (80, 244, f"H {TIMES} H"),
        (278, 212, "H"),
        (228, 168, "H numbers"),
        (220, 85, f"K {TIMES} H"),
        (215, 25, "K numbers"),
    ):
        canvas.text(at, y, shape, anchor="start", size=13)
    return canvas.figure(
        "One step. The input x at t, D numbers, goes through W, which is H times D; the state "
        "before it goes through U, H times H. Both and the bias b are added, tanh makes the new "
        "state, H numbers, which goes on to the next step and, through V, to the answer, K numbers."
    )


def readers(letters: Sequence[str] = "hate") -> Figure:
    """Four ways to read a word: in slots, as a bag, through a window, letter by letter."""
    canvas, step, left = Canvas(390, 470), 62, 40
    places = [left + step * t for t in range(len(letters))]
    middle = sum(places) / len(places)
    titles = (
        "feed-forward: one matrix for each slot",
        "bag: one matrix, the order is lost",
        "window: one matrix for each place in it",
        "recurrent: one matrix for all steps, and a state",
    )
    tops = [16 + 116 * row for row in range(4)]
    for top, title in zip(tops, titles, strict=True):
        canvas.text(8, top, title, anchor="start")
    for slot in range(6):
        x = left + step * slot
        canvas.token(
            x, tops[0] + 34, letters[slot] if slot < len(letters) else " ", dashed=slot > 3
        )
        canvas.arrow((x, tops[0] + 49), (x, tops[0] + 64))
        canvas.gate(x, tops[0] + 78, _at("W", slot + 1))
    for x, letter in zip(places, sorted(letters), strict=True):
        canvas.token(x, tops[1] + 34, letter)
        canvas.line((x, tops[1] + 48), (middle, tops[1] + 64))
    canvas.gate(middle, tops[1] + 78, "W, then the sum", 130)
    for t, (x, letter) in enumerate(zip(places, letters, strict=True)):
        canvas.token(x, tops[2] + 34, letter, dashed=t > 2)
        if t < 3:
            canvas.arrow((x, tops[2] + 49), (x, tops[2] + 64))
            canvas.gate(x, tops[2] + 78, _at("W", t + 1))
        canvas.token(x, tops[3] + 34, letter)
        canvas.arrow((x, tops[3] + 49), (x, tops[3] + 64))
        canvas.gate(x, tops[3] + 78, "W")
        canvas.arrow((x + 21, tops[3] + 78), (x + step - 22, tops[3] + 78), time=True)
        canvas.text(x + step / 2, tops[3] + 64, "U", size=13)
    canvas.state(places[-1] + step, tops[3] + 78, "h")
    return canvas.figure(
        f"The word {''.join(letters)} read in four ways. A feed-forward net has a matrix for each "
        "of six slots, two of them empty. A bag sums the letters, sorted or not. A window of three "
        "has three matrices and does not see the last letter. A recurrent network uses the one "
        "matrix W at every letter and carries a state on through U."
    )


def backward_flow(T: int = 3) -> Figure:
    """Where the gradient comes from at each step, and where it goes."""
    canvas, step = Canvas(120 * T + 30, 280), 120
    for t in range(1, T + 1):
        x = step * t - 50
        canvas.token(x, 24, _at(LOSS, t), colour=BLUE)
        canvas.arrow((x, 40), (x, 100), label=_at("g", t))
        canvas.cell(x, 122, _at("h", t))
        if t < T:
            canvas.arrow((x + step - 28, 122), (x + 30, 122), time=True)
            canvas.text(x + step / 2, 102, f"Uᵀ{_at('δ', t + 1)}")
        canvas.arrow((x, 142), (x, 182), label=_at("δ", t))
        canvas.line((x, 210), (step * (T + 1) / 2 - 50, 239), GREY)
        canvas.gate(x, 196, "W, U, b", 72)
    canvas.box(step * (T + 1) / 2 - 50, 254, "one sum", size=(96, 30), colour=GREEN)
    canvas.arrow((42, 122), (6, 122), time=True)
    return canvas.figure(
        f"The unrolled network over {T} steps with arrows that run backward. At each step the "
        "error of its own loss, g, comes down and the error from the step after it, U transposed "
        "times delta, comes from the right. Together they give delta, which goes on to the left "
        f"and down to W, U and b. What the {T} steps say of W, U and b is added up."
    )


def paths(lag: int = 3) -> Figure:
    """All paths by which one of two units influences another `lag` steps later."""
    canvas, step = Canvas(100 * lag + 90, 210), 100
    rows = (70, 150)
    for t in range(lag):
        x = 45 + step * t
        for start in rows[:1] if t == 0 else rows:
            for end in rows[1:] if t == lag - 1 else rows:
                canvas.line((x + 18, start), (x + step - 18, end), GREY)
    one = [rows[t % 2] for t in range(lag)] + [rows[1]]
    for t, (start, end) in enumerate(pairwise(one)):
        canvas.line((63 + step * t, start), (27 + step * (t + 1), end), ORANGE, 3.2)
    for t in range(lag + 1):
        x = 45 + step * t
        canvas.text(x, 22, "s" if t == 0 else f"s + {t}")
        for unit, y in enumerate(rows, 1):
            canvas.state(x, y, str(unit), dashed=(t == 0 and unit == 2) or (t == lag and unit == 1))
    canvas.text(45 + step * lag / 2, 194, f"2 units, {lag} steps: {2 ** (lag - 1)} paths")
    return canvas.figure(
        f"Two units drawn at {lag + 1} times. From unit 1 at time s to unit 2 at time s + {lag} "
        f"lead {2 ** (lag - 1)} paths, because every step between may pass through either unit. "
        "One of them is marked. Each path is worth the product of the weights and slopes on it, "
        "and the derivative is their sum."
    )


def scan(T: int = 8) -> Figure:
    """A parallel scan: each round joins every step with one twice as far back as the last round."""
    canvas, step, rise = Canvas(46 * T + 20, 330), 46, 80
    distance, row = 1, 0
    while True:
        y = 56 + rise * row
        for t in range(T):
            x, low = 32 + step * t, max(0, t + 1 - distance) + 1
            merged = row > 0 and t >= distance // 2
            if row:
                canvas.line((x, y - rise + 13), (x, y - 13), INK if merged else GREY, 1.3)
            if merged:
                canvas.line((x - step * distance // 2, y - rise + 13), (x - 6, y - 13), PURPLE)
            label = f"{low}{DASH}{t + 1}" if low <= t else str(t + 1)
            canvas.box(x, y, label, size=(38, 26), colour=PURPLE if merged else GREY)
        if distance >= T:
            break
        distance, row = 2 * distance, row + 1
    canvas.text(10, 18, f"{T} steps, joined in {row} rounds", anchor="start")
    return canvas.figure(
        f"A scan over {T} steps in {row} rounds. In the first round every step is joined with its "
        "left neighbour, in the second with the result two places to the left, in the third with "
        f"that four places to the left. Then place t holds steps 1 to t, up to {T}, and all places "
        "of a round are computed at once."
    )
