"""The memory tasks, and what one layer learns of them."""

from functools import partial

import numpy as np
import pytest
import torch
from unrolled.studies import pace, recall
from unrolled.studies.recall import Search
from unrolled.tasks.recall.sequences import COPIED, ECHOED, RULES, SYMBOLS
from unrolled.tasks.task import ABSENT
from unrolled.torch.cells import CELLS

rng = np.random.default_rng


def test_echo_says_what_stood_lag_steps_before():
    x, targets = RULES["echo"].draw(7, 3, rng(0))
    assert x.shape == (3, 7 + ECHOED, 1)
    assert (targets[:, :7] == ABSENT).all()
    assert np.array_equal(targets[:, 7:], (x[:, :ECHOED, 0] > 0).astype(int))
    assert set(np.unique(x)) == {-1, 1}


def test_adding_is_the_sum_of_the_two_marked_numbers():
    x, targets = RULES["adding"].draw(10, 50, rng(0))
    marked = x[..., 1] == 1
    assert (marked[:, :5].sum(1) == 1).all()
    assert (marked[:, 5:].sum(1) == 1).all()
    assert targets[:, -1, 0] == pytest.approx((x[..., 0] * marked).sum(1), rel=1e-6)
    assert np.isnan(targets[:, :-1]).all()


def test_copying_says_the_symbols_after_the_mark():
    lag = 4
    x, targets = RULES["copying"].draw(lag, 6, rng(0))
    inputs = x.argmax(-1)
    assert x.shape == (6, 2 * COPIED + lag, SYMBOLS + 2)
    assert np.array_equal(inputs[:, :COPIED], targets[:, -COPIED:])
    assert ((inputs == SYMBOLS + 1).sum(1) == 1).all()
    assert (inputs[:, COPIED + lag - 1] == SYMBOLS + 1).all()
    assert (targets[:, : COPIED + lag] == ABSENT).all()


@pytest.mark.parametrize("name", RULES)
def test_who_remembers_nothing_scores_what_chance_is(name):
    task = RULES[name]
    _, targets = task.draw(10, 4000, rng(0))
    answers = np.ones_like(targets)  # the mean of the sums, or always the same class
    assert task.score(answers, targets) == pytest.approx(task.chance, rel=0.05)
    assert not task.is_solved(task.chance)


@pytest.mark.parametrize("name", RULES)
def test_who_is_right_solves_the_task(name):
    task = RULES[name]
    _, targets = task.draw(10, 20, rng(0))
    assert task.is_solved(task.score(targets, targets))


def test_a_layer_learns_a_short_echo_and_not_a_long_one():
    short = recall.learn("elman", "echo", 5, 0, Search(steps=200))
    assert short["solved"]
    assert short["steps"] < 200
    assert short["rate"] == Search().rates[0]
    long = recall.learn("elman", "echo", 160, 0, Search(steps=50))
    assert not long["solved"]
    assert 0.4 < long["score"] < 0.8
    assert long["steps"] == 50


def test_the_same_seed_finds_the_same():
    one, two = (recall.learn("gru", "adding", 5, 1, Search(steps=50)) for _ in range(2))
    assert {**one, "cpu_seconds": 0} == {**two, "cpu_seconds": 0}


@pytest.mark.parametrize("name", CELLS)
def test_widths_bring_the_parameters_close(name):
    for task in RULES.values():
        build = partial(recall.rememberer, name, task)
        count = recall.num_parameters(build(recall.width(build, recall.PARAMETERS)))
        assert abs(count / recall.PARAMETERS - 1) < 0.05


def test_pace_tells_a_loop_from_the_same_loop():
    row = pace.measure("lstm", 64, "sequential")
    assert 0.2 < row["relative"] < 5  # on a machine that does other things too
    assert row["parameters"] == pytest.approx(pace.PARAMETERS, rel=0.05)


def test_a_step_of_the_pace_trains():
    torch.manual_seed(0)
    layer = CELLS["gru"](pace.INPUT_SIZE, 8)
    before = layer.weight_hh.detach().clone()
    pace._step(layer, "sequential", 4)()
    assert not torch.equal(layer.weight_hh, before)
