"""The sums over lattices against enumeration, and against what the frameworks compute."""

from itertools import permutations, product
from math import comb

import keras
import numpy as np
import pytest
import torch
from unrolled.numpy import lattices


def log_softmax(x):
    return x - np.logaddexp.reduce(x, axis=-1, keepdims=True)


@pytest.fixture
def log_p():
    return log_softmax(np.random.default_rng(0).normal(size=(6, 4)))  # (T, K)


LABELS = [(), (1,), (1, 2), (2, 2), (1, 2, 1), (3, 3, 3), (1, 1, 2)]


def test_collapse_merges_before_it_drops():
    assert lattices.collapse([1, 1, 0, 1, 2, 2, 0]) == (1, 1, 2)
    assert lattices.collapse([0, 0]) == ()


@pytest.mark.parametrize("labels", LABELS)
def test_ctc_is_the_sum_over_all_paths(log_p, labels):
    paths = product(range(log_p.shape[1]), repeat=len(log_p))
    matching = [path for path in paths if lattices.collapse(path) == labels]
    total = np.logaddexp.reduce([log_p[np.arange(len(log_p)), path].sum() for path in matching])
    assert lattices.ctc_total(log_p, labels) == pytest.approx(total)
    assert sorted(matching) == sorted(lattices.ctc_paths(len(log_p), labels))


def test_ctc_of_all_texts_sums_to_one(log_p):
    log_p = log_p[:3]
    texts = [text for U in range(4) for text in product((1, 2, 3), repeat=U)]
    total = np.logaddexp.reduce([lattices.ctc_total(log_p, text) for text in texts])
    assert total == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("labels", LABELS[1:])
def test_ctc_is_that_of_both_frameworks(log_p, labels):
    ours = -lattices.ctc_total(log_p, labels)
    in_torch = torch.nn.functional.ctc_loss(
        torch.tensor(log_p)[:, None],
        torch.tensor([labels]),
        torch.tensor([len(log_p)]),
        torch.tensor([len(labels)]),
        reduction="sum",
    )
    in_keras = keras.ops.ctc_loss(
        np.array([labels], np.int32),
        log_p[None].astype(np.float32),
        np.array([len(labels)], np.int32),
        np.array([len(log_p)], np.int32),
        mask_index=0,
    )
    assert ours == pytest.approx(float(in_torch))
    assert ours == pytest.approx(float(in_keras[0]), rel=1e-5)


def test_ctc_of_too_few_frames_is_impossible(log_p):
    assert lattices.ctc_total(log_p[:2], (2, 2)) == -np.inf
    assert lattices.ctc_total(log_p[:3], (2, 2)) > -np.inf


@pytest.mark.parametrize(("T", "U"), [(1, 1), (3, 2), (4, 3)])
def test_transducer_is_the_sum_over_all_paths(T, U):
    rng = np.random.default_rng(T)
    blank, label = rng.normal(size=(T, U + 1)), rng.normal(size=(T, U))
    ways = set(permutations("b" * (T - 1) + "l" * U))
    assert len(ways) == comb(T - 1 + U, U)
    total = -np.inf
    for way in ways:
        t = u = 0
        score = 0.0
        for step in (*way, "b"):
            score += blank[t, u] if step == "b" else label[t, u]
            t, u = (t + 1, u) if step == "b" else (t, u + 1)
        total = np.logaddexp(total, score)
    assert lattices.transducer(blank, label) == pytest.approx(total)


@pytest.mark.parametrize(("T", "K"), [(1, 3), (2, 2), (5, 3)])
def test_the_chain_sums_and_maximises_over_all_sequences(T, K):
    rng = np.random.default_rng(K)
    scores, transitions = rng.normal(size=(T, K)), rng.normal(size=(K, K))
    each = {
        tags: lattices.chain_score(scores, transitions, tags)
        for tags in product(range(K), repeat=T)
    }
    assert lattices.chain_total(scores, transitions) == pytest.approx(
        np.logaddexp.reduce(list(each.values()))
    )
    tags, best = lattices.viterbi(scores, transitions)
    assert tuple(tags) == max(each, key=each.get)
    assert best == pytest.approx(max(each.values()))


def test_a_chain_without_transitions_is_a_softmax_at_each_step():
    scores = np.random.default_rng(0).normal(size=(4, 3))
    zero = np.zeros((3, 3))
    apart = np.logaddexp.reduce(scores, axis=1).sum()
    assert lattices.chain_total(scores, zero) == pytest.approx(apart)
    assert lattices.viterbi(scores, zero)[0] == scores.argmax(axis=1).tolist()
