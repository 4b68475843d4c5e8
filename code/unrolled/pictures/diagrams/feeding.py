"""How sequences are fed to a recurrent network: in windows, in streams, by teacher forcing."""

from collections.abc import Sequence

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.diagrams.recurrence import SUBSCRIPTS
from unrolled.pictures.figures import BLUE, GREEN, GREY, ORANGE, Figure


def truncation(T: int = 8, window: int = 4) -> Figure:
    """Truncated backpropagation: the state crosses from window to window, the gradient does not."""
    canvas, step = Canvas(46 * T + 20, 160), 46
    canvas.text(10, 18, "forward: the state goes on", anchor="start")
    canvas.text(10, 146, "backward: the gradient stops", anchor="start")
    for t in range(1, T + 1):
        x = 32 + step * (t - 1)
        canvas.state(x, 56, f"h{t}".translate(SUBSCRIPTS))
        if t < T:
            canvas.arrow((x + 17, 56), (x + step - 16, 56), time=True)
            if t % window:
                canvas.arrow((x + step - 6, 104), (x + 8, 104))
            else:
                canvas.text(x + step / 2, 104, "✕", size=16)
                canvas.line((x + step / 2, 76), (x + step / 2, 92), GREY)
        canvas.line((x, 70), (x, 98), GREY, 1)
    return canvas.figure(
        f"{T} states in windows of {window}. Forward arrows join all of them. Backward arrows join "
        f"those of one window only; between state {window} and state {window + 1} a cross stands "
        "where the gradient stops."
    )


def streams(text: str = "a rolling stone gathers no moss.", batch: int = 2) -> Figure:
    """How a long text is cut into streams: each row continues from batch to batch."""
    canvas, T = Canvas(400, 66 + 62 * batch), len(text) // batch
    size = T // 3
    for column in range(3):
        canvas.text(112 + 112 * column, 20, f"batch {column + 1}")
        for row in range(batch):
            at, (x, y) = row * T + column * size, (112 + 112 * column, 60 + 62 * row)
            end = at + (size if column < 2 else T - 2 * size)
            shown = text[at:end].replace(" ", "␣")
            canvas.box(x, y, shown, size=(84, 32), colour=GREEN)
            if column:
                canvas.arrow((x - 69, y), (x - 43, y), time=True)
    for row in range(batch):
        canvas.text(8, 60 + 62 * row, f"row {row + 1}", anchor="start")
    return canvas.figure(
        f"The text “{text}” cut into {batch} rows. Each row is read in three windows, one a batch, "
        "and the state goes from each window to the next one in the same row."
    )


def teaching(
    targets: Sequence[str] = ("HH", "EY", "T"), predictions: Sequence[str] = ("HH", "AE", "K")
) -> Figure:
    """A network that writes symbols: fed the right symbol before each step, or its own."""
    canvas, step = Canvas(390, 410), 116
    taught = targets[0], predictions[1], targets[2]
    halves = (
        ("in training: told the right one", targets, taught, 0),
        ("in use: told its own", predictions, predictions, 210),
    )
    for title, told, answers, top in halves:
        canvas.text(10, top + 16, title, anchor="start")
        for t, symbol in enumerate(answers):
            x = 62 + step * t
            before = ("start", *told)[t]
            wrong = symbol != targets[t]
            canvas.token(x, top + 56, symbol, colour=ORANGE if wrong else BLUE)
            canvas.cell(x, top + 116)
            canvas.arrow((x, top + 97), (x, top + 72))
            spoilt = bool(top) and t > 0 and before != targets[t - 1]
            canvas.token(x, top + 176, before, colour=ORANGE if spoilt else GREEN)
            canvas.arrow((x, top + 161), (x, top + 137))
            if t:
                canvas.arrow((x - step + 28, top + 116), (x - 29, top + 116), time=True)
                if top:
                    gap, up, down = x - step + 40, top + 56, top + 176
                    canvas.path((gap - 20, up), (gap, up), (gap, down), (x - 20, down))
    return canvas.figure(
        f"Two rows of three cells that speak {' '.join(targets)}. In training each cell is told "
        f"the right symbol before it, so after the slip {predictions[1]} the third cell is told "
        f"{targets[1]} and says {targets[2]}. In use each is told what was said before it: after "
        f"{predictions[1]} the third says {predictions[2]}."
    )
