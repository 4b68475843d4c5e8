"""How certain a comparison is: intervals over seeds and items, and paired tests on the items.

A measured rate depends on two draws: of the seeds, and of the items. Both are resampled here,
independently (the two-way, or pigeonhole, bootstrap: Owen 2007). With few seeds the resampled
means spread less than new ones would, by sqrt((S - 1) / S).
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from unrolled.experiments import store
from unrolled.experiments.store import Scores
from unrolled.tasks.task import Array, Measure

RESAMPLES = 1000
LEVEL = 0.95


class Interval(NamedTuple):
    """A measure, scaled as in tables, with its confidence interval at `LEVEL`."""

    mean: float
    low: float
    high: float


class Comparison(NamedTuple):
    """Two models compared on the same items, by a measure scaled as in tables.

    Args:
        difference: the measure of the first minus that of the second.
        low, high: its confidence interval.
        relative: the difference relative to the second model's measure, in percent.
        odds: items that only the first gets wrong, per item that only the second gets wrong; NaN
            unless each item is right or wrong.
        p: the larger of two p-values, one over items and one over seeds.
    """

    difference: float
    low: float
    high: float
    relative: float
    odds: float
    p: float


def interval(scores: Scores, measure: str | None = None) -> Interval:
    """A measure of a model with its confidence interval.

    Args:
        scores: of all runs of the model.
        measure: its title, such as "PER"; None: the task's first.
    """
    judged = scores.measure(measure)
    values, out_of = judged.parts(scores.arrays)  # (S, N)
    (runs,), items = _draws((len(values),), values.shape[1])
    value = values.mean(dtype=float) / out_of.mean(dtype=float)
    resampled = _means(values, runs, items) / _means(out_of, runs, items)
    return Interval(*_with_ends(value, resampled, judged.scale))


def _shares(scores: Scores, measure: Measure) -> Array:
    """The contributions of the items, whose mean is the measure. Shape: (S, N)."""
    values, out_of = measure.parts(scores.arrays)
    return values / out_of.mean(axis=1, keepdims=True)


def difference(first: Scores, second: Scores, measure: str | None = None) -> Comparison:
    """Compares a measure of two models on the same items.

    The p-value over items comes from a sign-flip test: if the models were equal, the difference on
    each item could as well have the other sign. The one over seeds is Welch's t-test on the runs.
    The larger of the two counts: a difference must hold for other items and for other seeds.

    Args:
        first: the scores of all runs of one model.
        second: those of the other.
        measure: its title; None: the task's first.

    Raises:
        ValueError: they were not scored on the same number of items.
    """
    from scipy import stats

    judged = first.measure(measure)
    a, b = _shares(first, judged), _shares(second, judged)  # (S_a, N), (S_b, N)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{a.shape[1]} and {b.shape[1]} items cannot be compared one by one")
    (runs_a, runs_b), items = _draws((len(a), len(b)), a.shape[1])
    resampled = _means(a, runs_a, items) - _means(b, runs_b, items)
    p_a, p_b = a.mean(0, dtype=float), b.mean(0, dtype=float)  # of each item, (N,)
    odds = np.nan
    if judged.counts:
        odds = (p_a * (1 - p_b)).sum() / (p_b * (1 - p_a)).sum()
    differ = p_a != p_b  # the sign of 0 does not matter
    flipped = stats.permutation_test(
        [(p_a - p_b)[differ]],
        np.mean,
        permutation_type="samples",
        n_resamples=RESAMPLES,
        batch=100,
        rng=np.random.default_rng(0),
    )
    over_seeds = stats.ttest_ind(a.mean(1), b.mean(1), equal_var=False)
    return Comparison(
        *_with_ends(p_a.mean() - p_b.mean(), resampled, judged.scale),
        relative=100 * (p_a.mean() / p_b.mean() - 1),
        odds=float(odds),
        p=float(max(flipped.pvalue, over_seeds.pvalue)),
    )


@lru_cache(maxsize=4)
def _draws(runs: tuple[int, ...], items: int) -> tuple[list[Array], Array]:
    """The draws of each resample: the runs of every model, and a count for each item.

    Models with the same numbers of runs and items share their draws. A single run is drawn every
    time: its interval is over items only.

    Shape: (RESAMPLES, S) for every model, and (RESAMPLES, N).
    """
    rng = np.random.default_rng(0)
    drawn = [rng.integers(max(S, 2), size=(RESAMPLES, max(S, 2))) % S for S in runs]
    counts = np.empty((RESAMPLES, items), np.float32)
    for row, index in zip(counts, rng.integers(items, size=(RESAMPLES, items)), strict=True):
        row[:] = np.bincount(index, minlength=items)
    return drawn, counts


def _means(values: Array, runs: Array, items: Array) -> Array:
    """The mean over the runs and items of each resample. Shape: (RESAMPLES,)."""
    if not np.array_equal(values, np.rint(values)):
        items = items.astype(float)
    sums = items @ values.T  # (RESAMPLES, S); exact for whole numbers below 2^24
    return np.take_along_axis(sums, runs, axis=1).mean(1, dtype=float) / values.shape[1]


def _with_ends(value: float, resampled: Array, scale: float) -> tuple[float, float, float]:
    """A measure, scaled as in tables, with the ends of its confidence interval."""
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return scale * float(value), scale * float(low), scale * float(high)


def compare(
    pairs: Iterable[tuple[str, str]], framework: str = "pytorch", *suites: str
) -> pd.DataFrame:
    """Compares pairs of models, with p-values corrected for their number (Holm 1979).

    Args:
        pairs: names of models, such as ("bidirectional-lstm", "basic-lstm").
        framework: "pytorch" or "keras".
        suites: where their runs are recorded; by default "matched" and "ablations".
    """
    pairs = list(pairs)
    scores = {
        name: store.scores(name, framework, *suites) for name in dict.fromkeys(sum(pairs, ()))
    }
    return _corrected(
        {"model": a, "against": b, **difference(scores[a], scores[b])._asdict()} for a, b in pairs
    )


def frameworks(models: Iterable[str], *suites: str) -> pd.DataFrame:
    """Compares each model in PyTorch with the same model in Keras, as `compare` does."""
    return _corrected(
        {
            "model": model,
            **difference(
                store.scores(model, "pytorch", *suites), store.scores(model, "keras", *suites)
            )._asdict(),
        }
        for model in models
    )


def _corrected(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    from statsmodels.stats.multitest import multipletests

    table = pd.DataFrame(rows)
    table["p, Holm"] = multipletests(table["p"], method="holm")[1]
    return table


def summary(suite: str) -> pd.DataFrame:
    """The recorded results of a suite, one row per model and framework.

    Measures are means over the runs; `low` and `high` are the ends of the first one's confidence
    interval, and are missing for a suite that was not tested.
    """
    recorded = store.table(suite)
    runs = recorded.groupby(["name", "framework"], sort=False)
    judged = [m.title for m in store.measures(store.rows(suite)[0])]
    table = runs.agg(
        runs=("seed", "size"),
        parameters=("parameters", "first"),
        epochs=("epochs", "first"),
        seconds=("seconds", "median"),
        **{title: (title, "mean") for title in (*(f"valid {m}" for m in judged), *judged)},
    )
    each = {(store.name(row), row["framework"]): row for row in store.rows(suite)}
    for key in table.index:
        if any(isinstance(value, str) for value in each[key].get("test", {}).values()):
            _, low, high = interval(store.scores(*key, suite))
            table.loc[key, ["low", "high"]] = low, high
    return table.reset_index()
