"""Dropout: its share, its place, its seed; and a run with it that is stopped and goes on."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import small_taggers
import torch
import unrolled.keras.layers as keras_layers
import unrolled.keras.training as keras_training
import unrolled.torch.layers as torch_layers
import unrolled.torch.training as torch_training
from small_taggers import FRAMEWORKS, KINDS, LSTMS, V
from unrolled import models
from unrolled.models import parity
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import PronunciationTask
from unrolled.tasks.task import Batch
from unrolled.training import Recipe, fit

TRAINERS = {"pytorch": torch_training.Trainer, "keras": keras_training.Trainer}
SHARE = 0.3
with_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
ONCE = [
    ("basic", "elman"), ("stacked-bidirectional", "gru"), ("look-ahead-3", "elman"),
    ("conv", "elman"), ("attention", "elman"), ("window", "elman"),
]  # fmt: skip


def say(framework, model, letters, training):
    if framework == "keras":
        return np.asarray(model(letters, training=training))
    with torch.no_grad():
        return model.train(training)(torch.from_numpy(letters)).numpy()


@with_frameworks
@pytest.mark.parametrize(("kind", "cell"), ONCE)
def test_the_readout_misses_its_share_in_training_alone(framework, kind, cell):
    """A readout that is the identity shows what it reads."""
    spec = small_taggers.spec(kind, cell, dropout=SHARE)
    features = parity.parameters(small_taggers.build("pytorch", spec))["readout.W"].shape[1]
    model = small_taggers.build(framework, spec, sizes=(V, features))
    weights = small_taggers.random_weights(model, seed=1)
    identity = {"readout.W": np.eye(features), "readout.b": np.zeros(features)}
    parity.assign(model, weights | identity)
    letters, _ = small_taggers.batch(60, 30)
    whole = say(framework, model, letters, training=False)
    assert np.array_equal(whole, say(framework, model, letters, training=False))
    assert np.abs(small_taggers.by_hand(spec, weights | identity, letters) - whole).max() < 1e-12
    dropped = say(framework, model, letters, training=True)
    present = whole != 0
    gone = (dropped == 0) & present
    assert gone.sum() / present.sum() == pytest.approx(SHARE, abs=0.02)
    if kind != "stacked-bidirectional":  # whose layers miss theirs besides
        assert np.abs((dropped * (1 - SHARE) - whole)[~gone]).max() < 1e-12
    assert not np.array_equal(dropped, say(framework, model, letters, training=True))


@with_frameworks
def test_between_the_layers_of_a_stack_the_share_is_missed_too(framework):
    """The second layer is so small that it is linear, and shows what it reads."""
    options = {"num_layers": 2, "dropout": SHARE}
    x = np.random.default_rng(0).normal(size=(60, 20, 4))
    if framework == "pytorch":
        stack = torch_layers.Stack("elman", 4, 5, **options).double().train()
        with torch.no_grad():
            stack.layers[1].weight_ih.copy_(1e-6 * torch.eye(5, dtype=torch.float64))
            stack.layers[1].weight_hh.zero_()
            first, second = (h.numpy() for h in stack.states(torch.from_numpy(x)))
            quiet = [h.numpy() for h in stack.eval().states(torch.from_numpy(x))]
    else:
        stack = keras_layers.Stack("elman", 5, dtype="float64", **options)
        stack(x)
        stack.layers[1].set_weights([1e-6 * np.eye(5), np.zeros((5, 5)), np.zeros(5)])
        first, second = (np.asarray(h) for h in stack.states(x, training=True))
        quiet = [np.asarray(h) for h in stack.states(x)]
    assert np.array_equal(first, quiet[0]), "x itself loses nothing"
    assert np.abs(1e6 * quiet[1] - first).max() < 1e-9
    gone = second == 0
    assert gone.mean() == pytest.approx(SHARE, abs=0.02)
    assert np.abs(1e6 * (1 - SHARE) * second - first)[~gone].max() < 1e-9


@with_frameworks
@pytest.mark.parametrize(("kind", "cell"), LSTMS)
def test_without_a_share_training_changes_nothing(framework, kind, cell):
    model = small_taggers.model(framework, kind, cell)
    letters, _ = small_taggers.batch()
    logits = (say(framework, model, letters, training) for training in (True, False))
    assert parity.distance(*logits) < 1e-13


DECODERS = {
    **{name: models.NAMED[name] for name in ("encoder-decoder", "encoder-decoder-attention")},
    "aligned": models.Spec("aligned", "AlignedDecoder", {"decoder_size": 4, "num_layers": 2}),
}
PLACED = [
    "basic", "stacked-4-residual", "stacked-3-norm", "stacked-bidirectional", "look-ahead-3",
    "conv-bidirectional", "attention-bidirectional", "window", *DECODERS,
]  # fmt: skip


@pytest.mark.parametrize("kind", PLACED)
def test_with_the_same_masks_training_is_the_same_in_both(kind, monkeypatch):
    """The share is missed at the same places, in the same order, on the same scale."""
    drawn = []

    def masked(x, share):
        drawn.append((tuple(x.shape), share))
        return x * ((np.random.default_rng(len(drawn)).random(x.shape) >= share) / (1 - share))

    def in_torch(layer, x):
        return x * torch.from_numpy(masked(np.ones(x.shape), layer.p))

    def in_keras(layer, x, training=False):
        assert training
        return x * masked(np.ones(x.shape), layer.rate)

    spec = DECODERS[kind] if kind in DECODERS else small_taggers.spec(kind, "lstm")
    small = {"embedding_size": 4, "hidden_size": 3, "dropout": SHARE}
    spec = replace(spec, arguments={**spec.arguments, **small})
    both = [small_taggers.build(framework, spec) for framework in FRAMEWORKS]
    parity.assign(both[0], small_taggers.random_weights(both[0], 0))
    parity.carry(*both)
    monkeypatch.setattr(torch.nn.Dropout, "forward", in_torch)
    monkeypatch.setattr(keras.layers.Dropout, "call", in_keras)
    measurements, places = [], []
    for model in both:
        drawn.clear()
        measurements.append(small_taggers.measured(model, *small_taggers.batch(), training=True))
        places.append(list(drawn))
    assert places[0] == places[1]
    assert {share for _, share in places[0]} == {SHARE}
    (one, loss, slopes), (other, same, theirs) = measurements
    assert parity.distance(one, other) < 1e-12
    assert loss == pytest.approx(same, abs=1e-12)
    assert all(parity.distance(slopes[name], theirs[name]) < 1e-10 for name in slopes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_dropout_of_keras_has_a_seed_of_its_own(kind):
    model = small_taggers.build("keras", small_taggers.spec(kind, "elman", dropout=SHARE))
    trainer = TRAINERS["keras"](model, Recipe())
    drops = [d for d in model._flatten_layers() if type(d).__name__ == "Dropout"]
    stacked = any(part in kind for part in ("stacked", "conv", "attention", "bidirectional"))
    assert len(drops) == 1 + stacked
    for seed in (0, 7, 2**32 - 1):
        trainer.reseed(seed)
        states = {tuple(np.asarray(d.seed_generator.state)) for d in drops}
        assert states == {(seed, index) for index in range(len(drops))}
    letters, _ = small_taggers.batch()
    before = [np.asarray(d.seed_generator.state).copy() for d in drops]
    model(letters, training=True)
    used = [
        not np.array_equal(b, d.seed_generator.state) for b, d in zip(before, drops, strict=True)
    ]
    assert any(used)


WORDS = {word: tuple(word.upper()) for word in ("abc", "bca", "cab", "aab", "bba", "ccb", "acc")}


@pytest.fixture(scope="module")
def data():
    dictionary = {word: (phonemes,) for word, phonemes in WORDS.items()}
    return pronunciation.prepare(pronunciation.Split(*[dictionary] * 3), "seven words")


RECIPE = Recipe(epochs=3, batch_size=4, learning_rate=0.02, seed=3)


def on(data, framework, kind="stacked-bidirectional", recipe=RECIPE):
    """A trainer whose model always begins with the same weights."""
    spec = small_taggers.spec(kind, "elman", dropout=SHARE)
    model = models.build(framework, spec, len(data.letters), len(data.tags), seed=0)
    return TRAINERS[framework](model, recipe)


class Stopped(KeyboardInterrupt):
    pass


def stop(row):
    raise Stopped


def ends(framework, data, path, kind):
    """Losses and weights of a run that never stopped, and of one that was stopped and went on."""
    whole = on(data, framework, kind)
    history = fit(whole, PronunciationTask(data))
    with pytest.raises(Stopped):
        fit(on(data, framework, kind), PronunciationTask(data), path=path, on_epoch=stop)
    resumed = on(data, framework, kind)
    again = fit(resumed, PronunciationTask(data), path=path)
    return (history.losses, whole.weights()), (again.losses, resumed.weights())


def same(one, other):
    return one[0] == other[0] and all(np.array_equal(one[1][n], other[1][n]) for n in one[1])


@with_frameworks
@pytest.mark.parametrize("kind", ["basic", "stacked-bidirectional"])
def test_a_stopped_run_ends_bit_for_bit_as_one_that_never_stopped(framework, kind, data, tmp_path):
    one, other = ends(framework, data, tmp_path / "m", kind)
    assert one[1].keys() == other[1].keys()
    assert same(one, other)


@with_frameworks
def test_it_does_not_where_chance_is_not_begun_anew(framework, data, tmp_path, monkeypatch):
    monkeypatch.setattr(TRAINERS[framework], "reseed", lambda self, seed: None)
    assert not same(*ends(framework, data, tmp_path / "m", "basic"))


@with_frameworks
def test_the_seed_decides_what_is_dropped(framework, data):
    letters, tags = next(iter(data.train.batches(4, np.random.default_rng(0))))
    losses = []
    for seed in (5, 5, 6):
        trainer = on(data, framework, "basic")
        trainer.reseed(seed)
        losses.append([trainer.train_step(Batch(letters, tags), 0.01) for _ in range(2)])
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


@with_frameworks
def test_a_step_leaves_reading_without_chance(framework, data):
    letters, tags = next(iter(data.train.batches(4, np.random.default_rng(0))))
    trainer = on(data, framework)
    trainer.train_step(Batch(letters, tags), 0.01)
    logits = parity.logits(trainer.model, letters)
    assert np.array_equal(logits, parity.logits(trainer.model, letters))
    trainer.train_step(Batch(letters, tags), 0.0)  # the weights stay
    assert np.array_equal(trainer.predict(letters), logits.argmax(-1))
    assert np.array_equal(logits, parity.logits(trainer.model, letters))
