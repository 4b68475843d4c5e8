"""The picture of the front page: how often each model errs, grouped by what it may see."""

from collections.abc import Mapping

from unrolled.figures import BLUE, GREEN, ORANGE, Figure
from unrolled.plots import STYLE, drawing, finish

HEADING = 0.95  # rows that the name of a group takes
WIDTH = 4.4  # inches: on a phone all of it stands in its column


def grouped(
    groups: Mapping[str, Mapping[str, tuple[float, float, float]]], label: str, what: str
) -> Figure:
    """One bar a model with its interval, under the name of its group; small enough for a phone.

    Args:
        groups: by group and model the rate in percent and the two ends of its interval.
        label: what the rate is, in a word or two.
        what: what the groups are told apart by, for those who cannot see the picture.
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
