"""All cells side by side: their recorded results, as one table and two plots.

The results are in three files of `book/results`: `cells` (spelling to sound in both directions,
every cell with the same number of parameters), `memory` (the longest lag learnt on three synthetic
tasks) and `pace` (seconds per training step). What has not been recorded shows as a dash.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from unrolled.cells import CELLS, FAMILIES
from unrolled.experiments import store
from unrolled.experiments.trials import LAGS, STEPS, TASKS
from unrolled.pictures.figures import GREY, Figure
from unrolled.pictures.plots import COLOURS, drawing, finish
from unrolled.tasks import pronunciation

TITLES = {name: cell.title for name, cell in CELLS.items()}
MARKS = ("o", "s", "^", "D", "v", "P")  # one per family, so that colour is never the only cue
DASH = "\u2013"
MEASURE = pronunciation.TASK.measures[1]  # the metric that compares the suite `cells`


class Lag(NamedTuple):
    """How far back a cell learnt to remember.

    Args:
        longest: the longest lag that more than half of the seeds learnt; 0: not even the shortest.
        seeds: the number of seeds.
    """

    longest: int
    seeds: int

    def __str__(self) -> str:
        if self.longest == 0:
            return f"< {LAGS[0]}"
        return f"\u2265 {self.longest}" if self.longest == LAGS[-1] else f"{self.longest}"


def right() -> pd.DataFrame:
    """The accuracy of each cell on the test items, in percent: one row per cell."""
    runs = store.table("cells")
    if runs.empty:
        return pd.DataFrame(columns=["mean", "lowest", "highest", "seeds", "size"])
    runs = runs[runs["framework"] == "pytorch"].assign(
        cell=[name.removeprefix("bidirectional-") for name in runs["name"]]
    )
    runs = runs.assign(right=100 - runs[MEASURE.title])
    by_cell = runs.groupby("cell").agg(
        mean=("right", "mean"),
        lowest=("right", "min"),
        highest=("right", "max"),
        seeds=("seed", "size"),
        size=("parameters", "first"),
    )
    return by_cell.loc[[name for name in TITLES if name in by_cell.index]]


def lags(rows: Sequence[Mapping[str, Any]] | None = None) -> dict[tuple[str, str], Lag]:
    """The longest lag learnt, by cell and task.

    Args:
        rows: as in `memory.jsonl`; None: the recorded ones.
    """
    learnt: dict[tuple[str, str], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in store.rows("memory") if rows is None else rows:
        learnt[row["cell"], row["task"]][row["seed"]] += [row["lag"]] if row["solved"] else []
    longest = {}
    for key, by_seed in learnt.items():
        passed = [
            lag for lag in LAGS if 2 * sum(lag in lags for lags in by_seed.values()) > len(by_seed)
        ]
        longest[key] = Lag(max(passed, default=0), len(by_seed))
    return longest


def paces(rows: Sequence[Mapping[str, Any]] | None = None) -> pd.DataFrame:
    """Time per training step relative to the LSTM's loop: rows are cell and form, columns T.

    Args:
        rows: as in `pace.jsonl`; None: the recorded ones.
    """
    given = pd.DataFrame(list(store.rows("pace") if rows is None else rows))
    if given.empty:
        empty = pd.MultiIndex.from_tuples([], names=["cell", "form"])
        return pd.DataFrame(index=empty, columns=list(STEPS))
    medians = given.pivot_table("relative", ["cell", "form"], "T", aggfunc="median")
    order = [key for key in TITLES if key in medians.index.get_level_values("cell")]
    return medians.reindex(order, level="cell")


def table() -> pd.DataFrame:
    """One row per cell, as text.

    Columns: the accuracy; the longest lag learnt in each task; the time per training step for
    sequences of several lengths, as a loop and all at once (LSTM's loop = 1).
    """
    scored, remembered, timed = right(), lags(), paces()

    def pace(cell: str, form: str, T: int) -> str:
        there = T in timed and (cell, form) in timed.index
        value = float(timed[T][cell, form]) if there else math.nan
        return DASH if math.isnan(value) else f"{value:.2g}"

    rows = []
    for cell in TITLES:
        there = cell in scored.index
        rows.append(
            {
                (MEASURE.counted, "right, %"): f"{scored['mean'][cell]:.1f}" if there else DASH,
                **{("lag", task): str(remembered.get((cell, task), DASH)) for task in TASKS},
                **{("loop", str(T)): pace(cell, "sequential", T) for T in STEPS},
                **{("at once", str(T)): pace(cell, "parallel", T) for T in STEPS},
            }
        )
    columns = pd.MultiIndex.from_tuples(rows[0])
    return pd.DataFrame([list(row.values()) for row in rows], list(TITLES.values()), columns)


def right_by_cell() -> Figure:
    """The accuracy, best cell first: the mean, the lowest and the highest run."""
    scored = right().sort_values("mean")
    families = list(FAMILIES)
    with drawing(6.6, 1.2 + 0.24 * len(scored)) as (canvas, (axes,)):
        for place, (cell, row) in enumerate(scored.iterrows()):
            number = families.index(CELLS[str(cell)].family)
            colour, mark = [*COLOURS, GREY][number], MARKS[number]
            axes.plot((row["lowest"], row["highest"]), (place, place), color=colour, linewidth=2)
            axes.plot(row["mean"], place, mark, color=colour, markersize=6)
        axes.set_yticks(range(len(scored)), [TITLES[str(cell)] for cell in scored.index])
        axes.set(xlabel=f"{MEASURE.counted} right, %", ylim=(-0.6, len(scored) - 0.4))
        axes.tick_params("y", length=0)
        axes.grid(axis="x")
        for number, name in enumerate(families):
            axes.plot([], [], MARKS[number], color=[*COLOURS, GREY][number], label=name)
        canvas.legend(loc="outside upper center", ncols=3)
    shares = "; ".join(
        f"{TITLES[str(cell)]} {row['mean']:.1f} %" for cell, row in scored[::-1].iterrows()
    )
    return finish(
        canvas,
        f"The share of {MEASURE.counted} read right, cell by cell. "
        f"{shares or 'Nothing is recorded yet'}.",
    )


def pace_by_length(cells: Sequence[str]) -> Figure:
    """Time per training step against T: the loop solid, all steps at once dashed.

    Args:
        cells: those to draw, at most five.
    """
    timed = paces()
    told = []
    with drawing(6.8, 4.2) as (canvas, (axes,)):
        for cell, colour, mark in zip(cells, COLOURS, MARKS, strict=False):
            for form, dash in (("sequential", "-"), ("parallel", "--")):
                if (cell, form) not in timed.index:
                    continue
                line = pd.Series(timed.T[cell, form]).dropna()
                name = f"{TITLES[cell]}, {'loop' if form == 'sequential' else 'at once'}"
                axes.plot(line.index, line, dash, marker=mark, color=colour, label=name)
                told.append(f"{name}: " + ", ".join(f"T = {T} {v:.2g}" for T, v in line.items()))
        axes.axhline(1, color=GREY, linewidth=1)
        axes.set(xlabel="T", ylabel="time of a step (LSTM loop = 1)", xscale="log", yscale="log")
        axes.set_xticks(STEPS, [str(T) for T in STEPS])
        axes.minorticks_off()
        if told:
            canvas.legend(loc="outside right upper", fontsize=9)
        axes.grid()
    return finish(
        canvas,
        "The time of a training step against the length of the sequence, as a multiple of the "
        f"LSTM's loop. {'; '.join(told) or 'Nothing is recorded yet'}.",
    )
