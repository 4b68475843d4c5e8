"""What sets the minimal layers apart: states that mix, and matrices that see the input alone."""

import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from three_frameworks import Trio, close
from unrolled.models import parity
from unrolled.numpy.cells import sigmoid

seeds = st.integers(0, 1000)
scales = st.sampled_from([0.3, 3.0, 30.0])  # of the weights: the gates from half open to shut
quick = settings(deadline=None, max_examples=15)


def give(trio, **parameters):
    """Put parameters by their symbols into all three layers."""
    for name, value in parameters.items():
        trio.numpy.parameters[name][...] = value
    for layer in (trio.torch, trio.keras):
        parity.assign(layer, trio.numpy.parameters)


def affine(trio, gate, x):
    return x @ trio.numpy.parameters[f"W{gate}"].T + trio.numpy.parameters[f"b{gate}"]


def assert_mixes(states, candidates, start):
    """Each state lies between the least and the greatest of its start and the candidates so far."""
    seen = np.concatenate([start[:, None], candidates], axis=1)
    slack = 1e-9 * np.abs(seen).max()
    assert (states <= np.maximum.accumulate(seen, axis=1)[:, 1:] + slack).all()
    assert (states >= np.minimum.accumulate(seen, axis=1)[:, 1:] - slack).all()


@pytest.mark.parametrize("name", ["mingru", "minlstm"])
@quick
@given(seeds, scales)
def test_the_state_is_a_mixture_of_the_candidates(name, seed, scale):
    trio = Trio(name, seed=seed)
    give(trio, **{symbol: scale * value for symbol, value in trio.numpy.parameters.items()})
    x, start = trio.input(T=12, seed=seed), trio.state()
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        assert_mixes(read(x, start)[0], affine(trio, "_n", x), start[0])


@pytest.mark.parametrize("name", ["mingru", "minlstm", "sru"])
def test_what_is_there_already_is_not_changed_by_more_of_it(name):
    """The two parts of the mixture sum to one, whatever the gates say."""
    trio = Trio(name)
    give(trio, W_n=0, b_n=0.7)
    start = (np.full((2, 5), 0.7),)
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        close(read(trio.input(T=9), start)[1][0], start[0])


@pytest.mark.parametrize("name", ["mingru", "minlstm", "qrnn"])
def test_the_state_counts_by_the_product_of_what_is_kept(name):
    """Linear in the state: what a state adds is itself times one number for each unit."""
    trio = Trio(name)
    x = trio.input(T=4)
    (one, *rest), *_ = trio.state(), None
    zero = trio.numpy.forward(x, (0 * one, *rest))[1][0]
    kept = (trio.numpy.forward(x, (one, *rest))[1][0] - zero) / one
    assert ((kept > 0) & (kept < 1)).all()
    for read in (trio.in_torch, trio.in_keras):
        close(read(x, (5 * one, *rest))[1][0], zero + 5 * kept * one)
    if name == "mingru":
        close(kept, sigmoid(affine(trio, "_z", x)).prod(axis=1))


@pytest.mark.parametrize("a", [-200.0, 200.0])
def test_two_gates_shut_or_open_share_evenly_in_single_precision(a):
    """Both gates of the minimal LSTM at 200 or -200, where exp(200) is no number any more."""
    trio = Trio("minlstm")
    give(trio, W_f=0, W_i=0, b_f=a, b_i=a, W_n=0, b_n=1)
    close(trio.numpy.forward(trio.input(T=2))[0][0, :, 0], [0.5, 0.75])
    x = torch.from_numpy(trio.input(T=2)).float()
    trio.torch.float()
    h, _ = trio.torch(x)
    h.sum().backward()
    close(h[0, :, 0].detach(), [0.5, 0.75], 1e-6)
    assert all(torch.isfinite(p.grad).all() for p in trio.torch.parameters())
    trio.keras = type(trio.keras)(trio.H, dtype="float32")
    trio.keras.build((None, None, trio.D))
    parity.assign(trio.keras, trio.numpy.parameters)
    with tf.GradientTape() as tape:
        h, _ = trio.keras(x.numpy())
    close(np.asarray(h)[0, :, 0], [0.5, 0.75], 1e-6)
    assert all(np.isfinite(g).all() for g in tape.gradient(h, trio.keras.trainable_variables))


def reach(trio, how):
    """How strongly each output answers to each input. Shape: (T outputs, T inputs)."""
    x = torch.from_numpy(trio.input(B=1, T=6))
    jacobian = torch.autograd.functional.jacobian(lambda x: getattr(trio.torch, how)(x)[0], x)
    return jacobian.abs().sum(dim=(0, 2, 3, 5)).numpy()


@pytest.mark.parametrize("how", ["forward", "unroll"])
def test_the_convolution_sees_two_inputs_and_the_past_comes_through_c_alone(how):
    trio = Trio("qrnn")
    everything = np.tril(np.ones((6, 6), bool))
    assert ((reach(trio, how) > 0) == everything).all()
    give(trio, W_f=0, V_f=0, b_f=-1000)  # f = 0
    assert ((reach(trio, how) > 0) == everything & ~np.tri(6, k=-2, dtype=bool)).all()
    give(trio, V_n=0, V_o=0)
    assert ((reach(trio, how) > 0) == np.eye(6, dtype=bool)).all()


def state_jacobian(trio, state):
    x_t = torch.from_numpy(trio.input()[:1, 0])
    by = torch.autograd.functional.jacobian(lambda c: trio.torch.step(x_t, (c,))[1][0], state)
    return by[0, :, 0].numpy()


def test_no_matrix_of_the_sru_touches_the_state():
    """One unit's c never reaches another's, and the loop multiplies by no matrix."""
    trio = Trio("sru")
    c = torch.from_numpy(trio.state()[0][:1])
    by = state_jacobian(trio, c)
    assert (np.diag(by) != 0).all()
    assert (by[~np.eye(5, dtype=bool)] == 0).all()
    a = trio.torch.project(torch.from_numpy(trio.input()))
    with torch.no_grad():
        trio.torch.weight_ih.fill_(torch.nan)
        h, _ = trio.torch.update(a[:, 0], (torch.zeros(2, 5).double(),))
    assert torch.isfinite(h).all()


def test_the_sru_is_no_scan_unless_its_gates_are_blind_to_c():
    trio = Trio("sru")
    c = torch.from_numpy(trio.state()[0][:1])
    assert np.abs(state_jacobian(trio, c) - state_jacobian(trio, c + 1)).max() > 1e-3
    give(trio, v_f=0, v_r=0)
    close(state_jacobian(trio, c), state_jacobian(trio, c + 1))


@quick
@given(seeds, scales)
def test_state_and_output_of_the_sru_are_mixtures(seed, scale):
    """c of its candidates; h of c and the projected input of the same step."""
    trio = Trio("sru", seed=seed)
    give(trio, **{symbol: scale * value for symbol, value in trio.numpy.parameters.items()})
    x, state = trio.input(T=12, seed=seed), trio.state()
    n, skip = affine(trio, "_n", x), affine(trio, "_s", x)
    start, c = state[0], []
    for t in range(12):
        h_t, state = trio.numpy.step(x[:, t], state)
        c.append(state[0])
        assert (h_t >= np.minimum(state[0], skip[:, t]) - 1e-9).all()
        assert (h_t <= np.maximum(state[0], skip[:, t]) + 1e-9).all()
    assert_mixes(np.stack(c, axis=1), n, start)
