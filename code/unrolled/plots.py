"""One style for every plot, and each plot as a function from results to a `Figure`."""

import hashlib
import io
import itertools
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike

from unrolled.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Figure, sized

_INK = "#010203"  # stands for the page's own text colour until the SVG is written
_NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
# What Matplotlib writes for a file of its own and a page with many pictures must not have.
_TIDY = (
    (r"<metadata>.*?</metadata>", ""),
    (r"<style.*?</style>", ""),  # it would hold for the whole page
    (r'<g id="[^"]*"', "<g"),  # the same in every picture
    (r'(?<=<svg )(.*?)(viewBox="[^"]*")[^>]*', r"\2 " + _NAMES),
    (r"font-family: [^;\"]*", "font-family: inherit"),
)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
LABELS = {"pytorch": "PyTorch", "keras": "Keras"}
FRAMEWORKS = {"pytorch": ORANGE, "keras": BLUE}
DIVERGING = LinearSegmentedColormap.from_list("unrolled", [BLUE, "#b9b9b9", ORANGE])
SHADES = LinearSegmentedColormap.from_list("shades", [f"{PURPLE}10", PURPLE])  # over any ground
STYLE: Any = {
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "grid.alpha": 0.25,
    "grid.color": _INK,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: the page's font, and findable
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}


@contextmanager
def drawing(
    width: float = 6.4, height: float = 3.2, panels: tuple[int, int] = (1, 1)
) -> Iterator[tuple[Canvas, list[Axes]]]:
    """A canvas in the book's style and its axes, row by row. `width` and `height` are inches."""
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(width, height))
        yield canvas, list(np.ravel(canvas.subplots(*panels)))


def finish(canvas: Canvas, alt: str) -> Figure:
    """The canvas as a picture for the page."""
    text, width = io.StringIO(), canvas.get_figwidth()
    with mpl.rc_context({**STYLE, "svg.hashsalt": hashlib.sha256(alt.encode()).hexdigest()}):
        canvas.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg ") :].strip().replace(_INK, INK)
    for pattern, instead in _TIDY:
        svg = re.sub(pattern, instead, svg, flags=re.DOTALL)
    return Figure(svg.replace("<svg ", f"<svg {sized(round(100 * width))} ", 1), alt)


