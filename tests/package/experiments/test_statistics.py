"""Intervals and comparisons, on errors made so that the answer is known."""

import time

import numpy as np
import pytest
from scipy import stats
from unrolled import cli
from unrolled.errors import UserError
from unrolled.experiments import statistics, store
from unrolled.experiments.store import Scores
from unrolled.tasks.pronunciation import PronunciationTask

WORDS = 400


def scored(distances, lengths):
    return Scores({"distances": distances, "lengths": lengths}, PronunciationTask.measures)


def made(rate, seeds=4, seed=0, words=WORDS, shared=0.0):
    """Runs that misread each word by chance; a share of the words is always misread."""
    rng = np.random.default_rng(seed)
    wrong = rng.random((seeds, words)) < rate
    wrong[:, : round(shared * words)] = True
    return scored(wrong.astype(np.uint8), np.full((seeds, words), 5, np.uint8))


def test_an_interval_holds_the_mean_and_is_as_wide_as_the_words_make_it():
    mean, low, high = statistics.interval(made(0.3, seeds=50))
    assert mean == pytest.approx(30, abs=1)
    assert low < mean < high
    hard = np.zeros((5, WORDS), np.uint8)
    hard[:, ::4] = 1  # every run misreads the same quarter: the words alone spread
    _, low, high = statistics.interval(scored(hard, np.ones_like(hard)))
    by_hand = 2 * 1.96 * 100 * np.sqrt(0.25 * 0.75 / WORDS)
    assert high - low == pytest.approx(by_hand, rel=0.15)


def test_seeds_that_differ_widen_the_interval():
    rng = np.random.default_rng(0)
    wrong = (rng.random((6, WORDS)) < np.linspace(0.1, 0.5, 6)[:, None]).astype(np.uint8)
    unequal = statistics.interval(scored(wrong, np.ones_like(wrong)))
    equal = statistics.interval(made(0.3, seeds=6))
    assert unequal.high - unequal.low > 2 * (equal.high - equal.low)


def test_per_divides_phonemes_by_phonemes():
    distances = np.array([[1, 0, 2], [1, 0, 0]], np.uint8)
    errors = scored(distances, np.array([[4, 2, 4], [4, 2, 4]], np.uint8))
    assert statistics.interval(errors, "PER").mean == pytest.approx(100 * 4 / 20)
    assert statistics.interval(errors, "WER").mean == pytest.approx(100 * 3 / 6)


def test_one_run_has_an_interval_over_words():
    one = made(0.5, seeds=1)
    mean, low, high = statistics.interval(one)
    assert low < mean < high
    assert (high - low) / 2 == pytest.approx(1.96 * 100 * 0.5 / np.sqrt(WORDS), rel=0.2)


