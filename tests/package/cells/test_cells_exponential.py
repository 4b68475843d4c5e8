"""What is true of RWKV, sLSTM and mLSTM, in all three frameworks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
import unrolled.keras.cells as keras_cells
import unrolled.keras.cells.exponential as keras_exponential
import unrolled.numpy.cells as numpy_cells
import unrolled.torch.cells as torch_cells
import unrolled.torch.cells.exponential as torch_exponential
from scipy.special import logsumexp, softmax
from three_frameworks import Trio, all_close, close, give, hold_to_equations, in_graph, readers
from unrolled.models import parity

NAMES = ("rwkv", "slstm", "mlstm")
with_names = pytest.mark.parametrize("name", NAMES)


def sigmoid(a):
    return 0.5 * (1 + np.tanh(0.5 * a))


def affine(p, gate, x_t, h_prev):
    return x_t @ p[f"W{gate}"].T + h_prev @ p[f"U{gate}"].T + p[f"b{gate}"]


def single(trio):
    """The layers of PyTorch and Keras in single precision, as functions from arrays to tensors."""
    ours = torch_cells.CELLS[trio.name](trio.D, trio.H)
    theirs = keras_cells.CELLS[trio.name](trio.H, dtype="float32")
    theirs.build((None, None, trio.D))
    for layer in (ours, theirs):
        parity.assign(layer, trio.numpy.parameters)
    return ours, theirs


def hold_finite(trio, x, wanted, tolerance):
    """In single precision the outputs are near those wanted, and no gradient is lost."""
    ours, theirs = single(trio)
    x = x.astype(np.float32)
    for how in (ours.forward, ours.unroll):
        given = torch.tensor(x, requires_grad=True)
        outputs, last = how(given)
        close(outputs.detach(), wanted, tolerance)
        assert all(torch.isfinite(s).all() for s in last)
        gradients = torch.autograd.grad(outputs.square().sum(), [given, *ours.parameters()])
        assert all(torch.isfinite(g).all() for g in gradients)
        assert any(g.abs().sum() > 0 for g in gradients)
    for how in (theirs.call, theirs.unroll):
        given = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(given)
            outputs, last = how(given)
            loss = tf.reduce_sum(tf.square(outputs))
        close(outputs, wanted, tolerance)
        assert all(np.isfinite(s).all() for s in last)
        gradients = tape.gradient(loss, [given, *(v.value for v in theirs.trainable_variables)])
        assert all(np.isfinite(g).all() for g in gradients)
        assert any(np.abs(g).sum() > 0 for g in gradients)


# The equations again, from the papers, without any stabilising, for autograd to differentiate.


def rwkv(p, x_t, _, x_prev, num, den):
    mixed = {a: x_t * p[f"mu_{a}"] + x_prev * (1 - p[f"mu_{a}"]) for a in "rkv"}
    r, k, v = (mixed[a] @ p[f"W_{a}"].T for a in "rkv")
    bonus, fading = torch.exp(p["u"] + k), torch.exp(-torch.exp(p["w_log"]))
    wkv = (num + bonus * v) / (den + bonus)
    num, den = fading * num + torch.exp(k) * v, fading * den + torch.exp(k)
    return (torch.sigmoid(r) * wkv) @ p["W_y"].T, x_t, num, den


def slstm(p, x_t, h, c, n):
    i, f = (torch.exp(affine(p, gate, x_t, h)) for gate in ("_i", "_f"))
    o = torch.sigmoid(affine(p, "_o", x_t, h))
    c, n = f * c + i * torch.tanh(affine(p, "_z", x_t, h)), f * n + i
    return o * c / n, c, n


def mlstm(p, x_t, _, C, n):
    q, k, v, o = (x_t @ p[f"W_{a}"].T + p[f"b_{a}"] for a in "qkvo")
    i, f = torch.exp(x_t @ p["w_i"].T + p["b_i"]), torch.sigmoid(x_t @ p["w_f"].T + p["b_f"])
    k = k / k.shape[-1] ** 0.5
    C, n = f[..., None] * C + i[..., None] * torch.einsum("bi,bj->bij", v, k), f * n + i * k
    weight = (n * q).sum(dim=-1, keepdim=True).abs()
    read = torch.einsum("bij,bj->bi", C, q) / torch.maximum(weight, torch.ones_like(weight))
    return torch.sigmoid(o) * read, C, n


def zeros(*shapes):
    return tuple(np.zeros((2, *shape)) for shape in shapes)


FORMULAS = {
    "rwkv": (rwkv, zeros((5,), (3,), (5,), (5,))),
    "slstm": (slstm, zeros((5,), (5,), (5,))),
    "mlstm": (mlstm, zeros((5,), (5, 5), (5,))),
}


@with_names
@pytest.mark.parametrize("seed", [0, 1])
def test_values_and_gradients_are_those_of_the_equations_as_the_papers_write_them(name, seed):
    step, start = FORMULAS[name]
    trio = Trio(name, seed=seed)
    if name == "mlstm":  # some read more than a weight of 1, some less
        give(trio, {"b_i": np.array([1.5])})
    hold_to_equations(trio, step, start, T=8)


def test_the_read_of_the_matrix_memory_is_bounded_below_in_some_steps_and_not_in_others():
    """Thus the previous test takes both branches of max(|n . q|, 1)."""
    trio = Trio("mlstm", seed=0)
    give(trio, {"b_i": np.array([1.5])})
    p, x, state, weights = trio.numpy.parameters, trio.input(T=8), None, []
    for t in range(8):
        _, state = trio.numpy.forward(x[:, t : t + 1], state)
        q = x[:, t] @ p["W_q"].T + p["b_q"]
        weights += list(np.abs((state[1] * q).sum(axis=-1)) * np.exp(state[2][:, 0]))
    assert min(weights) < 1 < max(weights)


@with_names
def test_keras_reads_a_batch_of_unknown_size_in_a_graph(name):
    trio = Trio(name)
    graph = in_graph(trio, T=6)
    for B in (1, 3):
        x = trio.input(B=B)
        close(graph(x), trio.numpy.forward(x)[0])


@with_names
def test_the_reference_keeps_to_single_precision(name):
    layer = numpy_cells.CELLS[name](3, 5, dtype=np.float32)
    outputs, last = layer.forward(np.ones((2, 4, 3), np.float32))
    every = (outputs, *last, *layer.parameters.values())
    assert {array.dtype.name for array in every} == {"float32"}


# RWKV


def weights_of_the_past(trio, k_features, T):
    """The weights (t, s, H) of wkv, read out of the layer: sequence s has v = 1 at step s alone.

    The last feature of x is v; the first ones make k. r is 0, so that its gate is 1/2.
    """
    H, D = trio.H, trio.D
    v_alone = np.zeros((H, D))
    v_alone[:, -1] = 1
    W_k = trio.numpy.parameters["W_k"].copy()
    W_k[:, -1] = 0
    unshifted = {f"mu{a}": np.ones(D) for a in ("_r", "_k", "_v")}
    give(trio, {"W_r": np.zeros((H, D)), "W_k": W_k, "W_v": v_alone, "W_y": np.eye(H), **unshifted})
    x = np.concatenate([np.broadcast_to(k_features, (T, T, D - 1)), np.eye(T)[..., None]], axis=-1)
    for read in (*readers(trio), lambda x: trio.in_torch(x, how="unroll")):
        yield 2 * read(x)[0].transpose(1, 0, 2)


def naive_logs(p, k, T):
    """The logarithm of each weight as the paper sums it: (t, s, H), minus infinity for s > t."""
    logs, w = np.full((T, T, k.shape[-1]), -np.inf), np.exp(p["w_log"])
    for t in range(T):
        logs[t, t] = p["u"] + k[t]
        for s in range(t):
            logs[t, s] = k[s] - (t - 1 - s) * w
    return logs


@pytest.mark.parametrize("size", [1, 100])
def test_rwkv_is_a_mean_of_all_values_with_positive_weights_that_sum_to_one(size):
    """Against the mean over all earlier steps taken directly, for keys of size 1 and 100."""
    T, trio = 30, Trio("rwkv", D=4, H=5)
    features = np.random.default_rng(0).normal(size=(T, 3))
    give(trio, {"W_k": size * trio.numpy.parameters["W_k"]})
    k = features @ trio.numpy.parameters["W_k"][:, :-1].T
    assert np.abs(k).max() > size
    wanted = softmax(naive_logs(trio.numpy.parameters, k, T), axis=1)
    for weights in weights_of_the_past(trio, features, T):
        close(weights, wanted)
        close(weights.sum(axis=1), np.ones((T, trio.H)))
        assert (weights >= 0).all()
        assert not np.triu(weights.transpose(2, 0, 1), 1).any(), "nothing of what is to come"
        if size == 1:
            assert (weights[np.tril_indices(T)] > 0).all()


def test_where_all_keys_are_equal_the_weights_fall_off_by_the_same_factor_every_step():
    T, trio = 12, Trio("rwkv", D=4, H=5)
    give(trio, {"w_log": np.linspace(-3, 0.5, 5)})
    w, u = (trio.numpy.parameters[name] for name in ("w_log", "u"))
    for weights in weights_of_the_past(trio, np.zeros((T, 3)), T):
        for t in range(2, T):
            past = weights[t, :t]
            close(past[:-1] / past[1:], np.broadcast_to(np.exp(-np.exp(w)), (t - 1, 5)), 1e-9)
            close(weights[t, t] / past[-1], np.exp(u), 1e-9)


def test_a_sequence_of_values_is_weighed_as_single_values_are():
    """The whole layer, with shift, gate and readout, for T = 30, by sums over all earlier steps."""
    T, trio = 30, Trio("rwkv", seed=1)
    x, p = trio.input(T=T), trio.numpy.parameters
    before = np.concatenate([np.zeros((2, 1, 3)), x[:, :-1]], axis=1)
    r, k, v = (
        (p[f"mu_{a}"] * x + (1 - p[f"mu_{a}"]) * before) @ p[f"W_{a}"].T for a in ("r", "k", "v")
    )
    weights = np.stack([softmax(naive_logs(p, each, T), axis=1) for each in k])
    wanted = (sigmoid(r) * np.einsum("btsh,bsh->bth", weights, v)) @ p["W_y"].T
    for read in readers(trio):
        close(read(x)[0], wanted)


def test_rwkv_bears_keys_of_any_size_in_single_precision():
    trio, T = Trio("rwkv", seed=2), 20
    give(trio, {"W_k": 100 * trio.numpy.parameters["W_k"]})
    x = np.round(trio.input(T=T), 1)
    wanted = trio.numpy.forward(x)[0]
    k = x @ trio.numpy.parameters["W_k"].T
    assert np.exp(np.float64(np.abs(k).max())) > np.finfo(np.float32).max
    hold_finite(trio, x, wanted, 1e-3)


def test_without_a_share_of_the_present_everything_comes_one_step_late():
    trio = Trio("rwkv", seed=3)
    x = trio.input(T=7)
    late = np.concatenate([np.zeros((2, 1, 3)), x[:, :-1]], axis=1)
    for share, given in ((1.0, late), (0.0, x)):
        give(trio, {f"mu_{a}": np.full(3, share) for a in "rkv"})
        by_framework = [read(given)[0] for read in readers(trio)]
        if share == 1:
            wanted = by_framework[0]
        for outputs in by_framework:
            close(outputs, wanted)


@pytest.mark.parametrize("T", [1, 2, 3, 8, 21])
def test_the_running_maximum_by_doubling_is_the_one_by_steps(T):
    rng = np.random.default_rng(T)
    k, w, m = rng.normal(size=(2, T, 4)), rng.uniform(0, 1, 4), rng.normal(size=(2, 4))
    wanted = [m]
    for t in range(T):
        wanted.append(np.maximum(wanted[-1] - w, k[:, t]))
    wanted = np.stack(wanted, axis=1)
    close(torch_exponential.decaying_max(*map(torch.as_tensor, (k, w, m))), wanted)
    close(keras_exponential.decaying_max(*map(keras.ops.convert_to_tensor, (k, w, m))), wanted)


# sLSTM


def candidates(trio, x, outputs):
    """z and o at every step, from the outputs before: (B, T, H)."""
    p = trio.numpy.parameters
    h_prev = np.concatenate([np.zeros_like(outputs[:, :1]), outputs[:, :-1]], axis=1)
    return np.tanh(affine(p, "_z", x, h_prev)), sigmoid(affine(p, "_o", x, h_prev))


@pytest.mark.parametrize("scale", [1, 20])
def test_slstm_shows_a_mean_of_its_candidates(scale):
    """h_t / o_t lies between the smallest and the largest z so far; the first is z itself."""
    trio = Trio("slstm")
    give(trio, {name: scale * v for name, v in trio.numpy.parameters.items() if name[0] in "WU"})
    x = trio.input(T=25)
    for read in readers(trio):
        outputs, _ = read(x)
        z, o = candidates(trio, x, outputs)
        close(outputs[:, 0], (o * z)[:, 0])
        assert (outputs >= o * np.minimum.accumulate(z, axis=1) - 1e-12).all()
        assert (outputs <= o * np.maximum.accumulate(z, axis=1) + 1e-12).all()


def test_the_normaliser_of_slstm_is_never_below_one():
    trio = Trio("slstm", seed=1)
    x = 30 * trio.input(T=40)
    for read in readers(trio):
        n = np.stack([read(x[:, :t])[1][2] for t in range(1, 41)])
        assert n.min() >= 1 - 1e-12
        assert n.max() > 1.5


def unrecurrent(trio, x):
    """sLSTM with U = 0: every step's weights in logarithms, summed directly."""
    give(trio, {n: np.zeros_like(v) for n, v in trio.numpy.parameters.items() if n[0] == "U"})
    p, T = trio.numpy.parameters, x.shape[1]
    z, log_i, log_f, o = (x @ p[f"W_{a}"].T + p[f"b_{a}"] for a in "zifo")
    logs = np.full((len(x), T, T, trio.H), -np.inf)  # (B, t, s, H)
    for t in range(T):
        for s in range(t + 1):
            logs[:, t, s] = log_i[:, s] + log_f[:, s + 1 : t + 1].sum(axis=1)
    mean = np.einsum("btsh,bsh->bth", softmax(logs, axis=2), np.tanh(z))
    return logs, sigmoid(o) * mean


