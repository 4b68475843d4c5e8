"""The sentences of practice/hybrid that claim an effect, held against the recorded runs."""

from functools import partial

import claims
import numpy as np
import pandas as pd
import pytest
import torch
from unrolled.experiments import store, suite
from unrolled.tasks import pronunciation

says = partial(claims.says, "practice/hybrid")

BOTH, DEEP = "bidirectional-lstm", "stacked-bidirectional-lstm"
LOOKS, FIXED = "encoder-decoder-attention-lstm", "encoder-decoder-lstm"
FILTERS = {1: "conv-kernel-3", 2: "conv-lstm", 3: "conv-kernel-7", 4: "conv-kernel-9"}
DELAYS = {
    1: "look-ahead-delay-1",
    2: "look-ahead-delay-2",
    3: "look-ahead-lstm",
    4: "look-ahead-delay-4",
    5: "look-ahead-delay-5",
}
OTHERS = ["basic-lstm", BOTH, DEEP, "conv-bidirectional-lstm", "window"]
ATTENTION = ["attention-lstm", "attention-bidirectional-lstm"]


@pytest.fixture(scope="module")
def runs():
    return pd.concat([store.table("matched"), store.table("ablations")])


@pytest.fixture(scope="module")
def means(runs):
    """The mean scores of each framework and model, in percent."""
    return runs.groupby(["framework", "name"])[["WER", "PER"]].mean()


@pytest.fixture(scope="module")
def wer(means):
    """The WER in PyTorch, by model."""
    return means.loc["pytorch", "WER"]


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


def test_every_run_is_as_the_page_tells(runs):
    says(
        "These are recorded runs of eight epochs, one for each seed; all models have about "
        "{glue:text}`parameters:,` parameters, and are scored on the test words:",
    )
    ours = {*FILTERS.values(), *DELAYS.values(), *OTHERS, *ATTENTION, LOOKS, FIXED}
    recorded = runs[runs["name"].isin(ours)]
    assert set(recorded["name"]) == ours
    assert (abs(recorded["parameters"] / suite.PARAMETERS - 1) < 0.02).all()
    assert (recorded["epochs"] == 8).all()


def test_a_filter_is_worth_its_look_ahead(wer):
    says(
        "the network errs about as often as one that answers so many letters late",
        "They do: at no look-ahead are the two means more than",
    )
    assert all(abs(wer[FILTERS[r]] - wer[DELAYS[r]]) < 1.5 for r in FILTERS)


def test_the_curve_falls_and_flattens(wer):
    says(
        "one letter ahead brings that down to",
        "Then the curve flattens.",
        "A filter of nine letters ends at {glue:text}`conv4:.1f` %, still above",
    )
    none, one, two, three, four = wer[["basic-lstm", *(FILTERS[r] for r in (1, 2, 3, 4))]]
    assert none - one > 20
    assert one - two > 7
    assert 0.5 < two - four < 4
    assert abs(three - four) < 1.5
    assert four > wer[BOTH] + 1


@pytest.mark.parametrize("framework", ["pytorch", "keras"])
def test_below_the_window_the_memory_adds_nothing(means, framework):
    says(
        "The dashed line at {glue:text}`window:.1f` % is a warning.",
        "which remembers everything to the left of the window, is no better",
        "What lies further back than two letters adds next to nothing here.",
        "a window without any memory does as well",
    )
    rates = means.loc[framework, "WER"]
    assert abs(rates["conv-lstm"] - rates["window"]) < 1.5


@pytest.mark.parametrize("framework", ["pytorch", "keras"])
def test_below_two_directions_the_filter_still_helps(means, framework):
    says("It still helps: from", "with as many parameters")
    rates = means.loc[framework, "WER"]
    assert rates["conv-bidirectional-lstm"] < rates[BOTH] - 0.4


def test_two_directions_are_worth_more_than_any_filter(wer):
    says("here it is worth more than any filter")
    assert wer[BOTH] < min(wer[name] for name in FILTERS.values()) - 1


def test_attention_nearly_halves_the_rate_of_one_direction(wer):
    says(
        "Attention over one-directional states nearly halves the rate.",
        "It does not get as far as the second direction",
    )
    assert 0.5 < wer["attention-lstm"] / wer["basic-lstm"] < 0.6
    assert wer["attention-lstm"] > wer[BOTH] + 1.5


