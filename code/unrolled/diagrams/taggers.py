"""The taggers of the practice part, and the encoder-decoder, unrolled over a word."""

from collections.abc import Sequence

from unrolled.diagrams.canvas import SILENT, Canvas
from unrolled.figures import BLUE, GREEN, GREY, INK, PURPLE, Figure


def alignment(letters: Sequence[str], tags: Sequence[str]) -> Figure:
    """Letters above, the phonemes that each stands for below.

    Args:
        letters: the word, T letters.
        tags: the T tags; "-" is silent, "K S" two phonemes.
    """
    canvas = Canvas(64 * len(letters) + 90, 130)
    canvas.text(8, 28, "letters", anchor="start", size=13)
    canvas.text(8, 102, "phonemes", anchor="start", size=13)
    for t, (letter, tag) in enumerate(zip(letters, tags, strict=True)):
        x = 64 * t + 112
        silent = tag == "-"
        canvas.token(x, 28, letter)
        canvas.line((x, 42), (x, 88), GREY if silent else INK)
        canvas.token(
            x, 102, SILENT if silent else tag, colour=GREY if silent else BLUE, dashed=silent
        )
    spoken = ", ".join(
        f"{letter} {'is silent' if tag == '-' else 'stands for ' + tag}"
        for letter, tag in zip(letters, tags, strict=True)
    )
    return canvas.figure(f"The word {''.join(letters)} aligned letter by letter: {spoken}.")


def unrolled_tagger(
    letters: Sequence[str], tags: Sequence[str], known: int | None = None
) -> Figure:
    """The one-directional tagger: folded with its loop, then unrolled over a word.

    Args:
        letters: the word, T letters.
        tags: the T tags.
        known: where given, only the first `known` letters have been read; the rest is dashed.
    """
    known = len(letters) if known is None else known
    left, step, top, middle, bottom = 250, 92, 30, 112, 194
    canvas = Canvas(left + step * len(letters), 226)
    canvas.token(52, bottom, "xₜ")
    canvas.cell(52, middle)
    canvas.token(52, top, "yₜ", colour=BLUE)
    canvas.arrow((52, bottom - 15), (52, middle + 21), label="W")
    canvas.arrow((52, middle - 21), (52, top + 16))
    canvas.loop(52, middle, "U")
    canvas.text(150, middle, "=", size=24)
    canvas.text(left - 68, middle, "h₀", size=14)
    for t, (letter, tag) in enumerate(zip(letters, tags, strict=True)):
        x, read = left + step * t, t < known
        before = x - 56 if t == 0 else x - step + 28
        canvas.token(x, bottom, letter, dashed=not read)
        if read:
            canvas.cell(x, middle)
            canvas.arrow((x, bottom - 15), (x, middle + 21), label="W")
            canvas.arrow((x, middle - 21), (x, top + 16))
            canvas.arrow((before, middle), (x - 29, middle), label="U" if t else "", time=True)
            canvas.token(x, top, SILENT if tag == "-" else tag, colour=BLUE)
    word = "".join(letters)
    alt = f"A recurrent network, folded with a loop through U, then unrolled over {word}: "
    if known < len(letters):
        unread = ", ".join(letters[known:])
        return canvas.figure(
            f"{alt}it has read {' '.join(letters[:known])} and tags {letters[known - 1]}, "
            f"while the letters after it, {unread}, are still unread."
        )
    return canvas.figure(
        f"{alt}the same weights W and U at each of the {len(letters)} steps, "
        f"each state passed on to the right, the tags {', '.join(tags)} above."
    )


def conv_tagger(letters: Sequence[str], tags: Sequence[str], kernel_size: int, at: int) -> Figure:
    """A convolution below the one-directional cells, as it is when letter `at` is tagged.

    Args:
        letters: the word, T letters.
        tags: the T tags.
        kernel_size: letters that one filter sees, odd.
        at: the letter whose tag is given, counted from 0; what it cannot know is dashed.
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
            canvas.token(x, top, SILENT if tag == "-" else tag, colour=BLUE)
    known = " ".join(letters[: at + reach + 1])
    return canvas.figure(
        f"A convolution over {kernel_size} letters feeds one-directional cells that read "
        f"{''.join(letters)}. When {letters[at]} is tagged, the letters {known} are known"
        + (f" and {', '.join(rest)} not." if (rest := letters[at + reach + 1 :]) else ".")
    )


def attention_tagger(
    letters: Sequence[str], tags: Sequence[str], weights: Sequence[float], at: int
) -> Figure:
    """Self-attention over two-directional states, drawn for one letter.

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
    canvas.token(x_at, top, SILENT if tags[at] == "-" else tags[at], colour=BLUE)
    shares = ", ".join(f"{ell} {w:.0%}" for ell, w in zip(letters, weights, strict=True))
    return canvas.figure(
        f"Cells read {''.join(letters)} in both directions. The tag {tags[at]} of the letter "
        f"{letters[at]} comes from its state and from a context, a mean of all states that are "
        f"weighted by where the letter looks: {shares}."
    )


def encoder_decoder(
    letters: Sequence[str], phonemes: Sequence[str], weights: Sequence[float] | None, at: int = 0
) -> Figure:
    """One network reads, another one speaks, each phoneme after the one before it.

    Args:
        letters: the word, T letters.
        phonemes: what is said; the end symbol is drawn after them.
        weights: how much step `at` looks at each letter; None: one vector is handed over.
        at: the step whose look is drawn, counted from 0.
    """
    left, step, gap, top, middle, bottom = 34, 76, 66, 34, 150, 232
    first = left + step * (len(letters) - 1) + gap + step
    look = left + step * (len(letters) - 1) / 2  # where the context stands
    canvas = Canvas(first + step * len(phonemes) + 40, 262)
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
    said = [*phonemes, "end"]
    for u, (before, now) in enumerate(zip(["end", *phonemes], said, strict=True)):
        x = first + step * u
        canvas.token(x, bottom, before, colour=BLUE)
        canvas.cell(x, middle, label="say")
        canvas.arrow((x, bottom - 15), (x, middle + 21))
        canvas.arrow((x, middle - 21), (x, top + 16))
        canvas.token(x, top, now, colour=BLUE)
        if u:
            canvas.arrow((x - step + 28, middle), (x - 29, middle), time=True)
    word, spoken = "".join(letters), ", ".join(said)
    alt = f"One network reads {word} in both directions, and hands one vector m to another, which "
    alt += f"says {spoken}, each step told the phoneme before it."
    if weights is not None:
        canvas.box(look, 50, "context", size=(74, 34), colour=PURPLE)
        canvas.arrow((look + 40, 50), (first + step * at - 25, middle - 18))
        shares = ", ".join(f"{ell} {w:.0%}" for ell, w in zip(letters, weights, strict=True))
        alt += f" The step that says {said[at]} looks back at the letters: {shares}."
    return canvas.figure(alt)
