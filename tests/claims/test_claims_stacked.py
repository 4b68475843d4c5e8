"""The sentences of practice/stacked-rnn that claim an effect, held against the recorded runs."""

from functools import partial
from itertools import pairwise

import claims
import numpy as np
import pandas as pd
import pytest
from unrolled.experiments import statistics, store, suite

says = partial(claims.says, "practice/stacked-rnn")

ONE = ["basic-lstm", "stacked-2-layers", "stacked-lstm", "stacked-4-layers"]
TWO = ["bidirectional-lstm", "stacked-bidirectional-lstm", "stacked-bidirectional-3-layers"]
ADDED = [f"stacked-4-layers-{what}" for what in ("residual", "norm", "dropout")]


@pytest.fixture(scope="module")
def runs():
    table = pd.concat([store.table("matched"), store.table("ablations")])
    return table.assign(name=table["run"].str.replace(r"-(pytorch|keras)-\d+$", "", regex=True))


@pytest.fixture(scope="module")
def means(runs):
    """The mean scores of the PyTorch runs of each model, in percent."""
    in_pytorch = runs[runs["framework"] == "pytorch"]
    return in_pytorch.groupby("name")[["WER", "PER"]].mean()


@pytest.fixture(scope="module")
def loss():
    """The training loss by model and epoch, averaged over the PyTorch runs."""
    curves = {}
    for row in [*store.rows("matched"), *store.rows("ablations")]:
        if row["framework"] == "pytorch":
            runs = curves.setdefault(row["run"].rsplit("-", 2)[0], [])
            runs.append([epoch["loss"] for epoch in row["epochs"]])
    return {name: np.mean(runs, axis=0) for name, runs in curves.items()}


def test_every_model_has_as_many_parameters(runs):
    says(
        "Every run took eight epochs and was scored on the test words.",
        "All models have about {glue:text}`parameters:,` parameters, so a deeper one is narrower",
    )
    ours = runs[runs["name"].isin([*ONE, *TWO, *ADDED])]
    assert set(ours["name"]) == {*ONE, *TWO, *ADDED}
    assert (abs(ours["parameters"] / suite.PARAMETERS - 1) < 0.02).all()
    for row in [*store.rows("matched"), *store.rows("ablations")]:
        if row["run"] in set(ours["run"]):
            assert row["recipe"]["epochs"] == len(row["epochs"]) == 8
            assert row["recipe"]["sample"] is None


def test_one_direction_gains_nothing_from_depth(means):
    says(
        "With one direction it does not: two, three or four layers misread as many words as one",
        "In one direction the means of all four depths lie within",
        "There is not much room between the two",
    )
    rates = means.loc[ONE, "WER"]
    assert rates.max() - rates.min() < 1.5
    assert rates.min() > rates["basic-lstm"] - 0.75
    assert rates["basic-lstm"] > 80


def test_two_directions_gain_from_a_second_layer(means):
    says("With two directions a second layer does help")
    one, two, _ = means.loc[TWO, "WER"]
    assert two < one - 1.25


def test_the_third_layer_gives_most_of_it_back(means):
    says(
        "at this size the third gives back most of what the second has gained",
        "The third takes it back to",
    )
    one, two, three = means.loc[TWO, "WER"]
    assert three - two > 0.5 * (one - two)


def test_keras_says_the_same(runs):
    says("Keras says the same")
    rates = runs[runs["framework"] == "keras"].groupby("name")["WER"].mean()
    assert abs(rates["stacked-lstm"] - rates["basic-lstm"]) < 1
    assert rates["stacked-bidirectional-lstm"] < rates["bidirectional-lstm"] - 1


def test_the_difference_in_two_directions_is_not_luck():
    says(
        "Other words and other seeds would hardly turn the second layer's gain in two directions "
        "into a loss."
    )
    difference = statistics.difference(store.scores(TWO[1]), store.scores(TWO[0]))
    assert difference.high < -0.5
    assert difference.p < 0.025  # of two comparisons


def test_the_difference_in_one_direction_may_be_nothing():
    says("In one direction the interval holds zero")
    difference = statistics.difference(store.scores("stacked-lstm"), store.scores("basic-lstm"))
    assert difference.low < 0 < difference.high


def test_deeper_networks_learn_their_training_words_less_well(loss):
    says("In one direction it *rises* with depth.")
    last = [loss[name][-1] for name in ONE]
    assert all(deeper > one + 0.005 for one, deeper in pairwise(last))


def test_the_gain_does_not_hang_on_the_lstm(means):
    says("With the plain cell and with the GRU two layers beat one of as many parameters, too")
    for cell in ("elman", "gru"):
        one, two = means.loc[[f"bidirectional-{cell}", f"stacked-bidirectional-{cell}"], "WER"]
        assert two < one - 1


def test_the_gru_took_the_rate_of_the_lstm():
    says("The GRU took the learning rate that was searched for the LSTM.")
    wanted = {
        f"{kind}-{cell}" for kind in ("bidirectional", TWO[1][:-5]) for cell in ("lstm", "gru")
    }
    rates = {
        row["run"].rsplit("-", 2)[0]: row["recipe"]["learning_rate"]
        for row in [*store.rows("matched"), *store.rows("ablations")]
    }
    assert len({rates[name] for name in wanted}) == 1


def test_residual_connections_and_normalisation_train_like_one_layer(means, loss):
    says(
        "Residual connections and normalisation make the deep stack train like a shallow one.",
        "That mends what depth had broken.",
        "It does not get past the single layer by more than a fraction of a point",
    )
    plain, one = loss["stacked-4-layers"], loss["basic-lstm"]
    for what in ADDED[:2]:
        assert loss[what][0] < plain[0] - 1
        assert abs(loss[what][0] - one[0]) < 0.4
        assert loss[what][-1] < plain[-1] - 0.05
        assert means.loc[what, "PER"] < means.loc["stacked-4-layers", "PER"] - 0.7
        assert means.loc[what, "WER"] > means.loc["basic-lstm", "WER"] - 1


def test_dropout_hurts(means, loss):
    says("**Dropout hurts.**", "its training loss stays the highest of all")
    assert means.loc[ADDED[2], "WER"] > means.loc["stacked-4-layers", "WER"] + 1
    assert means.loc[ADDED[2], "PER"] > means.loc["stacked-4-layers", "PER"] + 1.5
    final_losses = [loss[name][-1] for name in [*ONE, *ADDED[:2]]]
    assert loss[ADDED[2]][-1] > max(final_losses) + 0.05


def test_the_start_takes_longer_with_each_layer(loss):
    says("and it gets longer with each layer")
    first = [loss[name][0] for name in ONE]
    assert all(deeper > one + 0.15 for one, deeper in pairwise(first))


def test_the_gap_hangs_on_the_learning_rate():
    says("Who compares depths at one learning rate compares learning rates.")
    per = {"basic": {}, "stacked": {}}
    for row in store.rows("tuning"):
        lstm = row["variant"].startswith("lstm") and not row["arguments"]["dropout"]
        if row["model"] in per and lstm:
            per[row["model"]][row["recipe"]["learning_rate"]] = 100 * row["valid"]["per"]
    gaps = {rate: per["stacked"][rate] - per["basic"][rate] for rate in per["basic"]}
    best = min(per["stacked"].values()) - min(per["basic"].values())
    assert gaps[min(gaps)] > 2 * best > 0
