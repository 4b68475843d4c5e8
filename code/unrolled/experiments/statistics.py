"""How sure a comparison is: intervals over seeds and words, and tests on the same words.

A rate that was measured depends on two draws: of the seeds, and of the words. Both are resampled
here, each by itself (the two-way, or pigeonhole, bootstrap: Owen 2007). With few seeds the
resampled means spread less than new ones would, by sqrt((S - 1) / S).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from unrolled.experiments import store
from unrolled.experiments.store import Errors
from unrolled.training import Array

RESAMPLES = 1000
LEVEL = 0.95


class Interval(NamedTuple):
    """A rate in percent with the interval that holds it at the level `LEVEL`."""

    mean: float
    low: float
    high: float


class Comparison(NamedTuple):
    """Two models on the same words; rates in percent, differences in points.

    Args:
        difference: WER of the first minus WER of the second.
        low, high: its interval.
        relative: the difference as a share of the second one's WER, in percent.
        odds: words that the first alone misreads, for one that the second alone misreads.
        p: the larger of two p-values, one for other words and one for other seeds.
    """

    difference: float
    low: float
    high: float
    relative: float
    odds: float
    p: float


def interval(errors: Errors, rate: str = "WER") -> Interval:
    """WER or PER of a model with its interval.

    Args:
        errors: of all runs of the model.
        rate: "WER" or "PER".
    """
    wrong, of = _parts(errors, rate)  # (S, W)

    def statistic(seeds: Array, words: Array) -> float:
        return 100 * wrong[seeds].mean(0)[words].sum() / of[seeds].mean(0)[words].sum()

    return Interval(*_bootstrap(statistic, [len(wrong)], wrong.shape[1]))


def _parts(errors: Errors, rate: str) -> tuple[Array, Array]:
    """What a rate divides by what, of every run and word. Shape: (S, W) twice."""
    if rate == "PER":
        return errors.distances.astype(np.float32), errors.lengths.astype(np.float32)
    wrong = _wrong(errors)
    return wrong, np.ones_like(wrong)


def _wrong(errors: Errors) -> Array:
    """1 where a run misread a word, 0 elsewhere. Shape: (S, W)."""
    return (errors.distances > 0).astype(np.float32)


def difference(first: Errors, second: Errors) -> Comparison:
    """Compares the WER of two models that read the same words.

    The p-value for the words comes from flipping the sign of each word's difference, as it would
    be if both models were the same to it; that for the seeds is Welch's t-test on the rates of the
    runs. The larger of both counts: a difference must hold for other words and for other seeds.

    Raises:
        ValueError: they did not read the same words.
    """
    a, b = _wrong(first), _wrong(second)  # (S_a, W), (S_b, W)
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"{a.shape[1]} and {b.shape[1]} words cannot be compared one by one")

    def statistic(seeds: Array, others: Array, words: Array) -> float:
        return 100 * (a[seeds].mean(0) - b[others].mean(0))[words].mean()

    found = _bootstrap(statistic, [len(a), len(b)], a.shape[1])
    p_a, p_b = a.mean(0, dtype=float), b.mean(0, dtype=float)  # how often each is misread, (W,)
    only_a, only_b = (p_a * (1 - p_b)).sum(), (p_b * (1 - p_a)).sum()
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
        *found,
        relative=100 * (p_a.mean() / p_b.mean() - 1),
        odds=float(only_a / only_b),
        p=float(max(flipped.pvalue, over_seeds.pvalue)),
    )


def _bootstrap(
    statistic: Callable[..., float], runs: Sequence[int], words: int
) -> tuple[float, float, float]:
    """The statistic of all, and the ends of its interval."""
    # A single run is drawn again and again: its interval is over words alone.
    indices = [np.resize(np.arange(size), max(size, 2)) for size in (*runs, words)]
    found = stats.bootstrap(
        indices,
        statistic,
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(statistic(*indices)), float(found.low), float(found.high)


def compare(
    pairs: Iterable[tuple[str, str]], framework: str = "pytorch", *suites: str
) -> pd.DataFrame:
    """Compares pairs of models, with p-values corrected for their number (Holm 1979).

    Args:
        pairs: models by name, such as ("bidirectional-lstm", "basic-lstm").
        framework: "pytorch" or "keras".
        suites: where their runs are recorded; "matched" and "ablations" if none is named.
    """
    pairs = list(pairs)
    errors = {
        name: store.errors(name, framework, *suites) for name in dict.fromkeys(sum(pairs, ()))
    }
    return _corrected(
        {"model": a, "against": b, **difference(errors[a], errors[b])._asdict()} for a, b in pairs
    )


def frameworks(models: Iterable[str], *suites: str) -> pd.DataFrame:
    """Compares each model in PyTorch with the same in Keras, as `compare` does."""
    return _corrected(
        {
            "model": model,
            **difference(
                store.errors(model, "pytorch", *suites), store.errors(model, "keras", *suites)
            )._asdict(),
        }
        for model in models
    )


def _corrected(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    table["p, Holm"] = multipletests(table["p"], method="holm")[1]
    return table


def summary(suite: str) -> pd.DataFrame:
    """What a suite has recorded, one row a model and framework; rates in percent.

    WER is the mean over the runs, `low` and `high` the ends of its interval; of a suite that left
    the test words alone it is missing.
    """
    runs = store.table(suite).groupby(["name", "framework"], sort=False)
    table = runs.agg(
        runs=("seed", "size"),
        parameters=("parameters", "first"),
        epochs=("epochs", "first"),
        seconds=("seconds", "median"),
        **{rate: (rate, "mean") for rate in ("valid PER", "valid WER", "PER", "WER")},
    )
    each = {(store.name(row), row["framework"]): row for row in store.rows(suite)}
    for key in table.index:
        if "distances" in each[key].get("test", {}):
            _, low, high = interval(store.errors(*key, suite))
            table.loc[key, ["low", "high"]] = low, high
    return table.reset_index()
