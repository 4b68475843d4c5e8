"""The hybrids of the practice part, over a word: convolution, attention, encoder-decoder."""

from collections.abc import Sequence

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.figures import BLUE, GREEN, GREY, PURPLE, Figure


def conv_tagger(letters: Sequence[str], tags: Sequence[str], kernel_size: int, at: int) -> Figure:
    """A convolution below the one-directional cells, at the moment when letter `at` is tagged.

    Args:
        letters: the word, T letters.
        tags: the T tags.
        kernel_size: letters that one filter sees, odd.
        at: the letter being tagged, counted from 0; what the model cannot know yet is dashed.
    """
    left, step, reach = 60, 92, kernel_size // 2
    top, middle, below, bottom = 30, 104, 178, 262
    canvas = Canvas(left + step * len(letters), 294)
    for t in range(at + 1):
        for s in range(max(0, t - reach), min(len(letters), t + reach + 1)):
            colour, width = (GREEN, 2.4) if t == at else (GREY, 1)
            start, end = (left + step * s, bottom - 15), (left + step * t, below + 20)
            canvas.line(start, end, colour, width)
    for t, (letter, tag) in enumerate(zip(letters, tags, strict=True)):
        x = left + step * t
        canvas.token(x, bottom, letter, dashed=t > at + reach)
        if t <= at:
            canvas.box(x, below, "conv", size=(58, 34), colour=PURPLE)
            canvas.cell(x, middle)
            canvas.arrow((x, below - 18), (x, middle + 21))
            canvas.arrow((x, middle - 21), (x, top + 16))
            canvas.arrow((x - (step - 28 if t else 54), middle), (x - 29, middle), time=True)
            canvas.token(x, top, tag, colour=BLUE)
    known = " ".join(letters[: at + reach + 1])
    return canvas.figure(
        f"A convolution over {kernel_size} letters feeds one-directional cells that read "
        f"{''.join(letters)}. When {letters[at]} is tagged, the letters {known} are known"
        + (f" and {', '.join(rest)} not." if (rest := letters[at + reach + 1 :]) else ".")
    )


def attention_tagger(
    letters: Sequence[str], tags: Sequence[str], weights: Sequence[float], at: int
) -> Figure:
    """Self-attention over bidirectional states, drawn for one letter.

    Args:
        letters: the word, T letters.
        tags: the T tags.
        weights: how much letter `at` looks at each of the T states; they sum to 1.
        at: the letter whose tag is drawn, counted from 0.
    """
    left, step, top, context, middle, bottom = 48, 92, 30, 104, 200, 276
    canvas = Canvas(left + step * (len(letters) - 1) + 48, 306)
    x_at = left + step * at
    for t, (letter, weight) in enumerate(zip(letters, weights, strict=True)):
        x = left + step * t
        canvas.line((x, middle - 20), (x_at, context + 17), PURPLE, width=0.8 + 9 * weight)
        canvas.token(x, bottom, letter)
        canvas.cell(x, middle, label="h")
        canvas.arrow((x, bottom - 15), (x, middle + 21))
        if t:
            canvas.both_ways(x - step, x, middle)
    canvas.box(x_at, context, "[h, context]", size=(96, 34), colour=PURPLE)
    canvas.arrow((x_at, context - 18), (x_at, top + 16))
    canvas.token(x_at, top, tags[at], colour=BLUE)
    shares = ", ".join(f"{ell} {w:.0%}" for ell, w in zip(letters, weights, strict=True))
    return canvas.figure(
        f"Cells read {''.join(letters)} in both directions. The tag {tags[at]} of the letter "
        f"{letters[at]} comes from its state and from a context, a mean of all states that are "
        f"weighted by where the letter looks: {shares}."
    )


def encoder_decoder(
    letters: Sequence[str], answer: Sequence[str], weights: Sequence[float] | None, at: int = 0
) -> Figure:
    """One network reads, another one writes, each symbol given the one before it.

    Args:
        letters: the word, T letters.
        answer: the output symbols; the end symbol is drawn after them.
        weights: how much step `at` attends to each letter; None: a single vector is passed on.
        at: the step whose attention is drawn, counted from 0.
    """
    left, step, gap, top, middle, bottom = 34, 76, 66, 34, 150, 232
    first = left + step * (len(letters) - 1) + gap + step
    look = left + step * (len(letters) - 1) / 2  # the position of the context
    canvas = Canvas(first + step * len(answer) + 40, 262)
    for t, letter in enumerate(letters):
        x = left + step * t
        if weights is not None:
            canvas.line((x, middle - 20), (look, 67), PURPLE, width=0.8 + 9 * weights[t])
        canvas.token(x, bottom, letter)
        canvas.cell(x, middle, label="read")
        canvas.arrow((x, bottom - 15), (x, middle + 21))
        if t:
            canvas.both_ways(x - step, x, middle)
    canvas.arrow((first - step - gap + 28, middle), (first - 29, middle), label="m", time=True)
    symbols = [*answer, "end"]
    for u, (before, now) in enumerate(zip(["end", *answer], symbols, strict=True)):
        x = first + step * u
        canvas.token(x, bottom, before, colour=BLUE)
        canvas.cell(x, middle, label="say")
        canvas.arrow((x, bottom - 15), (x, middle + 21))
        canvas.arrow((x, middle - 21), (x, top + 16))
        canvas.token(x, top, now, colour=BLUE)
        if u:
            canvas.arrow((x - step + 28, middle), (x - 29, middle), time=True)
    word, spoken = "".join(letters), ", ".join(symbols)
    alt = f"One network reads {word} in both directions, and hands one vector m to another, which "
    alt += f"says {spoken}, each step told what was said before it."
    if weights is not None:
        canvas.box(look, 50, "context", size=(74, 34), colour=PURPLE)
        canvas.arrow((look + 40, 50), (first + step * at - 25, middle - 18))
        shares = ", ".join(f"{ell} {w:.0%}" for ell, w in zip(letters, weights, strict=True))
        alt += f" The step that says {symbols[at]} looks back at the letters: {shares}."
    return canvas.figure(alt)
