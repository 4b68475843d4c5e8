"""One style for every plot."""

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

from unrolled.pictures.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, Figure, sized

PLACEHOLDER = "#010203"  # stands for the page's own text colour until the SVG is written
_NAMES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
# What Matplotlib writes for a separate file and a page with many pictures must not contain.
_TIDY = (
    (r"<metadata>.*?</metadata>", ""),
    (r"<style.*?</style>", ""),  # it would apply to the whole page
    (r'<g id="[^"]*"', "<g"),  # the same in every picture
    (r'(?<=<svg )(.*?)(viewBox="[^"]*")[^>]*', r"\2 " + _NAMES),
    (r"font-family: [^;\"]*", "font-family: inherit"),
)
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, GREY)
LABELS = {"pytorch": "PyTorch", "keras": "Keras"}
FRAMEWORKS = {"pytorch": ORANGE, "keras": BLUE}
DIVERGING = LinearSegmentedColormap.from_list("unrolled", [BLUE, "#b9b9b9", ORANGE])
SHADES = LinearSegmentedColormap.from_list("shades", [f"{PURPLE}10", PURPLE])  # on any background
STYLE: Any = {
    "axes.edgecolor": PLACEHOLDER,
    "axes.labelcolor": PLACEHOLDER,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "grid.alpha": 0.25,
    "grid.color": PLACEHOLDER,
    "legend.frameon": False,
    "svg.fonttype": "none",  # text stays text: in the page's font, and searchable
    "text.color": PLACEHOLDER,
    "xtick.color": PLACEHOLDER,
    "ytick.color": PLACEHOLDER,
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
    svg = svg[svg.index("<svg ") :].strip().replace(PLACEHOLDER, INK)
    for pattern, instead in _TIDY:
        svg = re.sub(pattern, instead, svg, flags=re.DOTALL)
    return Figure(svg.replace("<svg ", f"<svg {sized(round(100 * width))} ", 1), alt)