@pytest.mark.parametrize("size", [1, 400])
def test_slstm_weighs_its_candidates_by_the_gates_without_overflow(size):
    trio = Trio("slstm", seed=2)
    gates = {name: size * trio.numpy.parameters[name] for name in ("W_i", "W_f")}
    give(trio, gates)
    x = np.round(trio.input(T=15), 1)
    logs, wanted = unrecurrent(trio, x)
    raw = logsumexp(logs, axis=2)  # log n_t
    assert (np.abs(raw).max() > 709) == (size == 400), "where it matters, exp overflows"
    for read in readers(trio):
        outputs, (h, c, n, m) = read(x)
        close(outputs, wanted, 1e-9)
        close(m + np.log(n), raw[:, -1], 1e-9)
        close(h, outputs[:, -1])
        o = sigmoid(x[:, -1] @ trio.numpy.parameters["W_o"].T + trio.numpy.parameters["b_o"])
        close(c / n, h / o, 1e-9)
    hold_finite(trio, x, wanted, 1e-3)


def test_one_input_can_outweigh_all_before_it_and_none_after_it():
    """exp(50) against the rest: what a sigmoid gate, at most 1, cannot do."""
    trio, T, loud = Trio("slstm", seed=3), 10, 4
    H = trio.H
    silent = {
        n: np.zeros_like(v) for n, v in trio.numpy.parameters.items() if n[1:] in ("_i", "_f")
    }
    give(trio, {**silent, "W_i": np.tile([0.0, 0.0, 50.0], (H, 1))})
    x = trio.input(T=T)
    x[:, :, 2] = np.arange(T) == loud
    for read in readers(trio):
        outputs, _ = read(x)
        z, o = candidates(trio, x, outputs)
        close(outputs[:, loud:], o[:, loud:] * z[:, loud : loud + 1], 1e-9)
        close(outputs[:, loud - 1], (o[:, loud - 1] * z[:, :loud].mean(axis=1)), 1e-9)


