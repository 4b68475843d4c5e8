"""Maps: a value for each row and column, as a colour or a mark."""

import itertools
import os
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas
from numpy.typing import ArrayLike

from unrolled.pictures.figures import BLUE, GREY, ORANGE, Figure
from unrolled.pictures.plots.style import (
    DIVERGING,
    SHADES,
    STYLE,
    drawing,
    finish,
)


def hidden_states(states: Mapping[str, ArrayLike], units: int = 24) -> Figure:
    """The hidden state letter by letter, one panel per word.

    Args:
        states: for each word, its hidden states (T, H), all from the same network.
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


def looks(maps: Mapping[str, tuple[Sequence[str], ArrayLike]]) -> Figure:
    """Where each step attends, one panel per word: a row for each step, a column per letter.

    Args:
        maps: by word, the output of each of the U steps and the weights (U, T); rows sum to 1.
    """
    arrays = {word: (tags, np.asarray(weights)) for word, (tags, weights) in maps.items()}
    tallest = max(len(tags) for tags, _ in arrays.values())
    letters = [len(word) for word in arrays]
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(1.4 + 0.4 * sum(letters), 1.1 + 0.32 * tallest))
        panels = canvas.subplots(1, len(arrays), width_ratios=letters, squeeze=False)[0]
        for axes, (word, (tags, weights)) in zip(panels, arrays.items(), strict=True):
            image = axes.imshow(weights, cmap=SHADES, vmin=0, vmax=1, aspect="auto")
            axes.set_xticks(range(len(word)), list(word))
            axes.set_yticks(range(len(tags)), [silent_as_words(tag) for tag in tags])
            axes.tick_params(length=0)
        canvas.colorbar(image, ax=panels, label="weight", fraction=0.05)
    most = "; ".join(
        f"{word}: "
        + ", ".join(
            f"{silent_as_words(tag)} at {word[row.argmax()]} ({row.max():.0%})"
            for tag, row in zip(tags, weights, strict=True)
        )
        for word, (tags, weights) in arrays.items()
    )
    return finish(canvas, f"Where each step looks most. {most}.")


def silent_as_words(tag: str) -> str:
    """A tag as a label: the silent one is spelled out."""
    return "silent" if tag == "-" else tag


def seen(maps: Mapping[str, tuple[str, ArrayLike]]) -> Figure:
    """Which letters each output depends on, one panel per model.

    Args:
        maps: by model, the word of T letters and a (T, T) of bool: output t depends on letter s.
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
