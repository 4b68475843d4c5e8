"""The sentences of theory/hybrid-architectures that claim an effect, and its numbers by hand."""

from dataclasses import replace
from functools import partial

import claims
import numpy as np
import pandas as pd
import pytest
import torch
from unrolled import models
from unrolled.experiments import statistics, store, suite
from unrolled.keras import hybrids as keras_hybrids
from unrolled.numpy import lattices
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import PronunciationTask
from unrolled.torch import hybrids
from unrolled.torch.training import Trainer
from unrolled.training import Recipe, fit

says = partial(claims.says, "theory/hybrid-architectures")

ONE, TWO, DEEP = "basic-lstm", "bidirectional-lstm", "stacked-bidirectional-lstm"
LOOKS, SPEAKS = "attention-bidirectional-lstm", "encoder-decoder-attention-lstm"
SUITES = ("matched", "timed")


def compared(model, against, suite_name):
    """The difference of two models at equal parameters or at equal time."""
    scores = (store.scores(name, "pytorch", suite_name) for name in (model, against))
    return statistics.difference(*scores)


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


def test_the_suites_are_equal_in_what_they_say():
    says("once with as many parameters, about", "and once with as much training time")
    table = store.table("matched")
    assert (abs(table["parameters"] / suite.PARAMETERS - 1) < 0.02).all()
    timed = store.table("timed")
    ours = timed[timed["name"].isin([ONE, TWO, DEEP, LOOKS, SPEAKS, "conv-lstm", "window"])]
    seconds = {"-".join(filter(None, key)): value for key, value in suite.SECONDS.items()}
    spent = ours["epochs"] * ours["name"].map(seconds)
    assert (abs(spent / spent.median() - 1) < 0.1).all()


@pytest.mark.parametrize("suite_name", SUITES)
def test_a_window_does_the_work_of_the_convolution(suite_name):
    says(
        "a convolution below a one-directional network gains no more than a plain window does",
        "But a window of five letters *without any recurrence* stands",
        "Half of this hybrid does all of the work.",
        "The window without a state equals the convolution with one",
    )
    assert compared("conv-lstm", ONE, suite_name).high < -35
    gap = compared("conv-lstm", "window", suite_name)
    assert gap.low < 0 < gap.high
    assert abs(gap.difference) < 1


@pytest.mark.parametrize("suite_name", SUITES)
def test_a_late_answer_and_two_directions_beat_the_convolution(suite_name):
    says(
        "an LSTM that answers three letters late, with no second kind of layer, misreads",
        "and is ahead at equal time as well",
        "need no second kind of layer, and err less, the late answer with one letter more in sight",
        "the late answer has seen three letters ahead and the filter two",
    )
    assert compared("conv-lstm", "look-ahead-lstm", suite_name).low > 0
    assert compared("conv-lstm", TWO, suite_name).low > 3


def test_each_part_costs_time():
    says("**All of them cost time.**")
    seconds = {"-".join(filter(None, key)): value for key, value in suite.SECONDS.items()}
    for more, less in (("conv-lstm", ONE), (LOOKS, TWO), (SPEAKS, TWO)):
        assert seconds[more] > 1.1 * seconds[less]


def test_windows_add_up_over_layers():
    says("$2 \\cdot 15 = 30$ items back")
    place = np.arange(80)
    sees = (place[:, None] >= place) & (place[:, None] - place < 16)
    reached = (sees.astype(int) @ sees.astype(int))[-1].nonzero()[0]
    assert place[-1] - reached.min() == 30


@pytest.mark.parametrize("suite_name", SUITES)
def test_attention_gains_what_a_second_layer_gains(suite_name):
    says(
        "a convolution and attention still gain a little, but no more than a second layer",
        "the interval of the difference of the two holds zero, at equal parameters and at equal",
        "a second layer equals attention",
    )
    assert compared(LOOKS, TWO, suite_name).high < -1.5
    assert compared(DEEP, TWO, suite_name).high < -1
    gap = compared(LOOKS, DEEP, suite_name)
    assert gap.low < 0 < gap.high


@pytest.mark.parametrize("suite_name", SUITES)
def test_a_convolution_gains_in_two_directions_and_no_more_than_a_second_layer(suite_name):
    says(
        "**In two directions it gains where nothing was missing.**",
        "with an interval that leaves out zero",
        "and a second recurrent layer takes off",
        "and does no worse than a convolution in two directions",
    )
    both = "conv-bidirectional-lstm"
    gap = compared(both, TWO, suite_name)
    assert gap.high < 0
    assert -3 < gap.difference < compared(DEEP, TWO, suite_name).difference * 0.3
    assert compared(both, DEEP, suite_name).difference > 0


