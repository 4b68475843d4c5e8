"""The parallel scans of linear recurrences against the loop that they stand for."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from three_frameworks import Trio, all_close, close
from unrolled.cells import FAMILIES
from unrolled.keras import scan as keras_scan
from unrolled.torch import scan as torch_scan

lengths = st.integers(1, 40)
seeds = st.integers(0, 2**32 - 1)
shapes = st.sampled_from([(2,), (3, 2)])  # of the dimensions after batch and time
quick = settings(deadline=None, max_examples=25)


def draw(seed, T, rest, kind=float, shared=False, B=2):
    """a, b, h0 and the weights of the outputs; about every fifth a is zero."""
    rng = np.random.default_rng(seed)

    def normal(*shape):
        real, imaginary = rng.normal(size=(2, *shape))
        return real + 1j * imaginary if kind is complex else real

    a = normal(1 if shared else B, T, *rest)
    a *= (rng.random(a.shape) > 0.2) / np.maximum(1, np.abs(a))
    return a, normal(B, T, *rest), normal(B, *rest), normal(B, T, *rest)


def loop(a, b, h0):
    outputs, h = [], h0
    for t in range(b.shape[1]):
        h = a[:, t] * h + b[:, t]
        outputs.append(h)
    return torch.stack(outputs, dim=1) if isinstance(h, torch.Tensor) else np.stack(outputs, axis=1)


def in_torch(read, arrays, upstream):
    """The outputs, and the gradients of Re sum(outputs * conj(upstream))."""
    tensors = [torch.tensor(array, requires_grad=True) for array in arrays]
    h = read(*tensors)
    loss = (h * torch.tensor(upstream).conj()).real.sum()
    gradients = torch.autograd.grad(loss, tensors)
    return h.detach().numpy(), [g.resolve_conj().numpy() for g in gradients]


def in_keras(arrays, upstream):
    """The same; complex numbers are pairs there."""
    if paired := np.iscomplexobj(upstream):
        given = [(tf.constant(z.real), tf.constant(z.imag)) for z in arrays]
    else:
        given = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(given)
        h = (keras_scan.complex_scan if paired else keras_scan.linear_scan)(*given)
        parts = zip(h, (upstream.real, upstream.imag), strict=True) if paired else [(h, upstream)]
        loss = sum(tf.reduce_sum(part * weight) for part, weight in parts)
    gradients = tape.gradient(loss, given)
    return (whole(h), [whole(g) for g in gradients]) if paired else (np.asarray(h), gradients)


def whole(pair):
    re, im = pair
    return np.asarray(re) + 1j * np.asarray(im)


@quick
@given(lengths, shapes, seeds, st.sampled_from([float, complex]), st.booleans())
def test_the_scan_is_the_loop_in_values_and_gradients(T, rest, seed, kind, shared):
    *arrays, upstream = draw(seed, T, rest, kind, shared)
    expected, gradients = in_torch(loop, arrays, upstream)
    close(expected, loop(*arrays))
    for h, slopes in (
        in_torch(torch_scan.linear_scan, arrays, upstream),
        in_keras(arrays, upstream),
    ):
        close(h, expected)
        all_close(slopes, gradients)


@quick
@given(lengths, seeds, st.booleans())
def test_the_scan_of_pairs_is_that_of_complex_numbers(T, seed, shared):
    a, b, h0, _ = draw(seed, T, (3,), complex, shared)
    pairs = [(torch.tensor(z.real), torch.tensor(z.imag)) for z in (a, b, h0)]
    close(whole(torch_scan.complex_scan(*pairs)), loop(a, b, h0))


@quick
@given(st.integers(1, 20), seeds)
def test_two_steps_make_one_of_the_same_kind(half, seed):
    """So the recurrence may be bracketed in any way, which is what a scan needs."""
    a, b, h0, _ = draw(seed, 2 * half, (3,))
    first, second = slice(0, None, 2), slice(1, None, 2)
    both = a[:, second] * a[:, first], a[:, second] * b[:, first] + b[:, second]
    for scan, tensor in ((torch_scan, torch.tensor), (keras_scan, tf.constant)):
        every = scan.linear_scan(tensor(a), tensor(b), tensor(h0))
        close(scan.linear_scan(*map(tensor, both), tensor(h0)), np.asarray(every)[:, second])


@quick
@given(st.integers(2, 40), st.data())
def test_a_later_part_starts_where_an_earlier_one_ends(T, data):
    a, b, h0, _ = draw(data.draw(seeds), T, (3,))
    at = data.draw(st.integers(1, T - 1))
    for scan, tensor in ((torch_scan, torch.tensor), (keras_scan, tf.constant)):
        whole = np.asarray(scan.linear_scan(tensor(a), tensor(b), tensor(h0)))
        between = tensor(whole[:, at - 1])
        close(scan.linear_scan(tensor(a[:, at:]), tensor(b[:, at:]), between), whole[:, at:])


@pytest.mark.parametrize("kind", [float, complex])
@pytest.mark.parametrize("shared", [False, True])
def test_the_derivative_by_hand_is_the_derivative(kind, shared):
    *arrays, _ = draw(0, 5, (2,), kind, shared)
    tensors = tuple(torch.tensor(array, requires_grad=True) for array in arrays)
    assert torch.autograd.gradcheck(torch_scan.linear_scan, tensors)
    assert torch.autograd.gradgradcheck(torch_scan.linear_scan, tensors)


def test_a_sequence_in_keras_may_have_any_batch_in_graph_mode():
    """The gradient too, and in single precision."""
    function = tf.function(
        keras_scan.linear_scan,
        input_signature=[
            tf.TensorSpec(shape, tf.float32) for shape in ((None, 9, 3), (None, 9, 3), (None, 3))
        ],
    )
    for B in (1, 4):
        *arrays, upstream = draw(B, 9, (3,), B=B)
        expected, gradients = in_torch(loop, arrays, upstream)
        tensors = [tf.constant(array, tf.float32) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            h = function(*tensors)
            loss = keras.ops.sum(h * upstream.astype("float32"))
        close(h, expected, 1e-5)
        all_close(tape.gradient(loss, tensors), gradients, 1e-5)


def test_a_long_scan_keeps_only_what_its_derivative_needs():
    """The intermediate rounds are not kept: what is saved does not grow with their number."""
    a, b, h0, _ = (torch.tensor(array) for array in draw(0, 256, (2,)))
    saved = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda x: saved.append(x.numel()), lambda _: None
    ):
        torch_scan.linear_scan(a.requires_grad_(), b.requires_grad_(), h0.requires_grad_())
    assert sum(saved) == 2 * b.numel() + h0.numel()


@pytest.mark.parametrize("name", ["qrnn", "mingru", "minlstm", *FAMILIES["state space"]])
def test_a_layer_in_keras_may_have_any_batch_in_graph_mode(name):
    """The whole sequence at once, and its gradient by the weights."""
    trio = Trio(name)
    weights = trio.keras.trainable_variables

    @tf.function(input_signature=[tf.TensorSpec((None, 7, 3), tf.float64)])
    def learn(x):
        with tf.GradientTape() as tape:
            outputs, _ = trio.keras(x)
            loss = tf.reduce_sum(outputs**2)
        return outputs, tape.gradient(loss, weights)

    for B in (1, 3):
        outputs, gradients = learn(tf.constant(trio.input(B, 7)))
        close(outputs, trio.numpy.forward(trio.input(B, 7))[0])
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(trio.keras(trio.input(B, 7))[0] ** 2)
        all_close(gradients, tape.gradient(loss, weights), 1e-9)
