"""The sentences of practice/basic-rnn that claim an effect, held against the recorded runs."""

import pytest
from unrolled.experiments import store, suite


@pytest.fixture(scope="module")
def runs():
    table = store.table("basic")
    assert set(table["run"]) == {run.name for run in suite.named("basic")}
    return table


@pytest.fixture(scope="module")
def recurrent(runs):
    return runs[runs["model"].isin(["elman", "lstm", "gru"])]


def test_it_misreads_most_words(recurrent):
    """'it misreads most words, in PyTorch and in Keras alike'"""
    assert (recurrent["WER"] > 50).all()


def test_a_net_without_memory_beats_it_by_far(runs, recurrent):
    """'A feed-forward net with no memory at all ... beats it by far'"""
    window = runs[runs["model"] == "window of 5"]
    assert window["WER"].max() < recurrent["WER"].min() - 20


def test_more_memory_gains_little(recurrent):
    """'More memory does not help': the gated cells gain less than 3 points of WER."""
    means = recurrent.groupby("model")["WER"].mean()
    assert abs(means["elman"] - means[["lstm", "gru"]].min()) < 3


def test_the_window_net_has_fewer_parameters_than_the_gated_cells(runs):
    """'with fewer parameters than either'"""
    parameters = runs.groupby("model")["parameters"].first()
    assert parameters["window of 5"] < parameters[["lstm", "gru"]].min()


def test_frameworks_differ_less_than_seeds(runs):
    """'The rates of PyTorch and of Keras differ by less than those of two seeds'"""
    by = runs.groupby(["model", "framework"])["WER"]
    means, ranges = by.mean().unstack(), (by.max() - by.min()).unstack()
    apart = (means["pytorch"] - means["keras"]).abs()
    assert (apart < ranges.max(axis=1)).all()


def test_every_run_is_complete():
    for row in store.rows("basic"):
        assert row["budget"] == "full"
        assert row["recipe"]["words"] is None
        assert not row["commit"].endswith("+")
        for part in ("valid", "test"):
            assert 0 < row[part]["per"] < row[part]["wer"] < 1