def test_the_lead_of_the_encoder_decoder_is_one_of_time():
    says(
        "points ahead, and at equal time that lead is gone",
        "the tagger equals the encoder-decoder in the same time",
    )
    assert compared(SPEAKS, TWO, "matched").high < -0.5
    gap = compared(SPEAKS, TWO, "timed")
    assert gap.low < 0 < gap.high


def test_the_encoder_decoder_needs_its_attention():
    says("**The encoder-decoder needs its attention.**")
    table = pd.concat([store.table("matched"), store.table("ablations")])
    wer = table[table["framework"] == "pytorch"].groupby("name")["WER"].mean()
    assert wer["encoder-decoder-lstm"] > wer[SPEAKS] + 5


def test_seeing_ahead_is_worth_more_than_all_that_follows():
    says("that one decision was worth", "and everything after it a few")
    first = compared("conv-lstm", ONE, "matched").difference
    rest = [compared(model, TWO, "matched").difference for model in (LOOKS, DEEP, SPEAKS)]
    assert first < -35
    assert all(-4 < gain < 0 for gain in rest)


def test_a_counted_chain_helps_a_little_and_hurts_at_full_weight(data):
    says("a small gain for a matrix that was only counted", "worse than nothing")
    tagger = store.model(TWO)
    pairs = np.full((len(tagger.tags),) * 2, 0.1)
    for _, tags in data.train.by_length.values():
        np.add.at(pairs, (tags[:, :-1], tags[:, 1:]), 1)
    joint = pairs / pairs.sum()
    Q = np.log(joint / np.outer(joint.sum(1), joint.sum(0)))
    sample = list(data.valid)[::4]
    log_p = {w: np.log(tagger.probabilities(tagger.letters.encode(w)[None])[0]) for w in sample}

    def misread(words, weight):
        paths = {w: lattices.viterbi(log_p[w], weight * Q)[0] for w in words}
        predictions = {w: pronunciation.decode(tagger.tags, path) for w, path in paths.items()}
        return 100 * pronunciation.score(predictions, {w: data.valid[w] for w in words}).wer

    weights = (0, 0.1, 0.2, 0.3, 0.5, 1)
    chosen = min(weights, key=lambda weight: misread(sample[::2], weight))
    judged = {weight: misread(sample[1::2], weight) for weight in (0, chosen, 1)}
    assert 0.3 < judged[0] - judged[chosen] < 3
    assert judged[1] > judged[0] + 0.5


@pytest.fixture(scope="module")
def six(data):
    """The words of six letters."""
    return replace(
        data,
        train=pronunciation.Examples({6: data.train.by_length[6]}),
        train_words={w: variants for w, variants in data.train_words.items() if len(w) == 6},
        valid={w: variants for w, variants in data.valid.items() if len(w) == 6},
    )


def both_trained(six, words, epochs):
    """A CTC reader and a tagger in PyTorch, each with its best epoch."""
    recipe = Recipe(epochs=epochs, batch_size=64, learning_rate=1.2e-2, sample=words)
    symbols = six.target("phonemes").symbols
    torch.manual_seed(0)
    reader = hybrids.CTCReader(len(six.letters), len(symbols), hidden_size=64)
    spec = models.spec("bidirectional", cell="lstm", hidden_size=64)
    tagger = models.build("pytorch", spec, len(six.letters), len(six.tags), 0)
    ctc = fit(Trainer(reader, recipe), PronunciationTask(six, "unaligned")).best
    return reader, ctc, fit(models.trainer("pytorch", tagger, recipe), PronunciationTask(six)).best


def best_paths(six, reader):
    letters = torch.from_numpy(np.stack([six.letters.encode(word) for word in six.valid]))
    with torch.no_grad():
        return reader(letters).argmax(-1).numpy()


def test_ctc_does_without_an_alignment(six):
    says(
        "One run each is no proof that CTC is ahead, but the alignment is not missed.",
        "it is said once, in a spike, with blanks around it",
    )
    reader, ctc, aligned = both_trained(six, None, 2)
    assert ctc["wer"] < 0.5
    assert ctc["wer"] < aligned["wer"] + 0.02
    path = best_paths(six, reader)
    collapsed = sum(len(lattices.collapse(row)) for row in path.tolist())
    assert (path > 0).sum() < 1.1 * collapsed
    assert np.mean(path == 0) > 0.5


def test_fewer_words_hurt_both_alike(six):
    says("It does not: fewer words hurt both alike.")
    quick = replace(six, valid=dict(list(six.valid.items())[::4]))
    _, ctc, aligned = both_trained(quick, 1000, 36)
    assert abs(ctc["per"] - aligned["per"]) < 0.02
    assert min(ctc["per"], aligned["per"]) > 0.15