# mLSTM


def associative(H):
    """An mLSTM whose x is (key, value, query), which keeps all and writes with weight 1."""
    trio = Trio("mlstm", D=3 * H, H=H)
    key, value, query = np.split(np.eye(3 * H), 3)
    none = {n: np.zeros_like(v) for n, v in trio.numpy.parameters.items()}
    reads = {"W_k": np.sqrt(H) * key, "W_v": value, "W_q": query}
    give(trio, {**none, **reads, "b_f": np.array([1000.0]), "b_o": np.full(H, 1000.0)})
    return trio


def test_a_value_comes_back_when_its_key_is_asked_for():
    """As many pairs as units, under orthogonal keys, then each key asked for in another order."""
    H, rng = 6, np.random.default_rng(0)
    trio = associative(H)
    keys, values = np.linalg.qr(rng.normal(size=(H, H)))[0], rng.normal(size=(H, H))
    order, none = rng.permutation(H), np.zeros((H, H))
    writing = np.concatenate([keys, values, none], axis=1)
    asking = np.concatenate([none, none, keys[order]], axis=1)
    x = np.concatenate([writing, asking])[None]
    for read in readers(trio):
        outputs, (C, n, m) = read(x)
        close(outputs[0, H:], values[order])
        close(C[0] * np.exp(m), values.T @ keys)
        close(n[0] * np.exp(m[0]), keys.sum(axis=0))


