"""Two readings of a word under dropout: how far they are apart, in both frameworks."""

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.losses as keras_losses
import unrolled.keras.training as keras_training
import unrolled.torch.losses as torch_losses
import unrolled.torch.training as torch_training
from unrolled import models
from unrolled.errors import UserError
from unrolled.models import parity
from unrolled.tasks.task import ABSENT, Batch
from unrolled.training import Recipe

TRAINING = {"pytorch": torch_training, "keras": keras_training}
LOSSES = {"pytorch": torch_losses, "keras": keras_losses}
TENSOR = {"pytorch": torch.tensor, "keras": keras.ops.convert_to_tensor}
with_frameworks = pytest.mark.parametrize("framework", models.FRAMEWORKS)


def disagreement(framework, logits, targets):
    tensor = TENSOR[framework]
    return float(LOSSES[framework].disagreement(tensor(logits), tensor(targets)))


@with_frameworks
def test_it_is_the_mean_of_both_divergences(framework):
    p, q = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.25])
    by_hand = (np.sum(p * np.log(p / q)) + np.sum(q * np.log(q / p))) / 2
    logits = np.log([[p], [q]])  # (2B, U, K) = (2, 1, 3)
    targets = np.zeros((1, 1), np.int32)
    assert disagreement(framework, logits, targets) == pytest.approx(by_hand)
    assert disagreement(framework, logits + 7, targets) == pytest.approx(by_hand)
    assert disagreement(framework, logits[[0, 0]], targets) == 0


@with_frameworks
def test_what_is_absent_does_not_count(framework):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4, 3, 5))  # (2B, U, K)
    targets = np.array([[1, 2, ABSENT], [0, 1, 3]], np.int32)
    before = disagreement(framework, logits, targets)
    logits[0, 2] += rng.normal(size=5)  # at the absent one
    assert disagreement(framework, logits, targets) == pytest.approx(before)
    logits[0, 1] += rng.normal(size=5)
    assert disagreement(framework, logits, targets) != pytest.approx(before)


def test_the_frameworks_agree():
    rng = np.random.default_rng(1)
    logits, targets = rng.normal(size=(6, 4, 5)), rng.integers(-1, 5, (3, 4)).astype(np.int32)
    disagreements = [disagreement(framework, logits, targets) for framework in models.FRAMEWORKS]
    assert disagreements[0] == pytest.approx(disagreements[1], rel=1e-12)


def train(framework, consistency, dropout, steps=60):
    """A tagger on one batch; returns its trainer and how far two readings are apart at the end."""
    rng = np.random.default_rng(0)
    letters, tags = (rng.integers(2, 9, (16, 5)).astype(np.int32) for _ in range(2))
    spec = models.spec("bidirectional", hidden_size=16, embedding_size=8, dropout=dropout)
    model = models.build(framework, spec, 9, 9, seed=0)
    trainer = models.trainer(framework, model, Recipe(consistency=consistency))
    trainer.reseed(0)
    for _ in range(steps):
        trainer.train_step(Batch(letters, tags), 1e-2)
    if framework == "pytorch":
        with torch.no_grad():
            logits = model.train()(torch.from_numpy(np.concatenate([letters] * 20))).numpy()
    else:
        logits = np.asarray(model(np.concatenate([letters] * 20), training=True))
    return trainer, disagreement(framework, logits, np.concatenate([tags] * 10))


@with_frameworks
def test_training_with_it_brings_readings_together(framework):
    _, without = train(framework, 0.0, 0.5)
    _, with_it = train(framework, 4.0, 0.5)
    assert with_it < 0.7 * without


def test_without_dropout_it_changes_nothing():
    weights = [train("pytorch", weight, 0.0, steps=3)[0].weights() for weight in (0.0, 3.0)]
    for name, one in weights[0].items():
        assert np.allclose(one, weights[1][name], atol=1e-5), name


def test_steps_agree_between_the_frameworks():
    first, second = (train(framework, 2.0, 0.0, steps=3)[0] for framework in models.FRAMEWORKS)
    parity.carry(first.model, second.model)
    rng = np.random.default_rng(5)
    letters, tags = (rng.integers(2, 9, (16, 5)).astype(np.int32) for _ in range(2))
    losses = [trainer.train_step(Batch(letters, tags), 1e-3) for trainer in (first, second)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.parametrize("value", [-1.0, float("inf"), float("nan")])
def test_a_weight_that_makes_no_sense_is_refused(value):
    with pytest.raises(UserError, match="consistency is"):
        Recipe(consistency=value)
