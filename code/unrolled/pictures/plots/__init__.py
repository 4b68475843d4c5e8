"""Every plot as a function from results to a `Figure`, all in one style."""

from unrolled.pictures.plots.bars import (
    change,
    compared,
    grouped,
    letter_uncertainty,
    runs,
    tag_probabilities,
)
from unrolled.pictures.plots.lines import (
    against,
    by_lag,
    by_layer,
    cost,
    lines,
    loss_curves,
    window_errors,
)
from unrolled.pictures.plots.maps import hidden_states, looks, seen, silent_as_words
from unrolled.pictures.plots.style import COLOURS, drawing, finish

__all__ = [
    "COLOURS",
    "against",
    "by_lag",
    "by_layer",
    "change",
    "compared",
    "cost",
    "drawing",
    "finish",
    "grouped",
    "hidden_states",
    "letter_uncertainty",
    "lines",
    "looks",
    "loss_curves",
    "runs",
    "seen",
    "silent_as_words",
    "tag_probabilities",
    "window_errors",
]