def resampled_by_scipy(rate, runs, words):
    """The interval of a rate of runs and words, whose resamples are drawn one after the other."""
    resampled = stats.bootstrap(
        [np.arange(size) if size > 1 else np.zeros(2, int) for size in (*runs, words)],
        rate,
        vectorized=False,
        n_resamples=statistics.RESAMPLES,
        confidence_level=statistics.LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    return list(resampled.confidence_interval)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_an_interval_is_that_of_scipy(seeds):
    rng = np.random.default_rng(seeds)
    distances = rng.integers(0, 3, (seeds, WORDS), np.uint8)
    lengths = rng.integers(3, 9, (seeds, WORDS), np.uint8)

    def wer(runs, words):
        return 100 * (distances[np.ix_(runs, words)] > 0).mean()

    def per(runs, words):
        drawn = np.ix_(runs, words)
        return 100 * distances[drawn].sum() / lengths[drawn].sum()

    for name, rate in (("WER", wer), ("PER", per)):
        mean, *ends = statistics.interval(scored(distances, lengths), name)
        assert mean == pytest.approx(rate(range(seeds), range(WORDS)), rel=1e-12)
        assert ends == pytest.approx(resampled_by_scipy(rate, [seeds], WORDS), rel=1e-12)


def test_the_interval_of_a_difference_is_that_of_scipy():
    first, second = made(0.4, seeds=3, seed=1), made(0.3, seeds=2, seed=2)

    def points(a, b, words):
        one, other = first["distances"][np.ix_(a, words)], second["distances"][np.ix_(b, words)]
        return 100 * ((one > 0).mean() - (other > 0).mean())

    result = statistics.difference(first, second)
    assert result.difference == pytest.approx(points(range(3), range(2), range(WORDS)), rel=1e-12)
    wanted = resampled_by_scipy(points, [3, 2], WORDS)
    assert [result.low, result.high] == pytest.approx(wanted, rel=1e-12)


def test_all_that_is_recorded_is_shown_in_three_seconds(capsys):
    started = time.process_time()
    assert cli.main(["experiments", "show"]) == 0
    assert time.process_time() - started < 3
    assert capsys.readouterr().out.count("are recorded") > 5


def test_a_difference_is_found_and_none_is_not():
    worse, better, same = made(0.4, seed=1), made(0.3, seed=2), made(0.3, seed=3)
    result = statistics.difference(worse, better)
    assert result.low > 0
    assert result.p < 0.05
    assert result.odds > 1.3
    assert result.relative == pytest.approx(100 * result.difference / 30, rel=0.15)
    opposite = statistics.difference(better, worse)
    assert opposite.difference == pytest.approx(-result.difference)
    assert opposite.odds == pytest.approx(1 / result.odds)
    none = statistics.difference(better, same)
    assert none.low < 0 < none.high
    assert none.p > 0.05


def test_words_that_are_hard_for_both_do_not_blur_a_difference():
    """The same gain on top of many shared errors: paired, its interval stays as narrow."""
    alone = statistics.difference(made(0.3, seed=1), made(0.2, seed=2))
    shared = statistics.difference(made(0.3, seed=1, shared=0.5), made(0.2, seed=2, shared=0.5))
    assert shared.high - shared.low < alone.high - alone.low


def test_seeds_that_vary_keep_a_lucky_run_from_counting():
    """Many words make the words' p-value small; two seeds that disagree keep the whole large."""
    rng = np.random.default_rng(0)

    def runs(*rates):
        wrong = rng.random((len(rates), 5000)) < np.array(rates)[:, None]
        return scored(wrong.astype(np.uint8), np.ones(wrong.shape, np.uint8))

    result = statistics.difference(runs(0.30, 0.50), runs(0.25, 0.45))
    assert result.p > 0.2


def test_other_words_are_refused():
    with pytest.raises(ValueError, match="400 and 200 items cannot be compared"):
        statistics.difference(made(0.3), made(0.3, words=200))


def test_p_values_are_corrected_for_their_number(monkeypatch):
    models = {
        name: made(rate, seed=i)
        for i, (name, rate) in enumerate(zip("abc", (0.3, 0.4, 0.4), strict=True))
    }
    monkeypatch.setattr(store, "scores", lambda name, *_: models[name])
    table = statistics.compare([("a", "b"), ("c", "b"), ("a", "c")])
    assert (table["p, Holm"] >= table["p"]).all()
    smallest = table["p"].min()
    assert table["p, Holm"].min() == pytest.approx(min(1, 3 * smallest))


def test_the_errors_of_recorded_runs_give_the_recorded_rates():
    rows = [row for row in store.rows("matched") if row["run"].startswith("bidirectional-lstm-k")]
    errors = store.scores("bidirectional-lstm", "keras", "matched")
    for run, row in enumerate(sorted(rows, key=lambda row: row["seed"])):
        wrong, lengths = errors["distances"][run], errors["lengths"][run]
        assert (wrong > 0).mean() == pytest.approx(row["test"]["wer"], abs=1e-9)
        assert wrong.sum() / lengths.sum() == pytest.approx(row["test"]["per"], abs=1e-9)


def test_a_model_that_is_not_recorded_is_named():
    with pytest.raises(UserError, match="no run of nothing in keras is recorded in matched or"):
        store.scores("nothing", "keras")


def test_every_suite_has_a_summary():
    for suite in ("basic", "tuning"):
        table = statistics.summary(suite)
        assert table["runs"].sum() == len(store.rows(suite))
    assert statistics.summary("tuning")["WER"].isna().all()
