"""The taggers of the practice part, unrolled over a word: one layer, several, both directions."""

from collections.abc import Sequence

from unrolled.pictures.diagrams.canvas import Canvas
from unrolled.pictures.figures import BLUE, GREY, INK, Figure

STEP = 92  # from one letter to the next


def alignment(letters: Sequence[str], tags: Sequence[str], below: str = "tags") -> Figure:
    """Letters at the top, the sounds that each stands for below.

    Args:
        letters: the word, T letters.
        tags: the T tags; "-" is silent, "K S" two sounds.
        below: what the tags are, in the plural.
    """
    canvas = Canvas(64 * len(letters) + 90, 130)
    canvas.text(8, 28, "letters", anchor="start", size=13)
    canvas.text(8, 102, below, anchor="start", size=13)
    for t, (letter, tag) in enumerate(zip(letters, tags, strict=True)):
        x = 64 * t + 112
        silent = tag == "-"
        canvas.token(x, 28, letter)
        canvas.line((x, 42), (x, 88), GREY if silent else INK)
        canvas.token(x, 102, tag, colour=GREY if silent else BLUE, dashed=silent)
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
            canvas.token(x, top, tag, colour=BLUE)
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


def stacked_tagger(
    letters: Sequence[str], tags: Sequence[str], num_layers: int, known: int | None = None
) -> Figure:
    """One-directional layers on top of each other, unrolled over a word.

    Args:
        letters: the word, T letters.
        tags: the T tags.
        num_layers: L.
        known: where given, only the first `known` letters have been read; the rest is dashed.
    """
    known = len(letters) if known is None else known
    left, rise, top = 112, 82, 30
    bottom = top + rise * (num_layers + 1)
    canvas = Canvas(left + STEP * (len(letters) - 1) + 44, bottom + 32)
    for level in range(num_layers):
        name = "layer " + str(level + 1)
        canvas.text(6, bottom - rise * (level + 1), name, size=13, anchor="start")
    for t, (letter, tag) in enumerate(zip(letters, tags, strict=True)):
        x, read = left + STEP * t, t < known
        canvas.token(x, bottom, letter, dashed=not read)
        if not read:
            continue
        for level in range(num_layers):
            y = bottom - rise * (level + 1)
            canvas.arrow((x, y + rise - (20 if level else 15)), (x, y + 21))
            canvas.cell(x, y)
            if t:
                canvas.arrow((x - STEP + 28, y), (x - 29, y), time=True)
        canvas.arrow((x, top + rise - 20), (x, top + 16))
        canvas.token(x, top, tag, colour=BLUE)
    alt = f"{num_layers} recurrent layers on top of each other read {''.join(letters)}: each layer "
    alt += "passes its state on to the right and up to the layer above, the last one to the tags"
    if known < len(letters):
        return canvas.figure(
            f"{alt}. All layers have read {' '.join(letters[:known])} and stand at "
            f"{letters[known - 1]}; {', '.join(letters[known:])} is unread by every layer."
        )
    return canvas.figure(f"{alt} {', '.join(tags)}.")


def bidirectional_tagger(letters: Sequence[str], tags: Sequence[str]) -> Figure:
    """Two layers over the same letters, one from each end, joined at each tag.

    Args:
        letters: the word, T letters.
        tags: the T tags.
    """
    left, step, top, back, ahead, bottom = 130, 116, 30, 108, 184, 262
    canvas = Canvas(left + step * (len(letters) - 1) + 70, bottom + 32)
    canvas.text(6, back, "backward b", size=13, anchor="start")
    canvas.text(6, ahead, "forward f", size=13, anchor="start")
    for t, (letter, tag) in enumerate(zip(letters, tags, strict=True)):
        x = left + step * t
        f, b = x - 18, x + 18
        canvas.token(x, bottom, letter)
        canvas.arrow((f + 8, bottom - 15), (f, ahead + 21))
        canvas.arrow((b - 8, bottom - 15), (b + 14, back + 21))
        canvas.arrow((f, ahead - 21), (x - 8, top + 16))
        canvas.arrow((b, back - 21), (x + 8, top + 16))
        canvas.cell(f, ahead)
        canvas.cell(b, back)
        if t:
            canvas.arrow((f - step + 28, ahead), (f - 29, ahead), time=True)
            canvas.arrow((b - 28, back), (b - step + 29, back), time=True)
        canvas.token(x, top, tag, colour=BLUE)
    return canvas.figure(
        f"Two rows of cells read {''.join(letters)}. In the lower one the states run from left to "
        "right, in the upper one from right to left. At each letter both states lead to one tag: "
        f"{', '.join(tags)}."
    )


def look_ahead(letters: Sequence[str], tags: Sequence[str], delay: int) -> Figure:
    """A one-directional tagger that answers `delay` letters late.

    Args:
        letters: the word, T letters.
        tags: the T tags.
        delay: letters read before the first answer.
    """
    left, top, middle, bottom = 40, 30, 112, 194
    steps = len(letters) + delay
    canvas = Canvas(left + STEP * (steps - 1) + 44, bottom + 32)
    for t in range(steps):
        x, inside = left + STEP * t, t < len(letters)
        canvas.token(x, bottom, letters[t] if inside else " ", dashed=not inside)
        canvas.arrow((x, bottom - 15), (x, middle + 21))
        canvas.cell(x, middle)
        if t:
            canvas.arrow((x - STEP + 28, middle), (x - 29, middle), time=True)
        if t >= delay:
            tag = tags[t - delay]
            canvas.arrow((x, middle - 21), (x, top + 16))
            canvas.token(x, top, tag, colour=BLUE)
    return canvas.figure(
        f"One row of cells reads {''.join(letters)} and then {delay} blanks. The first tag, "
        f"{tags[0]} for {letters[0]}, comes when {' '.join(letters[: delay + 1])} has been read; "
        f"each tag comes {delay} letters late."
    )
