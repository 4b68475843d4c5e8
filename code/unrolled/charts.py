"""The pictures of depth and of direction: their diagrams and their plots."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from unrolled.diagrams import SILENT, Canvas
from unrolled.figures import BLUE, GREY, ORANGE, Figure
from unrolled.plots import COLOURS, drawing, finish

STEP = 92  # from one letter to the next


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
        canvas.token(x, top, SILENT if tag == "-" else tag, colour=BLUE)
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
        canvas.token(x, top, SILENT if tag == "-" else tag, colour=BLUE)
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
            canvas.token(x, top, SILENT if tag == "-" else tag, colour=BLUE)
    return canvas.figure(
        f"One row of cells reads {''.join(letters)} and then {delay} blanks. The first tag, "
        f"{tags[0]} for {letters[0]}, comes when {' '.join(letters[: delay + 1])} has been read; "
        f"each tag comes {delay} letters late."
    )


def seen(maps: Mapping[str, tuple[str, ArrayLike]]) -> Figure:
    """Which letters each answer depends on, one panel a model.

    Args:
        maps: by model, the word of T letters and a (T, T) of bool: answer t depends on letter s.
    """
    arrays = {name: (word, np.asarray(there)) for name, (word, there) in maps.items()}
    tallest = max(len(word) for word, _ in arrays.values())
    size = (2.35 * len(arrays), 0.8 + 0.33 * tallest)
    with drawing(*size, panels=(1, len(arrays))) as (canvas, panels):
        for axes, (name, (word, there)) in zip(panels, arrays.items(), strict=True):
            places = range(len(word))
            for t, s in itertools.product(places, places):
                colour = (BLUE if s <= t else ORANGE) if there[t, s] else GREY
                mark, width = ("s", 11) if there[t, s] else (".", 3)
                axes.plot(s, t, mark, color=colour, markersize=width)
            axes.set_xticks(places, list(word))
            axes.set_yticks(places, list(word))
            axes.set(title=name, xlim=(-0.6, len(word) - 0.4), ylim=(len(word) - 0.4, -0.6))
            axes.set_aspect("equal")
            axes.spines[:].set_visible(False)
            axes.tick_params(length=0)
            axes.xaxis.tick_top()
    told = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{letter} from {' '.join(itertools.compress(word, row))}"
            for letter, row in zip(word, there, strict=True)
        )
        for name, (word, there) in arrays.items()
    )
    return finish(canvas, f"From which letters each letter is tagged. {told}.")


def by_layer(norms: Mapping[str, Sequence[float]], label: str) -> Figure:
    """A number for each layer on a logarithmic scale, one line a model.

    Args:
        norms: by model, one number a layer, the layer next to the letters first.
        label: what the number is.
    """
    with drawing(6.4, 3.4) as (canvas, (axes,)):
        styles = zip(COLOURS, ("o-", "s--", "^:", "D-."), strict=False)
        for (name, line), (colour, style) in zip(norms.items(), styles, strict=False):
            places = range(1, len(line) + 1)
            axes.plot(places, line, style, color=colour, label=name, linewidth=2)
        axes.set(xlabel="layer, from the letters up", ylabel=label, yscale="log")
        axes.set_xticks(range(1, 1 + max(map(len, norms.values()))))
        axes.legend()
        axes.grid(axis="y")
    told = "; ".join(
        f"{name}: {line[0]:.1e} in the first layer and {line[-1]:.1e} in the last"
        for name, line in norms.items()
    )
    return finish(canvas, f"The {label} by layer. {told}.")


def change(rates: Mapping[str, tuple[float, float]], ends: tuple[str, str], label: str) -> Figure:
    """A line from one rate to another in each row, in the given order.

    Args:
        rates: by row the two rates, in percent.
        ends: what the first and the second rate belong to.
        label: what the rates are.
    """
    names = list(rates)
    with drawing(6.8, 0.9 + 0.3 * len(names)) as (canvas, (axes,)):
        for place, (first, second) in enumerate(rates.values()):
            axes.plot((first, second), (place, place), color=GREY, linewidth=2, zorder=1)
        places = range(len(names))
        for at, (end, colour, mark) in enumerate(zip(ends, (ORANGE, BLUE), "os", strict=True)):
            values = [pair[at] for pair in rates.values()]
            axes.plot(values, places, mark, color=colour, label=end, markersize=6)
        axes.set_yticks(places, names)
        axes.set(xlabel=label, ylim=(len(names) - 0.5, -0.5), xlim=(-2, 102))
        axes.xaxis.set_major_formatter(PercentFormatter(100, decimals=0))
        axes.tick_params("y", length=0)
        axes.grid(axis="x")
        canvas.legend(loc="outside upper center", ncols=2)
    told = "; ".join(f"{name} {a:.0f} % and {b:.0f} %" for name, (a, b) in rates.items())
    return finish(canvas, f"{label}, with {ends[0]} and with {ends[1]}. {told}.")
