"""The LSTM on trees: an LSTM on a chain; siblings have no order, and a forget gate each."""

import numpy as np
import pytest
import tensorflow as tf
import torch
import unrolled.keras.trees as keras_trees
import unrolled.numpy.trees as numpy_trees
import unrolled.torch.trees as torch_trees
from three_frameworks import all_close, close
from unrolled.models import parity

D, H = 3, 4
# A root 7 with children 2, 5 and 6; node 2 has two leaves, node 5 one, 6 is a leaf. 8: alone.
PARENTS = [2, 2, 7, 5, 5, 7, 7, -1, -1]


class Forest:
    """The layer in three frameworks, with the same weights in float64."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.numpy = numpy_trees.ChildSumTreeLSTM(D, H, rng)
        for value in self.numpy.cell.parameters.values():
            value += rng.normal(0, 0.4, value.shape)
        self.torch = torch_trees.ChildSumTreeLSTM(D, H).double()
        self.keras = keras_trees.ChildSumTreeLSTM(H, dtype="float64")
        self.keras.build((None, D))
        for layer in (self.torch, self.keras):
            parity.assign(layer.cell, self.numpy.cell.parameters)

    def in_torch(self, x, parents):
        with torch.no_grad():
            return tuple(s.numpy() for s in self.torch(torch.as_tensor(x), parents))

    def in_keras(self, x, parents):
        return tuple(np.asarray(s) for s in self.keras(tf.constant(x), parents))

    @property
    def ways(self):
        return self.numpy.forward, self.in_torch, self.in_keras


@pytest.fixture(scope="module")
def forest():
    return Forest()


def inputs(nodes, seed=1):
    return np.random.default_rng(seed).normal(size=(nodes, D))


def logistic(a):
    return 1 / (1 + np.exp(-a))


def test_states_are_those_of_the_equations(forest):
    p, x = forest.numpy.cell.parameters, inputs(9)
    h, c = np.zeros((2, 9, H))
    for j in range(9):
        under = [k for k in range(9) if PARENTS[k] == j]
        total = sum((h[k] for k in under), np.zeros(H))
        i, g, o = (p[f"W_{n}"] @ x[j] + p[f"U_{n}"] @ total + p[f"b_{n}"] for n in "igo")
        c[j] = logistic(i) * np.tanh(g)
        for k in under:
            c[j] += logistic(p["W_f"] @ x[j] + p["U_f"] @ h[k] + p["b_f"]) * c[k]
        h[j] = logistic(o) * np.tanh(c[j])
    for read in forest.ways:
        all_close(read(x, PARENTS), (h, c))


def test_a_chain_is_read_by_the_lstm(forest):
    x, chain = inputs(7), [1, 2, 3, 4, 5, 6, -1]
    cells = forest.numpy.cell, forest.torch.cell, forest.keras.cell
    for read, cell, tensor in zip(
        forest.ways, cells, (np.asarray, torch.as_tensor, tf.constant), strict=True
    ):
        h, c = read(x, chain)
        outputs, last = cell(tensor(x[None])) if cell is not cells[0] else cell.forward(x[None])
        outputs, *last = (parity._to_numpy(array)[0] for array in (outputs, *last))
        close(h, outputs)
        all_close((h[-1], c[-1]), last)


def test_the_order_of_siblings_does_not_matter(forest):
    x = inputs(9)
    order = [3, 4, 5, 6, 1, 0, 2, 7, 8]  # the children of 7 and of 2 stand in another order
    place = np.argsort(order)
    parents = [PARENTS[k] if PARENTS[k] < 0 else int(place[PARENTS[k]]) for k in order]
    for read in forest.ways:
        h, c = read(x, PARENTS)
        all_close(read(x[order], parents), (h[order], c[order]), 1e-12)
        moved = [2, 2, 7, 5, 7, 7, 7, -1, -1]  # while it matters whose child a node is
        assert parity.distance(read(x, moved)[0], h) > 1e-3


def test_what_a_node_says_depends_on_its_subtree_alone(forest):
    x = inputs(9)
    for read in forest.ways:
        h, _ = read(x, PARENTS)
        for changed, above in ((0, {0, 2, 7}), (6, {6, 7}), (7, {7}), (8, {8})):
            moved = x.copy()
            moved[changed] += 1
            apart = np.abs(read(moved, PARENTS)[0] - h).max(axis=1)
            assert {int(j) for j in np.flatnonzero(apart)} == above


def test_each_child_has_its_own_forget_gate(forest):
    """The c of one child is kept or dropped whatever its siblings are."""
    x_j, (h, c) = inputs(1)[0], np.random.default_rng(2).normal(size=(2, 3, H))
    p = forest.numpy.cell.parameters
    gates = logistic(p["W_f"] @ x_j + h @ p["U_f"].T + p["b_f"])
    a_j = forest.torch.cell.project(torch.as_tensor(x_j)).detach()
    ways = (
        (forest.numpy.node, x_j, np.asarray),
        (forest.torch.node, a_j, torch.as_tensor),
        (forest.keras.node, a_j.numpy(), tf.constant),
    )
    for k in range(3):
        more, other = c.copy(), h.copy()
        more[k] += 1
        other[(k + 1) % 3] += 1
        assert parity.distance(gates[k], gates[k - 1]) > 1e-2
        for node, given, tensor in ways:
            for states in (h, other):  # a sibling with another state moves its own gate
                kept, without = (
                    parity._to_numpy(node(tensor(given), tensor(states), tensor(cells))[1])
                    for cells in (more, c)
                )
                close(kept - without, gates[k])


def test_gradients_agree_and_are_those_of_the_function(forest):
    x, rng = inputs(9), np.random.default_rng(3)
    upstream = rng.normal(size=(2, 9, H))
    given = torch.tensor(x, requires_grad=True)
    states = forest.torch(given, PARENTS)
    loss = sum((s * torch.as_tensor(u)).sum() for s, u in zip(states, upstream, strict=True))
    slots = parity.slots(forest.torch)
    gradients = torch.autograd.grad(loss, [given, *(slot.tensor for slot in slots)])
    mine = {n: a for s, g in zip(slots, gradients[1:], strict=True) for n, a in s.read(g).items()}
    slots, given = parity.slots(forest.keras), tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(given)
        states = forest.keras(given, PARENTS)
        loss = sum(tf.reduce_sum(s * u) for s, u in zip(states, upstream, strict=True))
    other = tape.gradient(loss, [given, *(slot.tensor.value for slot in slots)])
    close(other[0], gradients[0])
    for slot, gradient in zip(slots, other[1:], strict=True):
        for name, block in slot.read(np.asarray(gradient)).items():
            close(block, mine.pop(name).numpy())
    assert not mine
    along, step = rng.normal(size=x.shape), 1e-6
    high, low = (
        (np.stack(forest.numpy.forward(x + way * along, PARENTS)) * upstream).sum()
        for way in (step, -step)
    )
    assert (high - low) / (2 * step) == pytest.approx(
        (gradients[0].numpy() * along).sum(), rel=1e-6
    )


def test_parents_may_be_arrays_and_a_graph_may_be_compiled(forest):
    x = inputs(9)
    expected = forest.numpy.forward(x, np.array(PARENTS))
    all_close(forest.in_torch(x, torch.tensor(PARENTS)), expected)
    all_close(forest.in_torch(x, np.array(PARENTS)), expected)
    all_close(forest.in_keras(x, np.array(PARENTS)), expected)
    compiled = tf.function(lambda given: forest.keras(given, tuple(PARENTS)))
    all_close(compiled(tf.constant(x)), expected)


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([1, 2, 0], "the parent of node 2 is 0; children must come before their parents"),
        ([0, 2, -1], "the parent of node 0 is 0; children must come before their parents"),
        ([1, 3, -1], "the parent of node 1 is 3; it must be a node, 0 to 2, or -1 for a root"),
        ([-2, 2, -1], "the parent of node 0 is -2; it must be a node"),
        ([1, -1], r"parents must be 3 whole numbers, one a node; they are of shape \(2,\)"),
        ([[1, 2, -1]], r"parents must be 3 whole numbers.*shape \(1, 3\)"),
        ([1.0, 2.0, -1.0], "parents must be 3 whole numbers.*type float"),
    ],
)
def test_parents_that_make_no_tree_are_refused(forest, parents, message):
    for read in forest.ways:
        with pytest.raises(ValueError, match=message):
            read(inputs(3), parents)
