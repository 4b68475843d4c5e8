"""One style for every plot, and each plot as a function from results to a `Figure`."""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas

from unrolled.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Figure

_INK = "#010203"  # stands for the page's own text colour until the SVG is written
# What Matplotlib writes for a file of its own and a page with many pictures must not have.
_TIDY = (
    (r"<metadata>.*?</metadata>", ""),
    (r"<style.*?</style>", ""),  # it would hold for the whole page
    (r'<g id="[^"]*"', "<g"),  # the same in every picture
    (r'(?<=<svg )(.*?)(viewBox="[^"]*")[^>]*', r'\2 xmlns:xlink="http://www.w3.org/1999/xlink"'),
    (r"font-family: [^;\"]*", "font-family: inherit"),
)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
FRAMEWORKS = {"pytorch": ORANGE, "keras": BLUE}
DIVERGING = LinearSegmentedColormap.from_list("unrolled", [BLUE, "#b9b9b9", ORANGE])
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
    shape = f'width="{round(100 * width)}" style="max-width:100%;height:auto"'
    return Figure(svg.replace("<svg ", f"<svg {shape} ", 1), alt)
