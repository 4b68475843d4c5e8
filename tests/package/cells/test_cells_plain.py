"""The layers without gates: what each is said to remember, to keep and never to change."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
import unrolled.keras.cells as keras_cells
import unrolled.keras.cells.plain as keras_plain
import unrolled.keras.taggers as keras_models
import unrolled.keras.training as keras_training
import unrolled.numpy.cells as numpy_cells
import unrolled.numpy.cells.plain as numpy_plain
import unrolled.torch.cells as torch_cells
import unrolled.torch.cells.plain as torch_plain
import unrolled.torch.taggers as torch_models
import unrolled.torch.training as torch_training
from three_frameworks import Trio, all_close, close
from unrolled.models import parity
from unrolled.tasks.task import Batch
from unrolled.training import Recipe, checkpoints

PARTS = {
    "pytorch": (torch_models.Tagger, torch_training.Trainer),
    "keras": (keras_models.Tagger, keras_training.Trainer),
}


def given(name, H=5, D=3, **changes):
    """A layer in three frameworks, some of its parameters replaced."""
    trio = Trio(name, D=D, H=H)
    trio.numpy.parameters |= {symbol: np.array(value) for symbol, value in changes.items()}
    for layer in (trio.torch, trio.keras):
        parity.assign(layer, trio.numpy.parameters)
    return trio


def ways(trio):
    """Three functions of a sequence and a state, one a framework."""
    return trio.numpy.forward, trio.in_torch, trio.in_keras


def fresh(name, D, H):
    """The parameters as each framework draws them."""
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    layer = keras_cells.CELLS[name](H, dtype="float64")
    layer.build((None, None, D))
    yield numpy_cells.CELLS[name](D, H, np.random.default_rng(0)).parameters
    yield parity.parameters(torch_cells.CELLS[name](D, H).double())
    yield parity.parameters(layer)


def jacobians(trio, x, state):
    """Of the last h by the first h_prev, in PyTorch and in Keras. Shape: (H, H).

    Row j is the gradient of unit j in the j-th of H copies of the sequence.
    """
    x, *state = (np.repeat(array, trio.H, axis=0) for array in (x, *state))
    eye = np.eye(trio.H)
    start, *rest = map(torch.as_tensor, state)
    start.requires_grad_()
    h_last = trio.torch(torch.as_tensor(x), (start, *rest))[1][0]
    yield torch.autograd.grad((h_last * torch.as_tensor(eye)).sum(), start)[0].numpy()
    start, *rest = map(tf.constant, state)
    with tf.GradientTape() as tape:
        tape.watch(start)
        chosen = tf.reduce_sum(trio.keras(tf.constant(x), (start, *rest))[1][0] * eye)
    yield tape.gradient(chosen, start).numpy()


# Jordan


def test_jordan_feeds_back_its_output():
    trio = given("jordan")
    p, x, (y,) = trio.numpy.parameters, trio.input(), trio.state()
    expected, wrong, fed = [], [], y
    for t in range(x.shape[1]):
        y = np.tanh(np.tanh(x[:, t] @ p["W"].T + y @ p["U"].T + p["b"]) @ p["V"].T + p["c"])
        h = np.tanh(x[:, t] @ p["W"].T + fed @ p["U"].T + p["b"])
        fed = h  # as Elman would have it
        expected.append(y)
        wrong.append(np.tanh(h @ p["V"].T + p["c"]))
    for read in ways(trio):
        outputs, last = read(x, trio.state())
        close(outputs, np.stack(expected, axis=1))
        all_close(last, (outputs[:, -1],), 0)
        assert parity.distance(outputs, np.stack(wrong, axis=1)) > 1e-3


def test_jordan_forgets_all_that_it_does_not_say():
    fed_back, silent = given("jordan"), given("jordan", V=np.zeros((5, 5)))
    x, c = silent.input(), silent.numpy.parameters["c"]
    for read in ways(silent):
        outputs, last = read(x, silent.state())
        close(outputs, np.broadcast_to(np.tanh(c), outputs.shape))
        all_close(last, (outputs[:, -1],), 0)
    for read in ways(fed_back):  # while with V the start shows to the end
        assert np.abs(read(x, fed_back.state())[0][:, -1] - read(x)[0][:, -1]).max() > 1e-6


# IndRNN


def test_each_unit_of_an_indrnn_sees_itself_alone():
    trio = given("indrnn", b=np.full(5, 20.0))  # so that all are active
    x, u = trio.input(B=1), trio.numpy.parameters["u"]
    state = (np.full((1, 5), 3.0),)
    for jacobian in jacobians(trio, x, state):
        close(jacobian, np.diag(u ** x.shape[1]), 1e-12)
        assert np.count_nonzero(jacobian) == 5
    moved = (state[0] + np.eye(5)[0],)
    apart = trio.numpy.forward(x, moved)[0] - trio.numpy.forward(x, state)[0]
    assert np.abs(apart[..., 0]).min() > 0
    close(apart[..., 1:], 0 * apart[..., 1:], 0)


def test_an_indrnn_remembers_by_powers_of_u():
    u = np.array([0.2, 0.7, 0.99, 1.0, 1.1])
    trio = given("indrnn", u=u, b=np.zeros(5), W=np.abs(given("indrnn").numpy.parameters["W"]))
    x = np.zeros((2, 30, 3))
    x[:, 0] = np.abs(trio.input()[:, 0])
    seen = x[:, 0] @ trio.numpy.parameters["W"].T
    for read in ways(trio):
        close(read(x)[0], seen[:, None] * u ** np.arange(30)[:, None], 1e-12)


def test_an_indrnn_starts_with_u_between_zero_and_one():
    for parameters in fresh("indrnn", 3, 200):
        size = np.abs(parameters["u"])
        assert 0 <= size.min() < 0.1
        assert 0.9 < size.max() <= 1


# Clockwork

PERIODS = np.array([1, 1, 2, 2, 4, 4, 8, 8])


def test_clockwork_units_change_at_their_periods_only():
    trio = given("clockwork", H=8)
    x = trio.input(T=20)
    for read in ways(trio):
        outputs, (h, t) = read(x)
        before = np.concatenate([np.zeros((2, 1, 8)), outputs[:, :-1]], axis=1)
        moves = outputs != before
        due = np.arange(20)[:, None] % PERIODS == 0
        assert np.array_equal(moves, np.broadcast_to(due, moves.shape))
        close(h, outputs[:, -1], 0)
        close(t, np.full((2, 1), 20.0), 0)


def test_the_modules_of_a_clockwork_layer_share_any_number_of_units():
    for H, periods in ((1, [1]), (2, [1, 4]), (5, [1, 1, 2, 4, 8]), (6, [1, 1, 2, 4, 4, 8])):
        trio = Trio("clockwork", H=H)
        for layer in (trio.numpy, trio.torch, trio.keras):
            assert np.asarray(layer.period).tolist() == periods


def test_fast_clockwork_units_do_not_feed_slow_ones():
    trio = given("clockwork", H=8)
    x, state = trio.input(B=1, T=5), (trio.state(B=1)[0], np.zeros((1, 1)))
    allowed = PERIODS[:, None] <= PERIODS
    for jacobian in jacobians(trio, x, state):
        assert np.abs(jacobian[allowed]).min() > 0
        assert np.abs(jacobian[~allowed]).max() == 0
    moved = (state[0] + (PERIODS == 1), state[1])
    for read in ways(trio):
        apart = read(x, moved)[0] != read(x, state)[0]
        assert apart[..., PERIODS == 1].any()
        assert not apart[..., PERIODS > 1].any()


def test_the_clocks_run_on_into_the_second_part_of_a_sequence():
    trio = given("clockwork", H=8)
    x = trio.input(T=10)
    for read in ways(trio):
        outputs, _ = read(x)
        _, (h, t) = read(x[:, :3])
        close(read(x[:, 3:], (h, t))[0], outputs[:, 3:])
        assert parity.distance(read(x[:, 3:], (h, 0 * t))[0], outputs[:, 3:]) > 1e-3


# Orthogonal


def departure(Q):
    """How far a matrix is from an orthogonal one."""
    return np.abs(Q @ Q.T - np.eye(len(Q))).max()


def cayley(S):
    A = S - S.T
    return np.linalg.inv(np.eye(len(S)) + A) @ (np.eye(len(S)) - A)


@pytest.mark.parametrize("H", [1, 2, 5, 16])
def test_the_recurrent_matrix_starts_orthogonal_with_eigenvalues_all_around(H):
    for parameters in fresh("orthogonal", 3, H):
        Q, pairs = cayley(parameters["S"]), H // 2
        assert departure(Q) <= 1e-12
        angles = np.sort(np.angle(np.linalg.eigvals(Q)))[H - pairs :]
        place = angles / (0.9 * np.pi) * pairs
        assert np.array_equal(np.floor(place), np.arange(pairs))


def test_the_recurrent_matrix_stays_orthogonal_in_training():
    trio = Trio("orthogonal", H=12)
    x, upstream = trio.input(), np.random.default_rng(3).normal(size=(2, 6, 12))
    before = trio.numpy.Q
    in_torch = torch.optim.SGD(trio.torch.parameters(), 0.05)
    in_keras = keras.optimizers.SGD(0.05)
    for _ in range(10):
        in_torch.zero_grad()
        (trio.torch(torch.as_tensor(x))[0] * torch.as_tensor(upstream)).sum().backward()
        in_torch.step()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(trio.keras(tf.constant(x))[0] * upstream)
        variables = trio.keras.trainable_variables
        in_keras.apply(tape.gradient(loss, variables), variables)
    for layer in (trio.torch, trio.keras):
        Q = parity._to_numpy(layer.Q)
        close(Q, cayley(parity.parameters(layer)["S"]), 1e-12)
        assert departure(Q) <= 1e-12
        assert np.abs(Q - before).max() > 0.1


def test_an_orthogonal_recurrence_keeps_lengths_and_a_free_matrix_does_not():
    trio = given("orthogonal", H=16, b=np.zeros(16))
    silence, (h,) = np.zeros((2, 500, 3)), trio.state()
    length = np.linalg.norm(h, axis=-1)
    for read in ways(trio):
        lengths = np.linalg.norm(read(silence, (h,))[0], axis=-1)
        close(lengths, np.broadcast_to(length[:, None], lengths.shape), 1e-10)
    free = trio.numpy.Q + np.random.default_rng(0).normal(0, 0.02, (16, 16))  # one step away
    for _ in range(500):
        h = h @ free.T
    ratio = np.linalg.norm(h, axis=-1) / length
    assert (np.abs(np.log10(ratio)) > 1).all()


def test_the_gradient_neither_vanishes_nor_explodes_through_an_orthogonal_layer():
    """As long as no bias is below zero, whatever the input: modrelu has slope 1."""
    biases = np.abs(np.random.default_rng(0).normal(size=8))
    for b in (np.zeros(8), biases):
        trio = given("orthogonal", H=8, b=b)
        x, state = trio.input(B=1, T=200), trio.state(B=1)
        for jacobian in jacobians(trio, x, state):
            close(np.linalg.svd(jacobian)[1], np.ones(8), 1e-10)
    plain = given("elman", H=8, U=trio.numpy.Q)
    for jacobian in jacobians(plain, x, state):
        assert np.linalg.norm(jacobian) < 1e-10


def test_modrelu_moves_the_size_and_leaves_the_sign():
    a = np.array([-2, -0.5, 0, 0.5, 2])
    for b, expected in ((-1.0, [-1, 0, 0, 0, 1]), (1.0, [-3, -1.5, 0, 1.5, 3]), (0.0, a)):
        close(numpy_plain.modrelu(a, np.array(b)), expected, 0)
        close(torch_plain.modrelu(torch.as_tensor(a), torch.tensor(b)), expected, 0)
        close(keras_plain.modrelu(tf.constant(a), tf.constant(b, tf.float64)), expected, 0)


# Echo state


def test_a_reservoir_is_drawn_with_its_spectral_radius():
    for parameters in fresh("echo-state", 3, 40):
        U = parameters["U"]
        assert np.abs(np.linalg.eigvals(U)).max() == pytest.approx(0.9, abs=1e-6)
        assert np.linalg.svd(U)[1].max() > 1  # which alone would prove that it forgets


def from_two_starts(trio, T):
    """How far two states are apart after each step, and at first, in each framework."""
    x = trio.input(T=T)
    starts = np.random.default_rng(7).uniform(-1, 1, (2, 2, trio.H))
    for read in ways(trio):
        one, other = (read(x, (start,))[0] for start in starts)
        first = np.linalg.norm(starts[0] - starts[1], axis=-1)
        yield np.linalg.norm(one - other, axis=-1), first[:, None]


def test_a_reservoir_forgets_its_start_where_the_largest_singular_value_is_below_one():
    drawn = numpy_cells.EchoState(3, 30, np.random.default_rng(0)).parameters["U"]
    largest = np.linalg.svd(drawn)[1].max()
    for bound in (0.5, 0.8):
        trio = given("echo-state", H=30, U=drawn * bound / largest)
        for apart, first in from_two_starts(trio, 60):
            assert (apart <= first * bound ** np.arange(1, 61) + 1e-14).all()
            assert (apart[:, 0] > 0).all()
    wild = given("echo-state", H=30, U=drawn * 10 / largest)
    for apart, _ in from_two_starts(wild, 200):
        assert (apart[:, -50:] > 0.1).all()


@pytest.mark.parametrize("framework", PARTS)
def test_training_moves_the_readout_and_nothing_of_the_reservoir(framework, tmp_path):
    Tagger, Trainer = PARTS[framework]
    recipe = Recipe(weight_decay=0.1)
    rng = np.random.default_rng(0)
    letters, tags = (rng.integers(0, n, (6, 4)).astype(np.int32) for n in (9, 7))

    def trainer(seed):
        torch.manual_seed(seed)
        keras.utils.set_random_seed(seed)
        return Trainer(Tagger(9, 7, "echo-state", 5, 8, dropout=0.5), recipe)

    one = trainer(0)
    start = parity.parameters(one.model)
    one.reseed(1)
    one.train_step(Batch(letters, tags), 0.01)
    now = parity.parameters(one.model)
    assert now.keys() == start.keys() > {f"recurrent.{symbol}" for symbol in ("W", "U", "b")}
    for name, value in now.items():
        moved = np.abs(value - start[name]).max()
        assert (moved == 0) == name.startswith("recurrent."), name
    checkpoints.write(
        tmp_path / "kept", checkpoints.Checkpoint(one.weights() | one.optimizer_state(), {})
    )
    arrays, other = checkpoints.read(tmp_path / "kept").arrays, trainer(5)
    assert parity.distance(start["recurrent.U"], parity.parameters(other.model)["recurrent.U"]) > 0
    other.load_weights({name: arrays[name] for name in one.weights()})
    other.load_optimizer_state({name: arrays[name] for name in one.optimizer_state()})
    for trained in (one, other):  # the next step is the same, chance and all
        trained.reseed(2)
        trained.train_step(Batch(letters, tags), 0.01)
    for name, value in parity.parameters(other.model).items():
        close(value, parity.parameters(one.model)[name], 0)


def test_a_reservoir_is_carried_into_the_other_framework():
    source = torch_models.Tagger(9, 7, "echo-state", 5, 8).double()
    target = keras_models.Tagger(9, 7, "echo-state", 5, 8, dtype="float64")
    parity.carry(source, target)
    rng = np.random.default_rng(0)
    letters, tags = (rng.integers(0, n, (6, 4)).astype(np.int32) for n in (9, 7))
    parity.check(source, target, letters, tags, 1e-10)
    gradients = parity.gradients(source, letters, tags)
    assert set(gradients) == {"embedding.E", "readout.W", "readout.b"}
