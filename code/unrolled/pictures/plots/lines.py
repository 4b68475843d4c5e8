"""Lines: a loss over steps, a rate against a number, a gradient by lag."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from unrolled.pictures.figures import BLUE, GREEN, GREY, ORANGE, Figure
from unrolled.pictures.plots.style import (
    COLOURS,
    FRAMEWORKS,
    LABELS,
    drawing,
    finish,
)

Line = tuple[Sequence[float], Sequence[float]]
STYLES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2)))


def loss_curves(losses: Mapping[str, Sequence[float]], smooth: int = 25) -> Figure:
    """The loss of every step in each framework, and how far apart the two are.

    Args:
        losses: by framework, "pytorch" and "keras", one loss per step.
        smooth: the upper panel shows means over this many steps.
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


def window_errors(rates: Mapping[str, Mapping[int, float]]) -> Figure:
    """Word error rate against the width of the window, one line per split.

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
    """An error rate against a number, one line per series through its means, one dot per run.

    Args:
        series: by name, the rate in percent of each run at each number.
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


def by_layer(norms: Mapping[str, Sequence[float]], label: str) -> Figure:
    """A number for each layer on a logarithmic scale, one line per model.

    Args:
        norms: by model, one number per layer, starting with the layer next to the letters.
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


def lines(
    panels: Mapping[str, Mapping[str, Line]],
    xlabel: str,
    ylabel: str,
    *,
    xscale: str = "linear",
    yscale: str = "linear",
    ylim: tuple[float, float] | None = None,
    marks: str = "",
    levels: Mapping[str, float] | None = None,
) -> Figure:
    """Panels below each other, one line per series; a series looks the same in every panel.

    Args:
        panels: by the panel's title and the name of the series, its x and y values.
        xlabel: what the x values are.
        ylabel: what the y values are.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        ylim: the lowest and the highest value drawn.
        marks: a marker at each point, such as "o".
        levels: by name, values drawn across the whole width.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    # From the sixth line on, the colours repeat, with other dashes.
    looks = {name: (COLOURS[i % 5], STYLES[(i + i // 5) % 4]) for i, name in enumerate(names)}
    size = (5.6, 0.7 + 2.7 * len(panels))
    with drawing(*size, panels=(len(panels), 1)) as (canvas, every):
        for axes, (title, panel) in zip(every, panels.items(), strict=True):
            for name, (places, values) in panel.items():
                style: Any = {"color": looks[name][0], "linestyle": looks[name][1]}
                axes.plot(places, values, marker=marks, label=name, linewidth=2, ms=5, **style)
            for name, value in (levels or {}).items():
                axes.axhline(value, color=GREY, linewidth=1.1)
                axes.annotate(
                    name,
                    (1, value),
                    (-4, 3),
                    ("axes fraction", "data"),
                    "offset points",
                    ha="right",
                )
            axes.set(title=title, xscale=xscale, yscale=yscale, ylabel=ylabel)
            axes.set(ylim=ylim)
            axes.grid(axis="y")
        every[-1].set_xlabel(xlabel)
        if any(len(panel) > 1 for panel in panels.values()):
            by_label = {name: line for axes in every for line, name in _handles(axes)}
            columns = min(len(by_label), 66 // (6 + max(map(len, by_label))))
            handles, labels = list(by_label.values()), list(by_label)
            canvas.legend(handles, labels, loc="outside upper center", ncols=columns)
    told = ". ".join(_said(title, panel) for title, panel in panels.items())
    return finish(canvas, f"{ylabel or 'Values'} against {xlabel}. {told}.")


def by_lag(
    panels: Mapping[str, Mapping[str, Sequence[float]]], ylim: tuple[float, float]
) -> Figure:
    """What is left of a gradient, by lag, on a logarithmic scale, in panels as in `lines`.

    Args:
        panels: by the panel's title and the name of the series, a norm for each lag from 0 on.
        ylim: the lowest and the highest norm drawn.
    """
    placed = {
        title: {name: (range(len(norms)), norms) for name, norms in panel.items()}
        for title, panel in panels.items()
    }
    return lines(placed, "lag", "gradient", yscale="log", ylim=ylim)


def _handles(axes: Axes) -> Iterator[tuple[Any, str]]:
    return zip(*axes.get_legend_handles_labels(), strict=True)


def _said(title: str, panel: Mapping[str, Line]) -> str:
    """The lines of a panel in words: the values at both ends and in the middle."""
    values = "; ".join(
        f"{name} "
        + ", ".join(
            f"{values[at]:.2g} at {places[at]:.4g}"
            for at in dict.fromkeys((0, len(places) // 2, len(places) - 1))
        )
        for name, (places, values) in panel.items()
    )
    return f"{title}: {values}" if title else values


def cost(points: Mapping[str, tuple[float, float]], xlabel: str, ylabel: str) -> Figure:
    """Error rate against cost, a numbered dot for each model; better is towards the lower left.

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
