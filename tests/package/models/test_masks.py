"""Padding changes nothing: no logit at a letter, no loss, no gradient; and it would, unmasked."""

import numpy as np
import pytest
import small_taggers
import torch
import unrolled.keras.losses as keras_losses
import unrolled.torch.losses as torch_losses
from small_taggers import CELLS, FRAMEWORKS, V, measured
from unrolled import models
from unrolled.tasks.task import ABSENT

with_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
NAMED = [name for name, spec in models.NAMED.items() if spec.answer == "labels"]
KINDS = [*NAMED, "stacked-2-residual-norm", "stacked-bidirectional-3-residual-norm"]
KINDS = [{"stacked": "stacked-3", "look-ahead": "look-ahead-3"}.get(kind, kind) for kind in KINDS]
TAGGERS = [(kind, cell) for kind, cell in small_taggers.TAGGERS if kind in KINDS]
# What looks at the letters that follow and cannot tell padding from letters by itself.
MISLED = ("bidirectional", "conv", "attention")
LENGTHS = (3, 1, 5, 2, 5)


def words(seed=0):
    """Each word as a batch of its own, letters and tags of shape (1, T)."""
    return [small_taggers.batch(1, length, seed + at) for at, length in enumerate(LENGTHS)]


def padded(parts, beyond=2):
    """The words as one batch; `beyond`: padding after the longest. Shape: (B, T)."""
    shape = len(parts), max(LENGTHS) + beyond
    letters, tags = np.zeros(shape, np.int32), np.full(shape, ABSENT, np.int32)
    for row, (word, word_tags) in enumerate(parts):
        letters[row, : word.size], tags[row, : word.size] = word[0], word_tags[0]
    return letters, tags, np.array(LENGTHS, np.int32)


def differences(framework, kind, cell, lengths=True):
    """How far a padded batch is from its words one by one."""
    model = small_taggers.model(framework, kind, cell, seed=1)
    parts = words()
    alone = [measured(model, *part) for part in parts]
    letters, tags, given = padded(parts)
    logits, loss, slopes = measured(model, letters, tags, given if lengths else None)
    share = np.array(LENGTHS) / sum(LENGTHS)  # of each word in the mean over all letters
    mean = {n: np.tensordot(share, np.stack([own[2][n] for own in alone]), 1) for n in slopes}
    rows = zip(logits, alone, LENGTHS, strict=True)
    return {
        "logits": max(np.abs(row[:n] - own[0][0]).max() for row, own, n in rows),
        "loss": abs(loss - share @ [own[1] for own in alone]),
        "gradients": max(np.abs(slopes[n] - mean[n]).max() for n in slopes),
    }


@with_frameworks
@pytest.mark.parametrize(("kind", "cell"), TAGGERS)
def test_padding_changes_nothing(framework, kind, cell):
    apart = differences(framework, kind, cell)
    assert all(distance < 1e-13 for distance in apart.values()), apart


@with_frameworks
@pytest.mark.parametrize("kind", [kind for kind, cell in TAGGERS if cell == "elman"])
def test_without_lengths_the_padding_is_read(framework, kind):
    """The classic mistake: the backward direction reads the padding first."""
    apart = differences(framework, kind, "elman", lengths=False)
    if any(part in kind for part in MISLED):
        assert all(distance > 1e-3 for distance in apart.values()), apart
    else:
        assert all(distance < 1e-13 for distance in apart.values()), apart


@with_frameworks
@pytest.mark.parametrize("cell", CELLS)
def test_more_padding_changes_no_logit_either(framework, cell):
    model = small_taggers.model(framework, "conv-bidirectional", cell, seed=2)
    readings = [
        measured(model, *padded(words(), beyond))[0][:, : max(LENGTHS)] for beyond in (0, 1, 9)
    ]
    inside = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]
    for logits in readings[1:]:
        assert np.abs(logits - readings[0])[inside].max() < 1e-13


@with_frameworks
def test_what_stands_in_the_padding_does_not_matter(framework):
    """Only where lengths are used: one direction reads the padding letter 0 on purpose."""
    for kind in ("bidirectional", "conv-bidirectional", "attention-bidirectional"):
        model = small_taggers.model(framework, kind, "gru", seed=3)
        letters, tags, lengths = padded(words())
        inside = np.arange(letters.shape[1]) < lengths[:, None]
        other = np.where(inside, letters, V - 1).astype(np.int32)
        one, two = (measured(model, x, tags, lengths) for x in (letters, other))
        assert np.abs(one[0] - two[0])[inside].max() < 1e-13
        assert one[1] == pytest.approx(two[1], abs=1e-13)
        assert all(np.abs(one[2][n] - two[2][n]).max() < 1e-13 for n in one[2])


@with_frameworks
def test_a_word_turned_round_keeps_its_padding_behind(framework):
    layers = __import__(f"unrolled.{framework.removeprefix('py')}.layers", fromlist=["reverse"])
    x = np.array([[1.0, 2, 3, 0], [4, 0, 0, 0], [5, 6, 7, 8]])[..., None]
    lengths, given = np.array([3, 1, 4]), x
    if framework == "pytorch":
        lengths, given = torch.from_numpy(lengths), torch.from_numpy(x)
    turned = np.asarray(layers.reverse(given, lengths))
    assert turned[..., 0].tolist() == [[3, 2, 1, 0], [4, 0, 0, 0], [8, 7, 6, 5]]
    assert np.array_equal(np.asarray(layers.reverse(given)), x[:, ::-1])


@with_frameworks
def test_absent_targets_count_in_no_loss(framework):
    model = small_taggers.model(framework, "basic", "elman", seed=4)
    letters, tags = small_taggers.batch(2, 4)
    targets = tags.copy()
    targets[0, 1:] = ABSENT
    logits, loss, _ = measured(model, letters, targets)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    each = -np.take_along_axis(log_p, tags[..., None], -1)[..., 0]
    assert loss == pytest.approx(np.mean([each[0, 0], *each[1]]), abs=1e-12)
    smoothing = {"pytorch": torch_losses, "keras": keras_losses}[framework].cross_entropy
    given = (logits, targets) if framework == "keras" else map(torch.from_numpy, (logits, targets))
    spread = -log_p.mean(-1)
    smooth = np.mean([*(0.8 * each + 0.2 * spread)[1], 0.8 * each[0, 0] + 0.2 * spread[0, 0]])
    assert float(smoothing(*given, smoothing=0.2)) == pytest.approx(smooth, abs=1e-12)
