"""The sentences of practice/report that claim an effect, held against the recorded runs."""

import json
from functools import partial

import claims
import numpy as np
import pytest
from scipy.stats import spearmanr
from unrolled.experiments import statistics, store, suite

says = partial(claims.says, "practice/report")
ONE_WAY = ("basic-elman", "basic-lstm", "stacked-lstm")
TWO_WAYS = tuple(
    f"{name}-lstm"
    for name in (
        "bidirectional",
        "conv-bidirectional",
        "stacked-bidirectional",
        "attention-bidirectional",
    )
)


@pytest.fixture(scope="module")
def matched():
    return store.table("matched")


@pytest.fixture(scope="module")
def wer(matched):
    return matched[matched["framework"] == "pytorch"].groupby("name")["WER"].mean()


@pytest.fixture(scope="module")
def gains():
    pairs = {
        "depth": ("stacked-lstm", "basic-lstm"),
        "direction": ("bidirectional-lstm", "basic-lstm"),
        "late": ("look-ahead-lstm", "basic-lstm"),
        "beyond": ("bidirectional-lstm", "look-ahead-lstm"),
        "deep": ("stacked-bidirectional-lstm", "bidirectional-lstm"),
        "window": ("conv-lstm", "window"),
        "conv": ("conv-bidirectional-lstm", "bidirectional-lstm"),
        "attention": ("attention-bidirectional-lstm", "bidirectional-lstm"),
        "either": ("attention-bidirectional-lstm", "stacked-bidirectional-lstm"),
        "speaker": ("encoder-decoder-attention-lstm", "bidirectional-lstm"),
    }
    table = statistics.compare(pairs.values(), "pytorch", "matched")
    return dict(zip(pairs, table.to_dict("records"), strict=True))


def test_every_declared_run_is_recorded_and_complete():
    for name in ("matched", "tuning", "ablations", "timed"):
        recorded = {row["run"] for row in store.rows(name)}
        assert recorded == {run.name for run in suite.runs_of(name)}, name
    for row in [*store.rows("matched"), *store.rows("timed")]:
        assert row["commit"]
        assert not row["commit"].endswith("+")
        assert row["recipe"]["sample"] is None


def test_the_seeds_are_as_many_as_told(matched):
    says("PyTorch has {glue:text}`torch_seeds` seeds and Keras {glue:text}`keras_seeds`")
    counts = matched.groupby(["framework", "name"]).size().unstack()
    assert (counts.loc["pytorch"] >= 5).all()
    assert (counts.loc["keras"] >= 3).all()
    assert len(counts.columns) == len(suite.HEADLINE)


def test_the_parameters_match(matched):
    says("Each model has the width that brings it closest")
    assert (matched["parameters"] / suite.PARAMETERS - 1).abs().max() < 0.012


def test_a_second_direction_halves_the_errors(wer, gains):
    says("Reading in both directions halves the errors", "**A second direction gains most.**")
    assert wer["bidirectional-lstm"] < 0.55 * wer["basic-lstm"]
    assert gains["direction"]["difference"] == min(g["difference"] for g in gains.values())
    assert gains["direction"]["p, Holm"] < 0.05


def test_depth_alone_gains_nothing(gains):
    says("Depth alone buys nothing in one direction", "**Depth alone gains nothing.**")
    assert max(abs(gains["depth"]["low"]), abs(gains["depth"]["high"])) < 1.5


def test_most_of_it_is_the_future_by_itself(gains):
    says("Most of that is the future by itself", "beyond look-ahead")
    assert gains["late"]["difference"] < 0.8 * gains["direction"]["difference"]
    assert gains["beyond"]["high"] < 0
    assert gains["beyond"]["p, Holm"] < 0.05


def test_more_parts_help_a_little_in_two_directions(gains):
    says("**With both directions there, more parts help a little.**")
    says("in two directions a second layer or attention takes off a few points more")
    for name in ("deep", "conv", "attention"):
        assert gains[name]["high"] < 0, name
        assert gains[name]["difference"] > -6, name
        assert gains[name]["p, Holm"] < 0.05, name
    says("Attention and the second layer are too close to call.")
    assert gains["either"]["p, Holm"] > 0.05
    assert gains["either"]["low"] < 0 < gains["either"]["high"]


def test_memory_beyond_a_window_gains_nothing(gains):
    says("**Memory beyond a window of five letters gains nothing.**")
    says("in one direction no better than a window without any memory")
    assert max(abs(gains["window"]["low"]), abs(gains["window"]["high"])) < 1.5