def test_two_values_under_one_key_come_back_as_their_mean_and_an_unknown_key_as_nothing():
    H, rng = 4, np.random.default_rng(1)
    trio = associative(H)
    values, none = rng.normal(size=(2, H)), np.zeros(H)
    key, unknown = np.eye(H)[:2]
    steps = [
        (key, values[0], none),
        (key, values[1], none),
        (none, none, key),
        (none, none, unknown),
    ]
    x = np.stack([np.concatenate(step) for step in steps])[None]
    for read in readers(trio):
        outputs, _ = read(x)
        close(outputs[0, 2], values.mean(axis=0))
        close(outputs[0, 3], none, 0)


def test_the_forget_gate_of_mlstm_fades_what_is_read():
    """A value of weight 1 left for n steps reads as f^n of itself: the weight is below 1."""
    H, T = 4, 9
    trio = associative(H)
    give(trio, {"b_f": np.array([1.0])})
    key, value = np.eye(H)[0], np.arange(1.0, H + 1)
    write, ask = np.concatenate([key, value, key]), np.concatenate([0 * key, 0 * value, key])
    x = np.stack([write] + [ask] * (T - 1))[None]
    fading = sigmoid(1.0) ** np.arange(T)
    for read in readers(trio):
        close(read(x)[0][0], fading[:, None] * value)