def test_ctc_begins_with_blanks(six):
    says(
        "Stopped after one pass over those 1,000 words, it says nothing but blanks. "
        "Their share among all frames:",
        "the network says nothing for a while, as above",
    )
    reader, _, aligned = both_trained(six, 1000, 1)
    assert not best_paths(six, reader).any()
    assert aligned["per"] < 0.9


def recall_errors(pairs, size=16, window=0, trials=400):
    """The page's `wrong`: how often the wrong value comes back, in percent."""
    rng, errors = np.random.default_rng(pairs), 0
    for _ in range(trials):
        k = rng.normal(size=(pairs, size))
        k /= np.linalg.norm(k, axis=1, keepdims=True)
        v = rng.integers(0, 64, pairs)
        state = np.eye(64)[v].T @ k
        asked = rng.integers(pairs)
        seen = asked >= pairs - window
        answer = v[(k @ k[asked]).argmax()] if seen else (state @ k[asked]).argmax()
        errors += answer != v[asked]
    return 100 * errors / trials


def test_a_state_of_fixed_size_forgets_and_a_window_does_not():
    says(
        "the window is exact and short, the state is long and blurred",
        "Attention to all is never wrong, and has kept all 128 keys and values to be so.",
        "A window of attention answers exactly, for what is still in it",
    )
    small, wide = recall_errors(128), recall_errors(128, size=64)
    mixed, every = recall_errors(128, window=32), recall_errors(128, window=128)
    assert recall_errors(32, window=32) == every == 0
    assert every < wide < mixed < small
    assert recall_errors(8) < 5 < small


def test_the_numbers_by_hand():
    says(
        r"the weights are 2, 3 and 6 elevenths",
        r"The text `a` has $\frac{64}{100}$, nothing has $\frac{36}{100}$.",
        r"together $\frac34$",
        r"The chain says `BA`, with $\frac{24}{47}$.",
        r"Reading with $\bar w = (\frac12, \frac12)$ gives $(0, \frac32)$.",
    )
    log_p = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert np.exp(lattices.ctc_total(log_p, [1])) == pytest.approx(0.64)
    assert np.exp(lattices.ctc_total(log_p, [])) == pytest.approx(0.36)
    assert lattices.collapse(log_p.argmax(axis=1).tolist()) == ()
    scores, Q = np.log([[3, 2], [3, 1]]), np.log([[1, 4], [4, 1]])
    tags, best = lattices.viterbi(scores, Q)
    assert tags == [1, 0]
    assert np.exp(best - lattices.chain_total(scores, Q)) == pytest.approx(24 / 47)


def test_the_context_is_a_mean_by_fit():
    h, s = torch.tensor([[1.0, 0], [0, 1], [1, 1]]), torch.tensor([2.0, 3]).log()
    g = torch.nn.functional.scaled_dot_product_attention(s[None], h, h, scale=1.0)
    assert torch.allclose(g, torch.tensor([[8 / 11, 9 / 11]]))


def test_the_size_of_a_conv_lstm():
    says("A ConvLSTM has $4 k^2 H (D + H) + 4H$ parameters whatever the size of the picture.")
    for D, H, k in ((1, 2, 3), (3, 4, 5)):
        size = sum(p.numel() for p in hybrids.ConvLSTM(D, H, k).parameters())
        assert size == 4 * k**2 * H * (D + H) + 4 * H


def test_doubled_letters_need_a_blank():
    says("$T$ must be at least $U$ plus the number of doubled labels.")
    even = np.full((6, 3), -np.log(3))
    for labels, need in (([1, 2], 2), ([1, 1], 3), ([1, 1, 2, 2], 6)):
        assert lattices.ctc_total(even[:need], labels) > -np.inf
        assert lattices.ctc_total(even[: need - 1], labels) == -np.inf
    says("| CTC | in order, $U$ plus doubled labels $\\le T$ |")
    says("CTC has no path if $U + R > T$ with $R$ doubled pairs")


def test_the_lattice_of_ctc_begins_in_two_rows():
    says("and $\\alpha_1(2) = p_1(z_1)$; all other $\\alpha_1(j)$")
    log_p = np.log([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]])
    assert np.allclose(np.exp(lattices.ctc(log_p, [1, 2])[0]), [0.5, 0.3, 0, 0, 0])


def test_keras_begins_by_remembering_and_pytorch_does_not():
    says("Keras's bias of the forget gate starts at 1, PyTorch's convolution draws its bias")
    torch.manual_seed(0)
    layer = keras_hybrids.ConvLSTM(4, 3)
    layer.build((1, 2, 5, 5, 3))
    assert np.allclose(np.sort(np.asarray(layer.get_weights()[2])), [0] * 12 + [1] * 4)
    assert hybrids.ConvLSTM(3, 4, 3).input.bias.abs().max() < 0.5
