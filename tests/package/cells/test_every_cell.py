"""What holds for every recurrent layer, by whatever name: three frameworks, one function."""

from functools import cache

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.cells as keras_cells
import unrolled.numpy.cells as numpy_cells
import unrolled.torch.cells as torch_cells
from three_frameworks import NAMES, Trio, all_close, close, keras_gradients, slope, torch_gradients
from unrolled.cells import CELLS
from unrolled.models import parity

with_cells = pytest.mark.parametrize("name", NAMES)


@cache
def trio(name, seed=0):
    return Trio(name, seed=seed)


@with_cells
@pytest.mark.parametrize("seed", [0, 1])
def test_outputs_and_states_agree(name, seed):
    layers = trio(name, seed)
    x, state = layers.input(T=7), layers.state()
    for given in (None, state):
        outputs, last = layers.numpy.forward(x, given)
        for actual, end in (layers.in_torch(x, given), layers.in_keras(x, given)):
            close(actual, outputs)
            all_close(end, last)


@with_cells
def test_gradients_agree_and_are_those_of_the_function(name):
    layers = trio(name)
    rng = np.random.default_rng(3)
    x, upstream = layers.input(), rng.normal(size=(2, 6, layers.H))
    mine = torch_gradients(layers, x, upstream, "forward")
    other = keras_gradients(layers, x, upstream, "call")
    assert mine.keys() == other.keys()
    for key, gradient in mine.items():
        close(other[key], gradient)
    along = rng.normal(size=x.shape)
    measured = slope(lambda at: float((layers.numpy.forward(at)[0] * upstream).sum()), x, along)
    assert measured == pytest.approx((mine["x"] * along).sum(), rel=1e-5, abs=1e-7)


@with_cells
def test_step_by_step_is_the_whole_sequence(name):
    layers = trio(name)
    x, state = layers.input(), layers.state()
    outputs, last = layers.numpy.forward(x, state)
    for layer, tensor in ((layers.numpy, np.asarray), (layers.torch, torch.as_tensor)):
        now = tuple(map(tensor, state))
        for t in range(x.shape[1]):
            y_t, now = layer.step(tensor(x[:, t]), now)
            close(torch.as_tensor(y_t).detach(), outputs[:, t])
        all_close([torch.as_tensor(s).detach() for s in now], last)
    now = tuple(map(keras.ops.convert_to_tensor, state))
    for t in range(x.shape[1]):
        y_t, now = layers.keras.step(x[:, t], now)
        close(y_t, outputs[:, t])
    all_close(now, last)


@with_cells
def test_a_sequence_may_be_read_in_two_parts(name):
    layers = trio(name)
    x, state = layers.input(), layers.state()
    for read in (layers.numpy.forward, layers.in_torch, layers.in_keras):
        outputs, last = read(x, state)
        first, between = read(x[:, :2], state)
        second, end = read(x[:, 2:], between)
        close(np.concatenate([first, second], axis=1), outputs)
        all_close(end, last)


PARALLEL = [name for name, cell in CELLS.items() if cell.parallel]


@pytest.mark.parametrize("name", PARALLEL)
@pytest.mark.parametrize("T", [1, 2, 13, 64])
def test_the_parallel_form_is_the_loop(name, T):
    layers = trio(name)
    x, state = layers.input(T=T), layers.state()
    for given in (None, state):
        outputs, last = layers.numpy.unroll(x, given)
        for read, loop in ((layers.in_torch, "unroll"), (layers.in_keras, "unroll")):
            for actual, end in (read(x, given), read(x, given, loop)):
                close(actual, outputs, 1e-9)
                all_close(end, last, 1e-9)


@pytest.mark.parametrize("name", PARALLEL)
def test_the_parallel_form_has_the_gradient_of_the_loop(name):
    layers = trio(name)
    x, upstream = layers.input(T=9), np.random.default_rng(4).normal(size=(2, 9, layers.H))
    loop = torch_gradients(layers, x, upstream, "unroll")
    for gradients in (
        torch_gradients(layers, x, upstream, "forward"),
        keras_gradients(layers, x, upstream, "call"),
    ):
        for key, gradient in loop.items():
            close(gradients[key], gradient, 1e-9)


@with_cells
def test_the_state_counts_and_is_the_initial_one_when_left_out(name):
    layers = trio(name)
    x = layers.input()
    start = layers.numpy.initial_state(len(x))
    shapes = [array.shape for array in start]
    assert shapes == [(2, *shape) for shape in layers.numpy.state_shapes]
    for layer in (layers.torch, layers.keras):
        assert layer.state_shapes == layers.numpy.state_shapes
        all_close(layer.initial_state(2), start, 0)
    for read in (layers.numpy.forward, layers.in_torch, layers.in_keras):
        close(read(x, start)[0], read(x)[0], 0)
        if name != "clockwork":
            assert parity.distance(read(x, layers.state())[0], read(x)[0]) > 1e-3


@with_cells
def test_long_sequences_stay_finite(name):
    """As drawn, in single precision, over more steps than any word has."""
    torch.manual_seed(0)
    layer = torch_cells.CELLS[name](3, 16)
    x = torch.randn(2, 600, 3, requires_grad=True)
    outputs, last = layer(x)
    assert torch.isfinite(outputs).all()
    assert all(torch.isfinite(s).all() for s in last)
    outputs.square().mean().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().sum() > 0


@with_cells
def test_fresh_weights_are_drawn_alike_in_each_framework(name):
    """The same shapes; for every symbol about the same mean and spread."""
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    D, H = 24, 48
    reference = numpy_cells.CELLS[name](D, H, np.random.default_rng(0)).parameters
    layer = keras_cells.CELLS[name](H)
    layer.build((None, None, D))
    for fresh in (torch_cells.CELLS[name](D, H), layer):
        parameters = parity.parameters(fresh)
        assert parameters.keys() == reference.keys()
        for symbol, value in reference.items():
            assert parameters[symbol].shape == value.shape
            spread = value.std() + 1e-3
            error = 6 * spread / np.sqrt(value.size) + 1e-6
            assert abs(parameters[symbol].mean() - value.mean()) <= error, symbol
            assert parameters[symbol].std() == pytest.approx(value.std(), rel=0.4, abs=2e-3), symbol


@with_cells
def test_the_reference_keeps_single_precision(name):
    layer = numpy_cells.CELLS[name](3, 5, np.random.default_rng(0), np.float32)
    assert {value.dtype for value in layer.parameters.values()} == {np.dtype(np.float32)}
    y_t, state = layer.step(np.ones((2, 3), np.float32), layer.initial_state(2))
    assert {array.dtype for array in (y_t, *state)} == {np.dtype(np.float32)}