def test_the_alignment_is_not_needed(matched, gains):
    says("**The alignment is not needed.**", "It pays with a higher PER and with time")
    assert gains["speaker"]["difference"] < 0
    pers = matched[matched["framework"] == "pytorch"].groupby("name")["PER"].mean()
    assert pers["encoder-decoder-attention-lstm"] > pers["bidirectional-lstm"] + 0.1
    cost = suite.SECONDS
    assert cost["encoder-decoder-attention", "lstm"] == max(cost.values())
    says("slowest", "wrong words are more wrong")
    for name in TWO_WAYS:
        assert _distance_where_wrong("encoder-decoder-attention-lstm") > _distance_where_wrong(name)


def _distance_where_wrong(name):
    distances = store.scores(name, "pytorch", "matched")["distances"]
    return distances[distances > 0].mean()


def test_the_frameworks_agree():
    says("PyTorch and Keras agree in every model to within what seeds explain")
    models = [
        entry.model + (f"-{entry.variant}" if entry.variant else "") for entry in suite.HEADLINE
    ]
    between = statistics.frameworks(models, "matched")
    assert (between["p, Holm"] > 0.05).all()
    assert between["difference"].abs().max() < 1.5


def test_equal_time_changes_little(wer):
    says("The order hardly changes", "One model falls behind.")
    timed = store.table("timed").groupby("name")["WER"].mean()
    assert spearmanr(timed, wer[timed.index]).statistic > 0.85
    says("Its lead over the two-directional tagger", "its lead is gone at equal training time")
    lead, timed_lead = (
        rates["bidirectional-lstm"] - rates["encoder-decoder-attention-lstm"]
        for rates in (wer, timed)
    )
    assert lead > 0.7
    assert timed_lead < 0.4
    falls = timed - wer[timed.index]
    assert falls.idxmax() == "encoder-decoder-attention-lstm"


def test_equal_time_is_nearly_equal():
    says("Here each has as many epochs as fit into the time")
    for run in suite.runs_of("timed"):
        key = (run.model, run.variant)
        time = run.recipe["epochs"] * suite.SECONDS[key]
        assert time == pytest.approx(
            suite.SLOWEST * suite.SECONDS["stacked-bidirectional", "lstm"], rel=0.06
        )


def test_one_way_models_misread_many_more(wer):
    says("they misread more than half as many words again as any other here")
    assert min(wer[name] for name in ONE_WAY) > 1.5 * wer.drop(list(ONE_WAY)).max()


def test_what_is_wrong_is_nearly_right():
    says("A wrong word is mostly nearly right")
    distances = store.scores("attention-bidirectional-lstm", "pytorch", "matched")["distances"]
    assert np.mean(distances[distances > 0] == 1) > 0.55


def test_two_seeds_differ_by_more_than_two_good_models(wer):
    says("That is several times the difference between the good models.")
    wrong = store.scores("attention-bidirectional-lstm", "pytorch", "matched")["distances"] > 0
    apart = 100 * np.mean(wrong[0] != wrong[1])
    assert apart > 2 * (wer["bidirectional-lstm"] - wer[list(TWO_WAYS)].min())


def test_the_tuning_went_as_told():
    says("For {glue:text}`edge` of the {glue:text}`searched` models that one won again")
    says("In {glue:text}`dropout_lost` of {glue:text}`searched` searches")
    best = {}
    for row in store.rows("tuning"):
        key = row["model"], row["variant"].partition("rate-")[0].rstrip("-")
        trial = (row["valid"]["per"], row["recipe"]["learning_rate"], row["arguments"]["dropout"])
        best[key] = min(best.get(key, (1,)), trial)
    assert {key: trial[1:] for key, trial in best.items()} == suite.TUNED
    assert sum(rate == max(r for r, _ in suite.GRID) for _, rate, _ in best.values()) > 0
    assert all(dropout == 0 for *_, dropout in best.values())
    says("**Dropout won nowhere.**", "and in none was it the best")


def test_an_untuned_gru_is_a_straw_man(wer):
    says("an untuned model is a straw man")
    gru = statistics.interval(store.scores("bidirectional-gru", "pytorch", "ablations"))
    assert gru.low > wer["bidirectional-lstm"] + 2


def test_the_benchmark_is_recorded_as_told():
    says("So it learned from fewer words")
    benchmark = json.loads((store.FOLDER / "benchmark.json").read_text("utf-8"))
    assert benchmark["test"]["words"] == 12_000
    assert 0 < benchmark["test"]["per"] < benchmark["test"]["wer"] < 1
    assert benchmark["training_words"] < 106_837
