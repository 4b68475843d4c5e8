"""The sentences of practice/basic-rnn that claim an effect, held against the recorded runs."""

from functools import partial

import claims
import pytest
from unrolled.experiments import store, suite

says = partial(claims.says, "practice/basic-rnn")


@pytest.fixture(scope="module")
def runs():
    table = store.table("basic")
    assert set(table["run"]) == {run.name for run in suite.named("basic")}
    return table


@pytest.fixture(scope="module")
def recurrent(runs):
    return runs[runs["model"].isin(["elman", "lstm", "gru"])]


def test_it_misreads_most_words(recurrent):
    says("it misreads most words, in PyTorch and in Keras alike")
    assert (recurrent["WER"] > 50).all()


def test_a_net_without_memory_beats_it_by_far(runs, recurrent):
    says("A feed-forward net with no memory at all, which sees two letters ahead, beats it by far.")
    window = runs[runs["model"] == "window of 5"]
    assert window["WER"].max() < recurrent["WER"].min() - 20


def test_the_three_cells_end_at_the_same_place(recurrent):
    says("More memory does not help", "The three cells end at the same place")
    means = recurrent.groupby(["model", "framework"])["WER"].mean()
    assert means.max() - means.min() < 1


def test_the_parameters_compare_as_told(runs):
    says(
        "the LSTM has three times the parameters of the plain cell",
        "with exactly as many parameters as the plain RNN",
    )
    parameters = runs.groupby("model")["parameters"].first()
    assert 2.5 < parameters["lstm"] / parameters["elman"] < 3.5
    assert parameters["window of 5"] == parameters["elman"]


def test_the_frameworks_end_at_the_same_place(runs):
    says("their rows are as good as other seeds")
    means = runs.groupby(["model", "framework"])["WER"].mean().unstack()
    assert (means["pytorch"] - means["keras"]).abs().max() < 1


def test_every_run_is_complete():
    says("twelve epochs each", "over three seeds in each framework")
    for row in store.rows("basic"):
        assert row["recipe"]["epochs"] == 12
        assert row["recipe"]["words"] is None
        assert not row["commit"].endswith("+")
        for part in ("valid", "test"):
            assert 0 < row[part]["per"] < row[part]["wer"] < 1