def loss_curves(losses: Mapping[str, Sequence[float]], smooth: int = 25) -> Figure:
    """The loss of every step in each framework, and how far the two are apart.

    Args:
        losses: by framework, "pytorch" and "keras", one loss a step.
        smooth: the upper panel shows means of so many steps.
    """
    with drawing(6.8, 4.2, panels=(2, 1)) as (canvas, (above, below)):
        below.sharex(above)
        for (name, values), dash in zip(losses.items(), ("-", (0, (2, 2))), strict=True):
            window = max(1, min(smooth, len(values) // 4))
            means = np.convolve(values, np.ones(window) / window, mode="valid")
            steps = np.arange(len(means)) + window
            style: Any = {"color": FRAMEWORKS[name], "label": LABELS[name], "linestyle": dash}
            above.plot(steps, means, linewidth=2, **style)
        above.set(ylabel="cross-entropy", yscale="log")
        above.legend()
        first, second = (np.asarray(values) for values in losses.values())
        apart = np.abs(first - second)
        means = np.convolve(apart, np.ones(window) / window, mode="valid")
        below.plot(steps, np.maximum(means, 1e-9), color=GREEN)
        below.set(xlabel=f"optimiser step (means of {window})", ylabel="difference", yscale="log")
        for axes in (above, below):
            axes.grid()
    return finish(
        canvas,
        "Above, the training loss of PyTorch and of Keras at each optimiser step, one curve over "
        f"the other. Below, their difference on a logarithmic scale, at its largest "
        f"{apart.max():.1e}.",
    )


def hidden_states(states: Mapping[str, ArrayLike], units: int = 24) -> Figure:
    """The hidden state letter by letter, one panel a word.

    Args:
        states: for each word its hidden states (T, H), all of the same network.
        units: how many of the H units are drawn: those that vary most over these words.
    """
    arrays = {word: np.asarray(h) for word, h in states.items()}
    order = np.argsort(-np.var(np.concatenate(list(arrays.values())), axis=0))[:units]
    width = 1.2 + 0.62 * sum(map(len, arrays))
    with drawing(width, 3.6, panels=(1, len(arrays))) as (canvas, panels):
        for axes, (word, h) in zip(panels, arrays.items(), strict=True):
            image = axes.imshow(h[:, order].T, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto")
            axes.set_xticks(range(len(word)), list(word))
            axes.set(xlabel="letter read", yticks=[])
        panels[0].set_ylabel(f"{len(order)} of {h.shape[1]} hidden units")
        canvas.colorbar(image, ax=panels, label="h", fraction=0.05)
    shared = "".join(
        f" The first {same} columns of {a} and of {b} are the same."
        for a, b in itertools.combinations(arrays, 2)
        if (same := len(os.path.commonprefix([a, b])))  # noqa: RUF071 letters, not folders
    )
    return finish(
        canvas,
        f"The hidden state after each letter of {' and of '.join(arrays)}, as a column of colours "
        f"from blue for -1 to orange for 1.{shared}",
    )


def compared(rates: Mapping[str, float], label: str, marked: Collection[str] = ()) -> Figure:
    """One horizontal bar a model, the best at the bottom.

    Args:
        rates: an error rate by model, between 0 and 1.
        label: what the rate is.
        marked: models drawn in another colour.
    """
    order = sorted(rates, key=lambda name: -rates[name])
    with drawing(6.8, 0.8 + 0.42 * len(order)) as (canvas, (axes,)):
        colours = [ORANGE if name in marked else BLUE for name in order]
        bars = axes.barh(order, [rates[name] for name in order], color=colours, height=0.62)
        axes.bar_label(bars, [f"{rates[name]:.1%}" for name in order], padding=4)
        axes.set(xlabel=label, xlim=(0, 1.12 * max(rates.values())))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.invert_yaxis()
    told = ", ".join(f"{name} {rates[name]:.1%}" for name in order)
    return finish(canvas, f"{label} by model: {told}.")


def tag_probabilities(
    guesses: Mapping[str, Mapping[str, float]], place: str, top: int = 6
) -> Figure:
    """What the model thinks of one letter in several words: a group of bars a tag.

    Args:
        guesses: for each word the probability of each tag.
        place: which letter this is, in words.
        top: how many tags are drawn, the most probable ones of all words.
    """
    highest = {tag: max(g[tag] for g in guesses.values()) for tag in next(iter(guesses.values()))}
    tags = sorted(highest, key=lambda tag: -highest[tag])[:top]
    width = 0.8 / len(guesses)
    with drawing(6.4, 2.8) as (canvas, (axes,)):
        for k, (word, guess) in enumerate(guesses.items()):
            at = np.arange(len(tags)) + (k - (len(guesses) - 1) / 2) * width
            hatch = ("", "///", "...")[k % 3]
            bars = [guess[tag] for tag in tags]
            axes.bar(at, bars, width, label=word, hatch=hatch, edgecolor=_INK, linewidth=0.6)
        axes.set_xticks(range(len(tags)), ["silent" if tag == "-" else tag for tag in tags])
        axes.set(xlabel=f"tag of {place}", ylabel="probability", ylim=(0, 1))
        axes.legend()
    told = "; ".join(
        f"{word}: " + ", ".join(f"{tag} {guess[tag]:.2f}" for tag in tags)
        for word, guess in guesses.items()
    )
    return finish(canvas, f"The probability of each tag of {place}. {told}.")


def letter_uncertainty(
    bits: Mapping[str, float], tags: Mapping[str, int], marked: Collection[str] = ()
) -> Figure:
    """One horizontal bar a letter, the most uncertain at the top, with the number of its tags.

    Args:
        bits: for each letter, how uncertain its tag is.
        tags: for each letter, how many tags it takes.
        marked: letters drawn in another colour.
    """
    order = sorted(bits, key=lambda letter: -bits[letter])
    with drawing(4.4, 0.9 + 0.2 * len(order)) as (canvas, (axes,)):
        colours = [ORANGE if letter in marked else BLUE for letter in order]
        bars = axes.barh(order, [bits[letter] for letter in order], color=colours, height=0.7)
        axes.bar_label(bars, [f"{tags[letter]}" for letter in order], padding=4, fontsize=10)
        axes.set(xlabel="bits", ylim=(len(order) - 0.4, -0.6), xlim=(0, 1.1 * max(bits.values())))
        axes.tick_params("y", length=0)
    told = ", ".join(
        f"{letter} {bits[letter]:.1f} bits and {tags[letter]} tags" for letter in order
    )
    return finish(canvas, f"How uncertain the tag of each letter is. {told}.")


def window_errors(rates: Mapping[str, Mapping[int, float]]) -> Figure:
    """Word error rate against the width of the window, one line a split.

    Args:
        rates: for each split, the word error rate of each width.
    """
    with drawing(5.2, 3.2) as (canvas, (axes,)):
        for (name, line), style in zip(rates.items(), ("o-", "s--", "^:"), strict=False):
            axes.plot(list(line), list(line.values()), style, label=name, linewidth=2)
        sizes = sorted({size for line in rates.values() for size in line})
        axes.set(xlabel="letters in the window", ylabel="word error rate", ylim=(0, 1))
        axes.set_xticks(sizes)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.legend()
        axes.grid(axis="y")
    told = "; ".join(
        f"{name}: " + ", ".join(f"{size} letters {rate:.1%}" for size, rate in line.items())
        for name, line in rates.items()
    )
    return finish(canvas, f"The word error rate by the width of the window. {told}.")


def against(
    series: Mapping[str, Mapping[int, Sequence[float]]],
    xlabel: str,
    ylabel: str,
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """An error rate against a number, one line a series through its means, one dot a run.

    Args:
        series: by name, the rates in percent of each run at each number.
        xlabel: what the number is.
        ylabel: what the rate is.
        levels: rates drawn across the whole width for comparison.
    """
    with drawing(6.4, 3.6) as (canvas, (axes,)):
        styles = itertools.cycle(zip(COLOURS, ("o-", "s--", "^:", "D-."), strict=False))
        for (name, line), (colour, style) in zip(series.items(), styles, strict=False):
            means = [float(np.mean(rates)) for rates in line.values()]
            axes.plot(list(line), means, style, color=colour, label=name, linewidth=2)
            dots = [(number, rate) for number, rates in line.items() for rate in rates]
            axes.plot(*zip(*dots, strict=True), ".", color=colour, alpha=0.5, markersize=4)
        for name, rate in (levels or {}).items():
            axes.axhline(rate, color=GREY, linewidth=1.2, linestyle=(0, (5, 3)))
            axes.annotate(
                name, (1, rate), (-4, 3), ("axes fraction", "data"), "offset points", ha="right"
            )
        axes.set(xlabel=xlabel, ylabel=f"{ylabel}, %")
        axes.set_xticks(sorted({number for line in series.values() for number in line}))
        axes.legend()
        axes.grid(axis="y")
    told = "; ".join(
        f"{name}: " + ", ".join(f"{at} {np.mean(rates):.1f} %" for at, rates in line.items())
        for name, line in series.items()
    )
    across = "".join(f" {name}: {rate:.1f} %." for name, rate in (levels or {}).items())
    return finish(canvas, f"The {ylabel} against: {xlabel}. {told}.{across}")


def looks(maps: Mapping[str, tuple[Sequence[str], ArrayLike]]) -> Figure:
    """Where each step looks, one panel a word: a row for each step, a column for each letter.

    Args:
        maps: by word, what each of the U steps says and the weights (U, T); rows sum to 1.
    """
    arrays = {word: (said, np.asarray(weights)) for word, (said, weights) in maps.items()}
    tallest = max(len(said) for said, _ in arrays.values())
    letters = [len(word) for word in arrays]
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(1.4 + 0.4 * sum(letters), 1.1 + 0.32 * tallest))
        panels = canvas.subplots(1, len(arrays), width_ratios=letters, squeeze=False)[0]
        for axes, (word, (said, weights)) in zip(panels, arrays.items(), strict=True):
            image = axes.imshow(weights, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
            axes.set_xticks(range(len(word)), list(word))
            axes.set_yticks(range(len(said)), [silent_as_words(tag) for tag in said])
            axes.tick_params(length=0)
        canvas.colorbar(image, ax=panels, label="weight", fraction=0.05)
    most = "; ".join(
        f"{word}: "
        + ", ".join(
            f"{silent_as_words(tag)} at {word[row.argmax()]} ({row.max():.0%})"
            for tag, row in zip(said, weights, strict=True)
        )
        for word, (said, weights) in arrays.items()
    )
    return finish(canvas, f"Where each step looks most. {most}.")


def silent_as_words(tag: str) -> str:
    """A tag as a label: the silent one by its name."""
    return "silent" if tag == "-" else tag


def runs(
    rates: Mapping[str, Mapping[str, Sequence[float]]],
    label: str,
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """One row a model with a dot for each run, one colour a framework.

    Args:
        rates: by model and framework, "pytorch" and "keras", the rate in percent of each run.
        label: what the rate is.
        intervals: by model, the two ends of a line behind the dots.
    """
    with drawing(6.8, 0.9 + 0.36 * len(rates)) as (canvas, (axes,)):
        for place, (model, by_framework) in enumerate(rates.items()):
            if intervals and model in intervals:
                axes.plot(intervals[model], [place, place], color=GREY, linewidth=5, alpha=0.45)
            for shift, framework in ((-0.14, "pytorch"), (0.14, "keras")):
                values = by_framework.get(framework, ())
                axes.plot(
                    values,
                    [place + shift] * len(values),
                    "o" if framework == "pytorch" else "D",
                    color=FRAMEWORKS[framework],
                    label=LABELS[framework] if place == 0 else None,
                    markersize=4.5,
                )
        axes.set_yticks(range(len(rates)), list(rates))
        axes.set(xlabel=f"{label}, %", ylim=(len(rates) - 0.5, -0.5))
        axes.tick_params("y", length=0)
        axes.legend(loc="best")
        axes.grid(axis="x")
    told = "; ".join(
        f"{model} "
        + ", ".join(
            f"{LABELS[name]} {min(values):.1f} to {max(values):.1f} %"
            for name, values in by_framework.items()
            if len(values)
        )
        for model, by_framework in rates.items()
    )
    return finish(canvas, f"The {label} of every run by model. {told}.")


def cost(points: Mapping[str, tuple[float, float]], xlabel: str, ylabel: str) -> Figure:
    """What a model costs against how often it errs, a numbered dot each; better is lower left.

    Args:
        points: by name, the cost and the error rate in percent; the numbers count from 1.
        xlabel: what the cost is.
        ylabel: what the rate is.
    """
    with drawing(6.8, 3.9) as (canvas, (axes,)):
        best = [
            (x, y)
            for x, y in points.values()
            if not any(a <= x and b <= y and (a, b) != (x, y) for a, b in points.values())
        ]
        axes.step(*zip(*sorted(best), strict=True), where="post", color=GREY, linewidth=1.2)
        for number, (name, (x, y)) in enumerate(points.items(), 1):
            axes.plot(x, y, "o", color=ORANGE if (x, y) in best else BLUE, label=f"{number} {name}")
            side = 1 if number % 2 else -1
            axes.annotate(
                str(number),
                (x, y),
                (6 * side, 4 * side),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="center",
            )
        axes.set(xlabel=xlabel, ylabel=f"{ylabel}, %")
        axes.margins(x=0.08, y=0.1)
        canvas.legend(loc="outside right upper", handlelength=0, markerscale=0, fontsize=9)
        axes.grid(axis="y")
    told = "; ".join(f"{name} {x:.1f}, {y:.1f} %" for name, (x, y) in points.items())
    return finish(canvas, f"The {ylabel} against: {xlabel}. {told}.")
