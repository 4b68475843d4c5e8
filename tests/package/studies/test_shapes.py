"""The book's data in other shapes, and the models that read it, in both frameworks."""

import numpy as np
import pytest
from unrolled.models import parity
from unrolled.studies import shapes
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import ABSENT
from unrolled.tasks.pronunciation.shapes import ShapeTask

SIZES = {"one-to-one": (29, 7), "many-to-one": (29, 6), "one-to-many": (29, 40)}


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


def batch(shape):
    """Inputs and targets of a shape, drawn at random."""
    rng = np.random.default_rng(0)
    inputs = {"one-to-one": (5, 1), "many-to-one": (5, 4), "one-to-many": (5, 29)}[shape]
    targets = rng.integers(0, 6, (5, 3 if shape == "one-to-many" else 1), dtype=np.int32)
    if shape == "one-to-many":
        targets[0, 2:] = ABSENT
    return rng.integers(0, 6, inputs, dtype=np.int32), targets


@pytest.mark.parametrize("shape", SIZES)
def test_the_frameworks_agree(shape):
    trainers = shapes.trainers(shape, *SIZES[shape])
    inputs, targets = batch(shape)
    models = [trainer.model for trainer in trainers.values()]
    parity.check(*models, inputs, targets, tolerance=1e-5)
    predictions = [trainer.predict(inputs) for trainer in trainers.values()]
    assert (predictions[0] == predictions[1]).all()


@pytest.mark.parametrize("shape", SIZES)
def test_a_few_examples_are_learnt_by_heart(shape):
    inputs, targets = batch(shape)
    inputs = np.unique(inputs, axis=0)
    targets = np.ascontiguousarray(targets[: len(inputs)])
    for trainer in shapes.trainers(shape, *SIZES[shape], rate=1e-2).values():
        losses = shapes.learn(trainer, [shapes.Pairs(inputs, targets)], steps=80, size=16)
        assert losses[-1] < 0.1 < 1 < losses[0]
        assert shapes.share_right(trainer, [shapes.Pairs(inputs, targets)]) == 1


def test_one_to_many_says_what_it_was_told_and_ends():
    inputs, targets = batch("one-to-many")
    targets[:, -1] = 0  # the end symbol
    trainer = shapes.trainers("one-to-many", *SIZES["one-to-many"], rate=1e-2)["pytorch"]
    shapes.learn(trainer, [shapes.Pairs(inputs, targets)], steps=150, size=16)
    assert (trainer.predict(inputs)[:, :3] == targets).all()


@pytest.mark.parametrize(
    ("word", "groups"), [("hate", 1), ("created", 2), ("banana", 3), ("rhythm", 1), ("the", 1)]
)
def test_vowel_groups(word, groups):
    assert shapes.vowel_groups(word) == groups


def test_syllables_are_vowels_with_or_without_stress():
    assert shapes.syllables(("K", "R", "IY", "EY", "T", "AH", "D")) == 3
    assert shapes.syllables(("HH", "EY1", "T")) == 1


def test_a_bag_forgets_the_order(data):
    listen, silent = (shapes.bag(word, data.letters) for word in ("listen", "silent"))
    assert (listen == silent).all()
    assert listen.sum() == 6
    assert (listen != shapes.bag("listens", data.letters)).any()


def test_single_letters_are_all_letters_of_the_aligned_words(data):
    inputs, targets = shapes.single_letters(data)
    assert inputs.shape == targets.shape == (data.train.num_letters, 1)


def test_counts_and_bags_are_of_the_words_of_their_part(data):
    for part in ("train", "valid"):
        known = shapes.words(data, part)
        assert {len(word) for word in known} == set(shapes.LENGTHS)
        counts, bags = shapes.syllable_counts(data, part), shapes.bags(data, part)
        assert sum(len(group.inputs) for group in counts) == len(known) == len(bags.inputs)
        assert [group.inputs.shape[1] for group in counts] == list(shapes.LENGTHS)
        symbols = data.target("phonemes").symbols
        rows = zip(known.items(), bags.targets, strict=True)
        for (word, phonemes), row in list(rows)[:50]:
            assert pronunciation.decode(symbols, row[row != ABSENT]) == phonemes
            assert (row == 0).sum() == 1, word
    assert not shapes.words(data, "train").keys() & shapes.words(data, "valid").keys()


def test_batches_are_those_of_the_seed():
    parts = [shapes.Pairs(np.arange(10)[:, None], np.arange(10)[:, None])]
    first, again = (ShapeTask(parts, "label", 3, 4).epoch(0, 1, seed=0) for _ in range(2))
    assert [len(batch.inputs) for batch in first] == [4, 4, 4]
    assert all((a.inputs == b.inputs).all() for a, b in zip(first, again, strict=True))
    assert all((a.inputs == a.targets).all() for a in first)