@pytest.mark.parametrize("framework", ["pytorch", "keras"])
def test_over_two_directions_attention_is_worth_a_second_layer(means, framework):
    says(
        "on top of two directions it takes off about as many errors as a second layer",
        "On top of two directions attention takes off about as much as a second layer does, in "
        "either framework.",
        "Then the second layer and attention compete for the same points",
    )
    rates = means.loc[framework, "WER"]
    attention = rates["attention-bidirectional-lstm"]
    assert attention < rates[BOTH] - 1
    assert abs(attention - rates[DEEP]) < 1.5


def test_it_mostly_looks_close_by(data):
    says(
        "It mostly looks close by: {glue:text}`near1:.0f` % of the weight falls on the letter "
        "itself or its neighbours."
    )
    tagger, near, letters = store.model("attention-bidirectional-lstm"), 0.0, 0
    for word in list(data.valid)[::100]:
        ids = torch.from_numpy(tagger.letters.encode(word)[None])
        with torch.no_grad():
            weights = tagger.model.eval().attention_weights(ids)[0].numpy()
        at = np.arange(len(word))
        near += weights[abs(at[:, None] - at) <= 1].sum()
        letters += len(word)
    assert near / letters > 0.5


def misread(name, framework="pytorch"):
    """Whether each run misread each test word. Shape: (runs, words)."""
    return store.scores(name, framework)["distances"] > 0


@pytest.mark.parametrize("framework", ["pytorch", "keras"])
def test_the_encoder_decoder_misreads_fewer_words_with_more_errors(means, framework):
    says(
        "misreads no more words than the tagger",
        "a little fewer than the two-directional tagger of the same size",
        "It gets more phonemes wrong all the same",
        "where it goes wrong it makes more errors",
    )
    rates = means.loc[framework]
    assert 0 < rates.loc[BOTH, "WER"] - rates.loc[LOOKS, "WER"] < 4
    assert rates.loc[LOOKS, "PER"] > rates.loc[BOTH, "PER"] + 0.2
    each = [
        np.mean([run[run > 0].mean() for run in store.scores(name, framework)["distances"]])
        for name in (LOOKS, BOTH)
    ]
    assert each[0] > each[1] + 0.05


def test_one_vector_is_the_bottleneck(wer):
    says("With one vector in place of attention it misreads", "Attention removes this bottleneck")
    assert wer[FIXED] > wer[LOOKS] + 2


def test_what_length_does(data):
    says(
        "The gap between one vector and attention opens with the length of the word.",
        "the encoder-decoder with attention is ahead of it on short words, and behind it on long "
        "ones.",
        "errs less on long words",
    )
    lengths = np.array([len(word) for word in data.test])
    short, long = (
        {name: 100 * misread(name)[:, ours].mean() for name in (BOTH, LOOKS, FIXED)}
        for ours in (lengths <= 7, lengths >= 12)
    )
    assert long[FIXED] - long[LOOKS] > short[FIXED] - short[LOOKS] + 3
    assert short[LOOKS] < short[BOTH] - 0.5
    assert long[LOOKS] > long[BOTH] + 1


def test_a_beam_gains_little_and_the_length_needs_no_correction(data):
    says(
        "There is little to gain",
        "With $\\alpha = 1$ almost nothing changes, and with $\\alpha = 4$ the outputs run on "
        "and the PER is more than three times as high.",
    )
    speaker, sample = store.model(LOOKS), {w: data.valid[w] for w in list(data.valid)[::60]}

    def read(width, alpha):
        """WER, PER and phonemes per word."""

        def predict(letters):
            best = [hypotheses[0].ids for hypotheses in speaker.model.beam(letters, width, alpha)]
            padded = np.zeros((len(best), 1 + max(map(len, best))), int)
            for row, ids in zip(padded, best, strict=True):
                row[: len(ids)] = ids
            return padded

        predictions = pronunciation.transcribe(sample, speaker.letters, speaker.tags, predict)
        score = pronunciation.score(predictions, sample)
        return score.wer, score.per, np.mean([len(phonemes) for phonemes in predictions.values()])

    greedy, beam, longer, too_long = read(1, 0), read(5, 0), read(5, 1), read(5, 4)
    dictionary = np.mean([len(variants[0]) for variants in sample.values()])
    assert abs(greedy[0] - beam[0]) < 0.02
    assert abs(longer[0] - beam[0]) < 0.02
    assert abs(greedy[2] - dictionary) < 0.1
    assert too_long[1] > 3 * beam[1]
    assert too_long[2] > beam[2] + 0.5
