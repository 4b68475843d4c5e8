"""What the tests of the recurrent layers share: one layer in all three frameworks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import torch
import unrolled.keras.cells as keras_cells
import unrolled.numpy.cells as numpy_cells
import unrolled.torch.cells as torch_cells
from unrolled.cells import CELLS
from unrolled.models import parity

NAMES = tuple(CELLS)
Arrays = tuple[np.ndarray, ...]


def close(a: Any, b: Any, tolerance: float = 1e-10) -> None:
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert parity.distance(a, b) <= tolerance


def all_close(actual: Any, expected: Any, tolerance: float = 1e-10) -> None:
    for a, b in zip(actual, expected, strict=True):
        close(a, b, tolerance)


class Trio:
    """A layer in NumPy, PyTorch and Keras with the same weights in float64.

    Args:
        name: of `CELLS`.
        D, H: its sizes.
        seed: of the weights; they start as the NumPy layer draws them, moved a little, so that
            no bias is zero.
    """

    def __init__(self, name: str, D: int = 3, H: int = 5, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.name, self.D, self.H = name, D, H
        self.numpy = numpy_cells.CELLS[name](D, H, rng)
        for value in self.numpy.parameters.values():
            value += rng.normal(0, 0.2, value.shape)
        self.torch = torch_cells.CELLS[name](D, H).double()
        self.keras = keras_cells.CELLS[name](H, dtype="float64")
        self.keras.build((None, None, D))
        for layer in (self.torch, self.keras):
            parity.assign(layer, self.numpy.parameters)

    def input(self, B: int = 2, T: int = 6, seed: int = 1) -> np.ndarray:
        return np.random.default_rng(seed).normal(size=(B, T, self.D))

    def state(self, B: int = 2, warm_up: int = 3, seed: int = 2) -> Arrays:
        """A state that the layer can be in: the one after some steps."""
        return self.numpy.unroll(self.input(B, warm_up, seed))[1]

    def in_torch(self, x: np.ndarray, state: Arrays | None = None, how: str = "forward") -> Any:
        state = None if state is None else tuple(map(torch.as_tensor, state))
        with torch.no_grad():
            outputs, last = getattr(self.torch, how)(torch.as_tensor(x), state)
        return outputs.numpy(), tuple(s.numpy() for s in last)

    def in_keras(self, x: np.ndarray, state: Arrays | None = None, how: str = "call") -> Any:
        state = None if state is None else tuple(map(tf.constant, state))
        outputs, last = getattr(self.keras, how)(tf.constant(x), state)
        return np.asarray(outputs), tuple(np.asarray(s) for s in last)


def readers(trio: Trio) -> tuple[Callable[..., Any], ...]:
    """The layer as a function from arrays to arrays, in each framework."""
    return trio.numpy.forward, trio.in_torch, trio.in_keras


def give(trio: Trio, parameters: dict[str, Any]) -> None:
    """Give all three layers the same parameters; those that are not named stay."""
    trio.numpy.parameters |= {name: np.array(value) for name, value in parameters.items()}
    for layer in (trio.torch, trio.keras):
        parity.assign(layer, trio.numpy.parameters)


def hold_to_equations(trio: Trio, step: Callable[..., Any], start: Any = None, T: int = 5) -> None:
    """Values and gradients are those of a step written anew in torch, by autograd.

    Args:
        trio: the layer.
        step: parameters, x_t and the arrays of a state -> the new state, its output first.
        start: that state, where it is not the layer's own initial one.
        T: time steps.
    """
    x, upstream = trio.input(T=T), np.random.default_rng(7).normal(size=(2, T, trio.H))
    p = {n: torch.tensor(v, requires_grad=True) for n, v in trio.numpy.parameters.items()}
    given = torch.tensor(x, requires_grad=True)
    state = tuple(map(torch.tensor, trio.numpy.initial_state(2) if start is None else start))
    step_outputs = []
    for t in range(T):
        state = step(p, given[:, t], *state)
        step_outputs.append(state[0])
    outputs = torch.stack(step_outputs, dim=1)
    for read in readers(trio):
        close(read(x)[0], outputs.detach())
    loss = (outputs * torch.from_numpy(upstream)).sum()
    wanted = dict(zip(["x", *p], torch.autograd.grad(loss, [given, *p.values()]), strict=True))
    for gradients in (
        torch_gradients(trio, x, upstream, "forward"),
        keras_gradients(trio, x, upstream, "call"),
    ):
        assert gradients.keys() == wanted.keys()
        for symbol, gradient in wanted.items():
            close(gradients[symbol], gradient)


def in_graph(trio: Trio, T: int) -> Callable[[np.ndarray], Any]:
    """The Keras layer compiled for any number of sequences: their outputs."""
    signature = tf.TensorSpec((None, T, trio.D), tf.float64)
    return tf.function(lambda x: trio.keras.call(x)[0], input_signature=[signature])


def torch_gradients(trio: Trio, x: np.ndarray, upstream: np.ndarray, how: str) -> dict[str, Any]:
    """The gradients of sum(outputs * upstream) by the input and every learnt parameter."""
    given = torch.tensor(x, requires_grad=True)
    slots = parity.trained_slots(trio.torch)
    outputs, _ = getattr(trio.torch, how)(given)
    loss = (outputs * torch.from_numpy(upstream)).sum()
    gradients = torch.autograd.grad(loss, [given, *(slot.tensor for slot in slots)])
    return _named(slots, [g.numpy() for g in gradients])


def keras_gradients(trio: Trio, x: np.ndarray, upstream: np.ndarray, how: str) -> dict[str, Any]:
    """The same in Keras."""
    given = tf.constant(x)
    slots = parity.trained_slots(trio.keras)
    with tf.GradientTape() as tape:
        tape.watch(given)
        outputs, _ = getattr(trio.keras, how)(given)
        loss = tf.reduce_sum(outputs * upstream)
    gradients = tape.gradient(loss, [given, *(slot.tensor.value for slot in slots)])
    return _named(slots, [np.asarray(tf.convert_to_tensor(g)) for g in gradients])


def _named(slots: Any, gradients: list[np.ndarray]) -> dict[str, np.ndarray]:
    x, *rest = gradients
    pairs = zip(slots, rest, strict=True)
    return {"x": x} | {name: a for slot, g in pairs for name, a in slot.read(g).items()}


def slope(loss: Callable[[np.ndarray], float], at: np.ndarray, along: np.ndarray) -> float:
    """The derivative of a number along a direction, by central differences."""
    step = 1e-6
    return (loss(at + step * along) - loss(at - step * along)) / (2 * step)
