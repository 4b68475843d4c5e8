"""The same model in both frameworks: built, compared, trained, and the results."""

import numpy as np
import pytest
from unrolled import models
from unrolled.models import parity
from unrolled.studies import frameworks
from unrolled.tasks import pronunciation
from unrolled.training import History, Recipe

SPEC = models.spec("bidirectional", cell="gru", hidden_size=5)
WORDS = {
    "hat": (("HH", "AE", "T"),),
    "hate": (("HH", "EY", "T"),),
    "cat": (("K", "AE", "T"),),
    "kit": (("K", "IH", "T"),),
    "ice": (("AY", "S"),),
    "ax": (("AE", "K", "S"),),
}


@pytest.fixture(scope="module")
def built():
    return frameworks.twins(SPEC, 29, 11, seed=3)


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    letters = rng.integers(2, 29, (2, 4), dtype=np.int32)
    return letters, rng.integers(0, 11, (2, 4), dtype=np.int32)


def test_twins_have_the_weights_that_the_seed_draws_in_pytorch(built):
    alone = parity.parameters(models.build("pytorch", SPEC, 29, 11, seed=3))
    assert list(built) == list(models.FRAMEWORKS)
    for model in built.values():
        mine = parity.parameters(model)
        assert mine.keys() == alone.keys()
        assert all(np.array_equal(mine[name], alone[name]) for name in alone)


def test_apart_is_the_largest_of_all_differences(built, batch):
    apart = frameworks.apart(built["pytorch"], built["keras"], *batch)
    assert set(apart) == {"logits", "gradients"}
    assert max(apart.values()) < 1e-4
    other = models.build("keras", SPEC, 29, 11, seed=4)
    differences = parity.differences(built["pytorch"], other, *batch)
    apart = frameworks.apart(built["pytorch"], other, *batch)
    assert apart["logits"] == pytest.approx(differences.pop("logits"))
    assert apart["gradients"] == pytest.approx(max(differences.values()))
    assert min(apart.values()) > 1e-3


def test_a_gradient_that_is_no_number_is_not_passed_over(built, batch, monkeypatch):
    differences = {"logits": 0.0, "gradient of a": 1.0, "gradient of b": float("nan")}
    monkeypatch.setattr(parity, "differences", lambda *_: dict(differences))
    assert np.isnan(frameworks.apart(built["pytorch"], built["keras"], *batch)["gradients"])


def test_only_words_of_the_lengths_are_left():
    data = pronunciation.prepare(pronunciation.Split(WORDS, WORDS, WORDS), name="toy")
    short = frameworks.of_lengths(data, (2, 3))
    assert set(short.train.by_length) == {2, 3}
    for T, (letters, _) in short.train.by_length.items():
        assert np.array_equal(letters, data.train.by_length[T][0])
    assert set(short.train_words) == set(short.valid) == set(WORDS) - {"hate"}
    assert short.test == data.test
    assert set(short.target("phonemes").examples.by_length) == {2, 3}


def test_outcomes_tell_the_best_epoch_and_the_size(built):
    epochs = [{"loss": 2.0, "per": 0.5, "wer": 0.9}, {"loss": 1.0, "per": 0.6, "wer": 0.8}]
    keys = [("bidirectional", framework) for framework in built]
    trainers = {key: models.trainer(key[1], built[key[1]], Recipe()) for key in keys}
    histories = {key: History("per", epochs=list(epochs)) for key in keys}
    table = frameworks.outcomes(trainers, histories)
    size = sum(p.numel() for p in built["pytorch"].parameters())
    for (_, row), framework in zip(table.iterrows(), built, strict=True):
        assert row.tolist() == ["bidirectional", framework, size, 2.0, 50.0, 90.0]
