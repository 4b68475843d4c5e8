"""Beam search, over a model whose every sequence can be listed."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled.decoding import END_ID, Hypothesis, search

RARE = 1e-3  # of what a model almost never writes


class Tree:
    """A model that knows for each row and each prefix how probable the next symbols are.

    What it remembers of a prefix are the row and the node of the tree that the prefix leads to.
    """

    def __init__(self, seed, rows=1, symbols=3, limit=3):
        self.K, self.limit = symbols, limit
        nodes = sum(symbols**depth for depth in range(limit + 2))
        a = np.random.default_rng(seed).normal(0, 2, (rows, nodes, symbols))
        self.log_p = a - np.log(np.exp(a).sum(axis=-1, keepdims=True))
        self.start = (np.arange(rows), np.full(rows, -1))

    def step(self, previous, memory):
        row, node = memory
        node = np.where(node < 0, 0, node * self.K + previous + 1)  # the first step gets END
        return self.log_p[row, node], (row, node)

    def log_p_of(self, row, ids):
        node, total = 0, 0.0
        for symbol in (*ids, END_ID):
            total += self.log_p[row, node, symbol]
            node = node * self.K + symbol + 1
        return total

    def every(self, row, penalty):
        """All sequences up to the limit, best first."""
        hypotheses = []
        for length in range(self.limit + 1):
            for ids in itertools.product(range(1, self.K), repeat=length):
                log_p = self.log_p_of(row, ids)
                hypotheses.append(Hypothesis(ids, log_p, log_p / (length + 1) ** penalty))
        return sorted(hypotheses, key=lambda h: -h.score)

    def greedy(self, row):
        node, ids = 0, []
        while len(ids) < self.limit and (symbol := int(self.log_p[row, node].argmax())) != END_ID:
            ids.append(symbol)
            node = node * self.K + symbol + 1
        return tuple(ids)

    def search(self, width, penalty=0.0):
        return search(self.step, self.start, width, self.limit, penalty)


seeds = st.integers(0, 2**32 - 1)
penalties = st.floats(0, 2)
quickly = settings(deadline=None, max_examples=20)


@quickly
@given(seed=seeds, rows=st.integers(1, 3), penalty=penalties)
def test_a_width_of_one_reads_greedily(seed, rows, penalty):
    tree = Tree(seed, rows)
    beams = tree.search(1, penalty)
    assert [[h.ids for h in beam] for beam in beams] == [[tree.greedy(row)] for row in range(rows)]


@quickly
@given(seed=seeds, rows=st.integers(1, 3), penalty=penalties)
def test_a_beam_that_drops_nothing_finds_all_in_order(seed, rows, penalty):
    tree = Tree(seed, rows)
    for row, beam in enumerate(tree.search(3**3, penalty)):
        wanted = tree.every(row, penalty)
        assert len(beam) == len(wanted) == 1 + 2 + 4 + 8
        assert [h.ids for h in beam] == [h.ids for h in wanted]
        assert [h.score for h in beam] == pytest.approx([h.score for h in wanted])
        assert math.fsum(math.exp(h.log_p) for h in beam) < 1


@quickly
@given(seed=seeds, width=st.integers(1, 5), penalty=penalties)
def test_what_is_found_has_the_probability_that_the_model_gives_it(seed, width, penalty):
    tree = Tree(seed, rows=2, symbols=4, limit=4)
    for row, beam in enumerate(tree.search(width, penalty)):
        assert 1 <= len(beam) <= width
        assert len({h.ids for h in beam}) == len(beam)
        assert [h.score for h in beam] == sorted((h.score for h in beam), reverse=True)
        for h in beam:
            assert END_ID not in h.ids
            assert h.log_p == pytest.approx(tree.log_p_of(row, h.ids))
            assert h.score == pytest.approx(h.log_p / (len(h.ids) + 1) ** penalty)


@quickly
@given(seed=seeds, width=st.integers(1, 5), penalty=penalties)
def test_a_row_finds_the_same_alone_as_in_a_batch(seed, width, penalty):
    tree = Tree(seed, rows=3)
    together = tree.search(width, penalty)
    for row, beam in enumerate(together):
        start = tuple(array[row : row + 1] for array in tree.start)
        assert search(tree.step, start, width, tree.limit, penalty) == [beam]


def chain(*steps):
    """A model that knows only the number of the step: log p of (end, a, b) at each."""
    table = np.log(np.array(steps))

    def step(previous, memory):
        (u,) = memory
        return table[np.minimum(u, len(table) - 1)], (u + 1,)

    return step, (np.zeros(1, int),)


def test_a_wider_beam_finds_what_greed_misses():
    """a is likelier than b, but what follows b is sure."""
    after = {1: [0.4, 0.3, 0.3], 2: [1 - 2 * RARE, RARE, RARE]}

    def step(previous, memory):
        (first,) = memory
        rows = [[RARE, 0.6, 0.4 - RARE] if s == END_ID else after[int(s)] for s in previous]
        return np.log(np.array(rows)), (first,)

    start = (np.zeros(1),)
    ((greedy,),) = search(step, start, width=1, limit=1)
    ((best, _),) = search(step, start, width=2, limit=1)
    assert greedy.ids == (1,)
    assert best.ids == (2,)
    assert math.exp(best.log_p) == pytest.approx((0.4 - RARE) * (1 - 2 * RARE))
    assert best.log_p > greedy.log_p


def test_the_penalty_favours_longer_sequences():
    """The end at once has p = 0.4; one symbol and the end 0.6 * 0.6 = 0.36, in two steps."""
    step, start = chain([0.4, 0.6 - RARE, RARE], [0.6, 0.2, 0.2])
    for penalty, ids in ((0.0, ()), (1.0, (1,))):
        best = search(step, start, width=4, limit=1, length_penalty=penalty)[0][0]
        assert best.ids == ids
        p, steps = (0.4, 1) if ids == () else ((0.6 - RARE) * 0.6, 2)
        assert best.log_p == pytest.approx(math.log(p))
        assert best.score == pytest.approx(math.log(p) / steps**penalty)


def test_what_does_not_end_ends_at_the_limit():
    step, start = chain([RARE, 1 - 2 * RARE, RARE])
    ((best,),) = search(step, start, width=1, limit=4)
    assert best.ids == (1, 1, 1, 1)
    assert best.log_p == pytest.approx(4 * math.log(1 - 2 * RARE) + math.log(RARE))


def test_a_search_that_is_done_asks_no_more():
    """The best is found and sure: later steps could only be worse."""
    asked = []

    def counting(previous, memory):
        asked.append(len(previous))
        return np.tile(np.log([0.98, 0.01, 0.01]), (len(previous), 1)), memory

    beam = search(counting, (np.zeros(1),), width=3, limit=1000)[0]
    assert [h.ids for h in beam] == [(), (1,), (2,)]
    assert asked == [3, 3]


@pytest.mark.parametrize("wrong", [{"width": 0}, {"limit": 0}, {"length_penalty": -0.5}])
def test_a_search_that_makes_no_sense_is_refused(wrong):
    tree = Tree(0)
    with pytest.raises(ValueError, match=f"no beam search has .*{next(iter(wrong))}="):
        search(tree.step, tree.start, **{"width": 2, "limit": 3, **wrong})
