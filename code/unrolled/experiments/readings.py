"""How recorded models read one word, as a picture: the tag of each letter and its probability."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from unrolled.experiments import store
from unrolled.pictures.diagrams import DASH
from unrolled.pictures.figures import BLUE, GREY, ORANGE, Figure
from unrolled.pictures.plots import drawing, finish, silent_as_words

NAMES = {"lstm": "LSTM", "elman": "Elman"}


class Reading(NamedTuple):
    """One model's prediction for a word of T letters.

    Args:
        tags: its T tags.
        sure: the probability of each.
    """

    tags: list[str]
    sure: list[float]


def title(name: str) -> str:
    """The title of a model here: "bidirectional-lstm" is the Bidirectional LSTM."""
    words = name.replace("attention-bidirectional", "attention").split("-")
    called = " ".join(NAMES.get(word, word) for word in words)
    return called[0].upper() + called[1:]


def reading(name: str, word: str) -> Reading:
    """The prediction for a word by the first PyTorch run of a headline model.

    Raises:
        UserError: no weights of the model are stored.
    """
    model = store.model(name)
    p = model.probabilities(model.letters.encode(word)[None])[0]  # (T, K)
    return Reading(model.tags.decode(p.argmax(axis=-1)), p.max(axis=-1).tolist())


def picture(word: str, names: Sequence[str]) -> Figure:
    """A row for each model, a column for each letter; tags that differ between models are framed.

    Raises:
        ValueError: the word has no letters.
        UserError: no weights of a model are stored.
    """
    if not word:
        raise ValueError("a word without letters has no reading")
    readings = {title(name): reading(name, word) for name in names}
    with drawing(1.9 + 0.8 * len(word), 0.55 + 0.75 * len(readings)) as (canvas, (axes,)):
        for t, letter in enumerate(word):
            axes.text(t, -0.62, letter, size=17, ha="center", va="center")
        for row, (name, answer) in enumerate(readings.items()):
            axes.text(-0.7, row, name, ha="right", va="center")
            for t, (tag, sure) in enumerate(zip(answer.tags, answer.sure, strict=True)):
                differ = len({other.tags[t] for other in readings.values()}) > 1
                _cell(axes, (t, row), tag, sure, framed=differ)
        axes.set(xlim=(-0.6, len(word) - 0.4), ylim=(len(readings) - 0.5, -0.95))
        axes.set_axis_off()
    rows = "; ".join(f"{name}: {_as_text(word, answer)}" for name, answer in readings.items())
    return finish(
        canvas, f"What models say of each letter of {word}, and how sure they are. {rows}."
    )


def _cell(axes: Axes, at: tuple[int, int], tag: str, sure: float, *, framed: bool) -> None:
    t, row = at
    shown = DASH if tag == "-" else tag
    frame = {
        "boxstyle": "round,pad=0.25",
        "facecolor": "none",
        "edgecolor": ORANGE,
        "linewidth": 1.5,
    }
    box = frame if framed else None
    axes.text(t, row - 0.17, shown, size=12, weight="bold", ha="center", va="center", bbox=box)
    for width, style in ((sure, {"color": BLUE}), (1, {"edgecolor": GREY, "fill": False})):
        axes.add_patch(Rectangle((t - 0.33, row + 0.1), 0.66 * width, 0.1, linewidth=0.8, **style))
    axes.text(t, row + 0.33, _percent(sure), size=9, ha="center", va="center")


def _percent(sure: float) -> str:
    return ">99 %" if sure >= 0.995 else f"{sure:.0%}".replace("%", " %")


def _as_text(word: str, answer: Reading) -> str:
    return ", ".join(
        f"{letter} {silent_as_words(tag)} {sure:.0%}"
        for letter, tag, sure in zip(word, answer.tags, answer.sure, strict=True)
    )
