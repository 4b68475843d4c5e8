"""The sentences of practice/basic-rnn that claim an effect, held against the recorded runs."""

from functools import partial

import claims
import pytest
from unrolled.experiments import store, suite
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import WindowBackOff

says = partial(claims.says, "practice/basic-rnn")


@pytest.fixture(scope="module")
def runs():
    table = store.table("basic")
    assert set(table["run"]) == {run.name for run in suite.runs_of("basic")}
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
    says("More memory does not help", "within one point of each other")
    means = recurrent.groupby(["model", "framework"])["WER"].mean()
    assert means.max() - means.min() < 1


def test_the_parameters_compare_as_told(runs):
    says(
        "the LSTM tagger has three times the parameters of the plain one",
        "with exactly as many parameters as the plain RNN",
    )
    parameters = runs.groupby("model")["parameters"].first()
    assert 2.5 < parameters["lstm"] / parameters["elman"] < 3.5
    assert parameters["window of 5"] == parameters["elman"]


def test_the_frameworks_end_at_the_same_place(runs):
    says("in PyTorch and in Keras alike", "Their means lie at most")
    means = runs.groupby(["model", "framework"])["WER"].mean().unstack()
    assert (means["pytorch"] - means["keras"]).abs().max() < 1


@pytest.fixture(scope="module")
def counted():
    """WER on the validation words of tables over a window of 5, and over 4 letters before."""
    data = pronunciation.load()
    before = type("Before", (WindowBackOff,), {"windows": [(r, 0) for r in range(5)[::-1]]})
    task = pronunciation.PronunciationTask(data)
    models = {"window": WindowBackOff(5), "before": before(5)}
    return {name: 100 * task.score(m.fit(data.train).predict).wer for name, m in models.items()}


def test_the_window_net_overtakes_the_counts(runs, counted):
    says("After twelve epochs the window net has also overtaken the table of counts")
    window = runs[runs["model"] == "window of 5"]["valid WER"]
    assert window.max() < counted["window"]
    says("Counting the same windows does a little better")  # than three epochs; on the page
    assert counted["window"] - window.min() < 5


def test_counting_the_letters_before_gets_about_as_far(recurrent, counted):
    says("and gets about as far as the RNN")
    assert (recurrent["valid WER"] - counted["before"]).abs().max() < 3


def test_every_run_is_complete():
    says("twelve epochs each", "over three seeds in each framework")
    for row in store.rows("basic"):
        assert row["recipe"]["epochs"] == 12
        assert row["recipe"]["sample"] is None
        assert not row["commit"].endswith("+")
        for part in ("valid", "test"):
            assert 0 < row[part]["per"] < row[part]["wer"] < 1
