"""Lines over a number: the plots of the chapters on time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from unrolled.figures import GREY, Figure
from unrolled.plots import COLOURS, drawing, finish

Line = tuple[Sequence[float], Sequence[float]]
STYLES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1, 2)))


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
    """Panels below each other, each with one line a series; the same series looks the same in all.

    Args:
        panels: by the panel's title, and by the name of the series, its places and its values.
        xlabel: what the places are.
        ylabel: what the values are.
        xscale: "linear" or "log".
        yscale: "linear" or "log".
        ylim: the lowest and the highest value drawn.
        marks: a mark at each place, such as "o".
        levels: by name, values drawn across the whole width.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    # The sixth line and those after it take the colours again, with other dashes.
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
            found = {name: line for axes in every for line, name in _handles(axes)}
            columns = min(len(found), 66 // (6 + max(map(len, found))))
            handles, labels = list(found.values()), list(found)
            canvas.legend(handles, labels, loc="outside upper center", ncols=columns)
    told = ". ".join(_said(title, panel) for title, panel in panels.items())
    return finish(canvas, f"{ylabel or 'Values'} against {xlabel}. {told}.")


def _handles(axes: Axes) -> Iterator[tuple[Any, str]]:
    return zip(*axes.get_legend_handles_labels(), strict=True)


def _said(title: str, panel: Mapping[str, Line]) -> str:
    """The lines of a panel in words: each at its ends and in the middle."""
    said = "; ".join(
        f"{name} "
        + ", ".join(
            f"{values[at]:.2g} at {places[at]:.4g}"
            for at in dict.fromkeys((0, len(places) // 2, len(places) - 1))
        )
        for name, (places, values) in panel.items()
    )
    return f"{title}: {said}" if title else said
