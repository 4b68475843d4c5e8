"""The aligned decoder: equal in both frameworks, and each tag knows the ones before it."""

import numpy as np
import pytest
import torch
import unrolled.keras.training as keras_training
import unrolled.torch.training as torch_training
from small_taggers import measured
from unrolled import models
from unrolled.cells import SPEAKING as CELLS
from unrolled.keras.aligned import AlignedDecoder as InKeras
from unrolled.models import parity
from unrolled.models.parity import ParityError
from unrolled.tasks.task import ABSENT, Batch
from unrolled.torch.aligned import AlignedDecoder as InTorch
from unrolled.training import Recipe

V, K = 9, 7
SIZES = {"embedding_size": 4, "tag_size": 3, "hidden_size": 5, "decoder_size": 6, "num_layers": 2}


def pair(cell="lstm", dtype="float64", seed=8):
    """The same weights in both frameworks, moved at random so that no bias is zero."""
    torch.manual_seed(seed)
    first = InTorch(V, K, cell, **SIZES).to(getattr(torch, dtype))
    second = InKeras(V, K, cell, **SIZES, dtype=dtype)
    rng = np.random.default_rng(seed)
    weights = {
        name: a + rng.normal(0, 0.6, a.shape) for name, a in parity.parameters(first).items()
    }
    for model in (first, second):
        parity.assign(model, weights)
    return first, second


def batch(B=4, T=5, seed=0):
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(0, most, (B, T)).astype(np.int32) for most in (V, K))


@pytest.mark.parametrize("cell", CELLS)
def test_logits_gradients_and_readings_agree(cell):
    first, second = pair(cell)
    letters, tags = batch(B=32)
    parity.check(first, second, letters, tags, 1e-10)
    read = first.eval().read(torch.from_numpy(letters)).numpy()
    assert np.array_equal(read, np.asarray(second.read(letters)))
    assert len({tuple(row) for row in read.tolist()}) > 5


def test_steps_of_training_agree():
    first, second = pair(dtype="float32")
    recipe = Recipe(label_smoothing=0.1, weight_decay=0.01)
    trainers = torch_training.Trainer(first, recipe), keras_training.Trainer(second, recipe)
    for step in range(3):
        losses = [trainer.train_step(Batch(*batch(seed=step)), 1e-2) for trainer in trainers]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
    letters, tags = batch(seed=9)
    parity.check(first, second, letters, tags, 1e-4)
    assert np.array_equal(*(trainer.predict(letters) for trainer in trainers))


def test_weights_carry_across_and_back():
    first, second = pair(dtype="float32")
    third = InTorch(V, K, **SIZES)
    parity.carry(second, third)
    original, back = parity.parameters(first), parity.parameters(third)
    assert original.keys() == back.keys()
    assert all(np.array_equal(original[name], back[name]) for name in original)


def test_a_lost_tag_embedding_is_found():
    first, second = pair()
    second.tags.embeddings.assign(second.tags.embeddings * 0)
    with pytest.raises(ParityError, match="logits"):
        parity.check(first, second, *batch(), 1e-10)


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_step_is_told_the_tags_before_it_and_no_others(framework):
    model = pair()[framework == "keras"]
    letters, tags = batch(B=1)
    other = tags.copy()
    other[0, 2] = (tags[0, 2] + 1) % K
    logits, changed = parity.logits(model, letters, tags), parity.logits(model, letters, other)
    assert np.array_equal(logits[:, :3], changed[:, :3])
    assert np.abs(logits[:, 3:] - changed[:, 3:]).max(axis=-1).min() > 1e-6


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_a_greedy_reading_is_the_best_tag_after_its_own(framework):
    model = pair()[framework == "keras"]
    letters, _ = batch(B=32)
    logits = parity.logits(model, letters)
    read = logits.argmax(axis=-1).astype(np.int32)
    assert np.allclose(logits, parity.logits(model, letters, read), atol=1e-12)
    assert len({tuple(row) for row in read.tolist()}) > 1


@pytest.mark.parametrize("framework", ["torch", "keras"])
def test_padding_changes_nothing(framework):
    """A batch of words of several lengths against each word by itself."""
    model = pair()[framework == "keras"]
    lengths = np.array([5, 3, 1], np.int32)
    letters, tags = batch(B=3)
    for row, length in enumerate(lengths):
        letters[row, length:], tags[row, length:] = 0, ABSENT
    logits, loss, gradients = measured(model, letters, tags, lengths)
    total, slopes = 0.0, dict.fromkeys(gradients, 0.0)
    for row, length in enumerate(lengths):
        own = measured(model, letters[row : row + 1, :length], tags[row : row + 1, :length])
        assert np.abs(logits[row, :length] - own[0][0]).max() < 1e-12
        total += own[1] * length / lengths.sum()
        for name, slope in own[2].items():
            slopes[name] = slopes[name] + slope * length / lengths.sum()
    assert loss == pytest.approx(total, abs=1e-12)
    assert all(np.abs(gradients[name] - slopes[name]).max() < 1e-12 for name in gradients)


def test_it_learns_what_no_independent_tags_can():
    """Two readings of one word, aab and bba: only whole ones are right."""
    letters = np.tile(np.array([[2, 3, 4]], np.int32), (8, 1))
    tags = np.array([[0, 0, 1], [1, 1, 0]] * 4, np.int32)
    torch.manual_seed(0)
    trainer = torch_training.Trainer(InTorch(V, 2, **SIZES), Recipe())
    losses = [trainer.train_step(Batch(letters, tags), 0.02) for _ in range(150)]
    # One bit for the word, nothing for what follows; independent tags pay a bit for each letter.
    assert losses[-1] == pytest.approx(np.log(2) / 3, abs=0.01)


def test_it_is_built_by_its_kind():
    spec = models.Spec("aligned", "AlignedDecoder", {"cell": "gru", **SIZES, "dropout": 0.1})
    built = [models.build(framework, spec, V, K, seed=1) for framework in models.FRAMEWORKS]
    shapes = [{n: a.shape for n, a in parity.parameters(model).items()} for model in built]
    assert shapes[0] == shapes[1]
    assert {
        model.dropout.p if hasattr(model.dropout, "p") else model.dropout.rate for model in built
    } == {0.1}
