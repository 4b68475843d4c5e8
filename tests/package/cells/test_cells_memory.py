"""The layer with a stack: what is pushed last is popped first, and only the top is seen."""

import numpy as np
import pytest
import tensorflow as tf
import torch
from three_frameworks import Trio, all_close, close
from unrolled.models import parity

KEEP, POP = 3, 4  # after the symbols a, b and c


def symbol_stack():
    """Weights by hand: unit j < 5 is symbol j of the input, unit 5 + k sees symbol k on top."""
    trio = Trio("stack-augmented", D=5, H=8)
    p = {name: np.zeros_like(value) for name, value in trio.numpy.parameters.items()}
    p["W"][:5] = 20 * np.eye(5)
    p["P"][5:, :3] = np.eye(3)
    p["A"][0, :3] = p["A"][1, POP] = p["A"][2, KEEP] = 50
    p["E"][:3, :3], p["c_p"] = 100 * np.eye(3), np.full(8, -50.0)
    trio.numpy.parameters.update(p)
    for layer in (trio.torch, trio.keras):
        parity.assign(layer, p)
    return trio


def seen(trio, word):
    """What stands on top before each symbol of a word is read, in each framework."""
    x = np.eye(5)[["abc-^".index(symbol) for symbol in word]][None]
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        outputs, _ = read(x)
        tops = np.arctanh(outputs[0, :, 5:])
        yield "".join(".abc"[int((row @ [1, 2, 3]).round())] for row in tops), tops


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("abc^^^", ".abcba"),
        ("ab-c^^^^-", ".abbcba.."),
        ("aabb^^cc^", ".aabbbacc"),
        ("a" + 15 * "b" + 17 * "^", ".a" + 15 * "b" + 14 * "b" + "a."),
        ("a" + 16 * "b" + 17 * "^", ".a" + 16 * "b" + 15 * "b" + "."),  # a fell out below
    ],
)
def test_what_is_pushed_last_is_popped_first(word, expected):
    for output, tops in seen(symbol_stack(), word):
        assert output == expected
        close(tops, np.round(tops), 1e-12)  # a symbol or nothing, no mixture


def test_the_stack_moves_by_the_probabilities_of_the_actions():
    trio = Trio("stack-augmented")
    x_t, (h_prev, s_prev) = trio.input()[:, 0], trio.state()
    p = trio.numpy.parameters
    inner = x_t @ p["W"].T + h_prev @ p["U"].T + s_prev[:, 0] @ p["P"].T + p["b"]
    h = np.tanh(inner)
    a = np.exp(h @ p["A"].T + p["c_a"])
    a /= a.sum(axis=1, keepdims=True)
    pushed = 1 / (1 + np.exp(-(h @ p["E"].T + p["c_p"])))
    s = np.empty_like(s_prev)
    for n in range(2):
        for i in range(16):
            above = s_prev[n, i - 1] if i > 0 else pushed[n]
            below = s_prev[n, i + 1] if i < 15 else np.zeros(8)
            s[n, i] = a[n, 0] * above + a[n, 1] * below + a[n, 2] * s_prev[n, i]
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        outputs, last = read(x_t[:, None], (h_prev, s_prev))
        close(outputs[:, 0], h)
        all_close(last, (h, s))


def test_the_probabilities_of_the_actions_sum_to_one():
    trio = Trio("stack-augmented")
    h = 20 * np.random.default_rng(0).normal(size=(7, 5))
    expected = trio.numpy.actions(h)
    assert expected.min() < 1e-3  # pushed far to one side
    close(trio.torch.actions(torch.as_tensor(h)).detach(), expected)
    close(trio.keras.actions(tf.constant(h)), expected)
    assert (expected >= 0).all()
    close(expected.sum(axis=1), np.ones(7), 1e-12)


def test_the_controller_sees_the_top_alone():
    trio = Trio("stack-augmented")
    x, (h, s) = trio.input(T=2), trio.state()
    for read in (trio.numpy.forward, trio.in_torch, trio.in_keras):
        outputs, _ = read(x, (h, s))
        for i in range(1, 16):
            moved = s.copy()
            moved[:, i] += 1
            apart = np.abs(read(x, (h, moved))[0] - outputs).max(axis=(0, 2))
            assert apart[0] == 0
            assert (apart[1] > 1e-6) == (i == 1)  # one pop later the next one is on top
        moved = s.copy()
        moved[:, 0] += 1
        assert np.abs(read(x, (h, moved))[0] - outputs)[:, 0].max() > 1e-3