@pytest.mark.parametrize("size", [1, 200])
@pytest.mark.parametrize("T", [1, 2, 17])
def test_the_matrix_of_all_pairs_is_the_memory_step_by_step(size, T):
    """With and without a state that comes in, also where exp overflows."""
    trio = Trio("mlstm", seed=4)
    give(trio, {name: size * trio.numpy.parameters[name] for name in ("w_i", "w_f")})
    x, state = trio.input(T=T), trio.state()
    for given in (None, state):
        outputs, last = trio.numpy.unroll(x, given)
        for read in (trio.in_torch, trio.in_keras):
            parallel, end = read(x, given)
            close(parallel, outputs, 1e-9)
            all_close(end, last, 1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_mlstm_bears_gates_of_any_size_in_single_precision(sign):
    """Against the equations as they stand, in double precision, which bears exp(200)."""
    trio, T = Trio("mlstm", seed=5), 12
    give(trio, {"w_i": sign * np.array([[100.0, 0, 0]]), "w_f": np.array([[0, 100.0, 0]])})
    x = np.round(trio.input(T=T), 1)
    x[:, ::3, 0] = 2  # the exponent is 200 at every third step
    p = {n: torch.tensor(v) for n, v in trio.numpy.parameters.items()}
    state, wanted = tuple(map(torch.tensor, FORMULAS["mlstm"][1])), []
    for t in range(T):
        state = mlstm(p, torch.tensor(x[:, t]), *state)
        wanted.append(state[0])
    wanted = torch.stack(wanted, dim=1).numpy()
    largest = np.abs(x @ trio.numpy.parameters["w_i"].T).max()
    assert np.exp(largest) > np.finfo(np.float32).max
    assert np.abs(wanted).max() > 0.1
    close(trio.numpy.forward(x)[0], wanted)
    hold_finite(trio, x, wanted, 1e-3)


def test_the_maximum_of_mlstm_counts_for_nothing_in_the_output():
    """The read undoes it: a state held with another m is the same state."""
    trio = Trio("mlstm", seed=6)
    x, (C, n, m) = trio.input(), trio.state()
    wanted, _ = trio.numpy.forward(x, (C, n, m))
    shift = 1.7
    other = (C * np.exp(-shift), n * np.exp(-shift), m + shift)
    for read in readers(trio):
        close(read(x, other)[0], wanted)
        assert parity.distance(read(x, (C, n, m + shift))[0], wanted) > 1e-3
