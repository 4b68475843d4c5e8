"""Bars and rows: one for each model, letter or tag."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from unrolled.pictures.figures import BLUE, GREEN, GREY, ORANGE, Figure
from unrolled.pictures.plots.style import (
    FRAMEWORKS,
    LABELS,
    PLACEHOLDER,
    STYLE,
    drawing,
    finish,
)

HEADING = 0.95  # rows that the name of a group takes up
WIDTH = 4.4  # inches, so that all of it fits on a phone


def compared(rates: Mapping[str, float], label: str, marked: Collection[str] = ()) -> Figure:
    """One horizontal bar per model, the best at the bottom.

    Args:
        rates: the error rate of each model, between 0 and 1.
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
    """The model's tag probabilities for one letter in several words: a group of bars per tag.

    Args:
        guesses: for each word, the probability of each tag.
        place: which letter this is, in words.
        top: how many tags are drawn: the most probable ones over all words.
    """
    highest = {tag: max(g[tag] for g in guesses.values()) for tag in next(iter(guesses.values()))}
    tags = sorted(highest, key=lambda tag: -highest[tag])[:top]
    width = 0.8 / len(guesses)
    with drawing(6.4, 2.8) as (canvas, (axes,)):
        for k, (word, guess) in enumerate(guesses.items()):
            at = np.arange(len(tags)) + (k - (len(guesses) - 1) / 2) * width
            hatch = ("", "///", "...")[k % 3]
            bars = [guess[tag] for tag in tags]
            axes.bar(at, bars, width, label=word, hatch=hatch, edgecolor=PLACEHOLDER, linewidth=0.6)
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
    """One horizontal bar per letter, the most uncertain at the top, with its number of tags.

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


def runs(
    rates: Mapping[str, Mapping[str, Sequence[float]]],
    label: str,
    intervals: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """One row per model with a dot for each run, in one colour per framework.

    Args:
        rates: the rate of each run in percent, by model and framework, "pytorch" and "keras".
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


def change(rates: Mapping[str, tuple[float, float]], ends: tuple[str, str], label: str) -> Figure:
    """A line from one rate to another in each row, in the given order.

    Args:
        rates: the two rates of each row, in percent.
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


def grouped(
    groups: Mapping[str, Mapping[str, tuple[float, float, float]]], label: str, what: str
) -> Figure:
    """One bar per model with its interval, under the name of its group; small enough for a phone.

    Args:
        groups: by group and model, the rate in percent and the two ends of its interval.
        label: what the rate is, in a word or two.
        what: what distinguishes the groups, for the alternative text.
    """
    rows = sum(HEADING + len(models) for models in groups.values())
    names, places, place = [], [], 0.0
    with drawing(WIDTH, 0.62 + 0.27 * rows) as (canvas, (axes,)):
        for (group, models), colour in zip(groups.items(), (ORANGE, GREEN, BLUE), strict=False):
            axes.text(0, place, group, weight="bold", va="center")
            for at, (name, (rate, low, high)) in enumerate(models.items()):
                y = place + HEADING + at
                axes.barh(y, rate, height=0.66, color=colour)
                axes.plot((low, high), (y, y), color=STYLE["text.color"], linewidth=2)
                axes.text(max(rate, high) + 1.5, y, f"{rate:.1f}", va="center")
                names.append(name)
                places.append(y)
            place += HEADING + len(models)
        axes.set_yticks(places, names)
        axes.set(xlabel=f"{label}, %", xlim=(0, 100), ylim=(place - 0.4, -0.6))
        axes.tick_params("y", length=0)
        axes.spines["left"].set_visible(False)
    told = "; ".join(
        f"{group}: "
        + ", ".join(
            f"{name} {rate:.1f} ({low:.1f} to {high:.1f})"
            for name, (rate, low, high) in models.items()
        )
        for group, models in groups.items()
    )
    return finish(canvas, f"{label} in percent, by {what}, with intervals. {told}.")
