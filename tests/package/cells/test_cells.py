"""The recurrent layers: equations, derivatives, and agreement with each library's own layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
import unrolled.keras.cells as keras_cells
import unrolled.keras.taggers as keras_models
import unrolled.numpy.cells as numpy_cells
import unrolled.numpy.models as numpy_models
import unrolled.torch.cells as torch_cells
import unrolled.torch.taggers as torch_models
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled.cells import FUSED as CELLS
from unrolled.models import parity

TOLERANCE = 1e-10

sizes = st.fixed_dictionaries(
    {
        "B": st.integers(1, 4),
        "T": st.integers(1, 6),
        "D": st.integers(1, 5),
        "H": st.integers(1, 5),
        "seed": st.integers(0, 2**32 - 1),
    }
)
often = settings(deadline=None, max_examples=30)
seldom = settings(deadline=None, max_examples=6)  # Keras step by step is slow


class Case:
    """A NumPy layer with random parameters, a random sequence, state and upstream derivative."""

    def __init__(self, cell, B, T, D, H, seed, **options):
        rng = np.random.default_rng(seed)
        self.cell, self.H = cell, H
        self.layer = numpy_cells.CELLS[cell](D, H, rng, **options)
        for value in self.layer.parameters.values():
            value += rng.normal(0, 0.5, value.shape)
        self.x = rng.normal(size=(B, T, D))
        self.state = tuple(rng.normal(size=(B, H)) for _ in self.layer.state_shapes)
        self.d_outputs = rng.normal(size=(B, T, H))
        self.d_state = tuple(rng.normal(size=(B, H)) for _ in self.layer.state_shapes)

    def loss(self, outputs, state):
        """A number that every output and every array of the last state moves."""
        total = (outputs * self.d_outputs).sum()
        return total + sum((s * d).sum() for s, d in zip(state, self.d_state, strict=True))

    def stacked(self, gates, name):
        return np.concatenate([self.layer.parameters[f"{name}{gate}"] for gate in gates])

    def in_torch(self):
        layer = torch_cells.CELLS[self.cell](self.layer.input_size, self.H).double()
        names = {"weight_ih": "W", "weight_hh": "U", "bias": "b", "bias_hh": "bh"}
        for name, tensor in layer.named_parameters():
            tensor.data = torch.from_numpy(self.stacked(layer.gates, names[name]))
        return layer

    def in_keras(self):
        layer = keras_cells.CELLS[self.cell](self.H, dtype="float64")
        layer.build(self.x.shape)
        names = {"kernel": "W", "recurrent_kernel": "U", "bias": "b", "recurrent_bias": "bh"}
        for variable in layer.trainable_variables:
            variable.assign(self.stacked(layer.gates, names[variable.name]).T)
        return layer


def close(a, b, tolerance=TOLERANCE):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert parity.distance(a, b) <= tolerance


def all_close(actual, expected, tolerance=TOLERANCE):
    for a, b in zip(actual, expected, strict=True):
        close(a, b, tolerance)


def tensors(arrays):
    return tuple(torch.tensor(a, requires_grad=True) for a in arrays)


# The equations again, in torch and from the textbook, for autograd to differentiate.


def affine(p, gate, x_t, h):
    return x_t @ p[f"W{gate}"].T + p[f"b{gate}"] + h @ p[f"U{gate}"].T


def elman_step(p, x_t, h):
    return (torch.tanh(affine(p, "", x_t, h)),)


def lstm_step(p, x_t, h, c):
    i, f, o = (torch.sigmoid(affine(p, gate, x_t, h)) for gate in ("_i", "_f", "_o"))
    c = f * c + i * torch.tanh(affine(p, "_g", x_t, h))
    return o * torch.tanh(c), c


def gru_step(p, x_t, h, reset="after"):
    r, z = (torch.sigmoid(affine(p, gate, x_t, h) + p[f"bh{gate}"]) for gate in ("_r", "_z"))
    if reset == "after":
        a = x_t @ p["W_n"].T + p["b_n"] + r * (h @ p["U_n"].T + p["bh_n"])
    else:
        a = x_t @ p["W_n"].T + p["b_n"] + (r * h) @ p["U_n"].T + p["bh_n"]
    return ((1 - z) * torch.tanh(a) + z * h,)


FORMULAS = {
    "elman": (elman_step, {}),
    "lstm": (lstm_step, {}),
    "gru": (gru_step, {}),
    "gru, reset before": (gru_step, {"reset": "before"}),
}


@pytest.mark.parametrize("name", FORMULAS)
@often
@given(size=sizes)
def test_numpy_agrees_with_autograd_on_the_equations(name, size):
    step, options = FORMULAS[name]
    case = Case(name.partition(",")[0], **size, **options)
    outputs, last = case.layer.forward(case.x, case.state)
    d_x, d_state = case.layer.backward(case.d_outputs, case.d_state)

    names, values = zip(*case.layer.parameters.items(), strict=True)
    values, (x,), initial = tensors(values), tensors([case.x]), tensors(case.state)
    state, expected = initial, []
    for t in range(x.shape[1]):
        state = step(dict(zip(names, values, strict=True)), x[:, t], *state, **options)
        expected.append(state[0])
    expected = torch.stack(expected, dim=1)
    close(outputs, expected.detach())
    all_close(last, [s.detach() for s in state])

    loss = (expected * torch.from_numpy(case.d_outputs)).sum()
    for s, d in zip(state, case.d_state, strict=True):
        loss = loss + (s * torch.from_numpy(d)).sum()
    wanted = torch.autograd.grad(loss, [*values, x, *initial])
    assert case.layer.gradients.keys() == set(names)
    all_close([*(case.layer.gradients[n] for n in names), d_x, *d_state], wanted)


@pytest.mark.parametrize("name", FORMULAS)
@often
@given(size=sizes)
def test_numpy_agrees_with_central_differences(name, size):
    """d loss / d theta along a random direction, for every parameter, x and the initial state."""
    case = Case(name.partition(",")[0], **size, **FORMULAS[name][1])
    case.layer.forward(case.x, case.state)
    d_x, d_state = case.layer.backward(case.d_outputs, case.d_state)
    rng, step = np.random.default_rng(size["seed"]), 1e-5
    inputs = [*case.layer.parameters.values(), case.x, *case.state]
    gradients = [*case.layer.gradients.values(), d_x, *d_state]
    for array, gradient in zip(inputs, gradients, strict=True):
        direction = rng.normal(size=array.shape)
        kept, losses = array.copy(), []
        for sign in (1, -1):
            array[...] = kept + sign * step * direction
            losses.append(case.loss(*case.layer.forward(case.x, case.state)))
        array[...] = kept
        slope = (losses[0] - losses[1]) / (2 * step)
        assert slope == pytest.approx((gradient * direction).sum(), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("cell", CELLS)
@often
@given(size=sizes)
def test_torch_agrees_with_numpy(cell, size):
    case = Case(cell, **size)
    layer = case.in_torch()
    (x,), initial = tensors([case.x]), tensors(case.state)
    outputs, state = layer(x, initial)
    wanted = case.layer.forward(case.x, case.state)
    close(outputs.detach(), wanted[0])
    all_close([s.detach() for s in state], wanted[1])

    loss = (outputs * torch.from_numpy(case.d_outputs)).sum()
    for s, d in zip(state, case.d_state, strict=True):
        loss = loss + (s * torch.from_numpy(d)).sum()
    d_x, d_state = case.layer.backward(case.d_outputs, case.d_state)
    all_close(torch.autograd.grad(loss, [x, *initial]), [d_x, *d_state])


@pytest.mark.parametrize("cell", CELLS)
@seldom
@given(size=sizes)
def test_keras_agrees_with_numpy(cell, size):
    case = Case(cell, **size)
    layer = case.in_keras()
    x, initial = tf.constant(case.x), tuple(tf.constant(s) for s in case.state)
    with tf.GradientTape() as tape:
        tape.watch([x, *initial])
        outputs, state = layer(x, initial)
        loss = tf.reduce_sum(outputs * case.d_outputs)
        loss += sum(tf.reduce_sum(s * d) for s, d in zip(state, case.d_state, strict=True))
    wanted = case.layer.forward(case.x, case.state)
    close(outputs, wanted[0])
    all_close(state, wanted[1])
    d_x, d_state = case.layer.backward(case.d_outputs, case.d_state)
    all_close(tape.gradient(loss, [x, *initial]), [d_x, *d_state])


def run(framework, case):
    """The framework's layer as functions from arrays to arrays: the sequence, and one step."""
    if framework == "numpy":
        return case.layer.forward, case.layer.step
    if framework == "keras":
        layer = case.in_keras()
        return layer, layer.step
    layer = case.in_torch().requires_grad_(False)

    def sequence(x, state=None):
        state = None if state is None else tuple(map(torch.as_tensor, state))
        return layer(torch.as_tensor(x), state)

    def step(x_t, state):
        return layer.step(torch.as_tensor(x_t), tuple(map(torch.as_tensor, state)))

    return sequence, step


FRAMEWORKS = ["numpy", "torch", "keras"]
with_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
with_cells = pytest.mark.parametrize("cell", CELLS)


@with_frameworks
@with_cells
@seldom
@given(size=sizes, cut=st.integers(0, 6))
def test_a_sequence_may_be_read_at_once_in_two_parts_or_step_by_step(framework, cell, size, cut):
    case = Case(cell, **size)
    sequence, step = run(framework, case)
    outputs, last = sequence(case.x, case.state)

    state = case.state
    for t in range(size["T"]):
        y_t, state = step(case.x[:, t], state)
        close(outputs[:, t], y_t)
    all_close(last, state)

    if 0 < cut < size["T"]:
        first, between = sequence(case.x[:, :cut], case.state)
        second, end = sequence(case.x[:, cut:], between)
        close(outputs, np.concatenate([first, second], axis=1))
        all_close(last, end)


@with_frameworks
@with_cells
def test_the_initial_state_counts_and_is_zero_when_left_out(framework, cell):
    case = Case(cell, B=3, T=4, D=2, H=5, seed=0)
    sequence, _ = run(framework, case)
    zeros = tuple(np.zeros_like(s) for s in case.state)
    left_out, _ = sequence(case.x)
    close(left_out, sequence(case.x, zeros)[0], tolerance=0)
    for place in range(len(zeros)):  # of the LSTM both h and c
        given_one = tuple(
            s if i == place else z for i, (s, z) in enumerate(zip(case.state, zeros, strict=True))
        )
        outputs, _ = sequence(case.x, given_one)
        assert parity.distance(np.asarray(outputs[:, 0]), np.asarray(left_out[:, 0])) > 1e-3


@with_cells
@often
@given(size=sizes)
def test_torch_agrees_with_its_own_layers(cell, size):
    case = Case(cell, **size)
    ours = case.in_torch()
    kind = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    theirs = kind(size["D"], size["H"], batch_first=True).double()
    second = ours.bias_hh if cell == "gru" else torch.zeros_like(ours.bias)
    weights = (ours.weight_ih, ours.weight_hh, ours.bias, second)
    for parameter, value in zip(theirs.parameters(), weights, strict=True):
        parameter.data = value.detach().clone()
    x, state = torch.from_numpy(case.x), tuple(torch.from_numpy(s)[None] for s in case.state)
    outputs, last = ours(x, tuple(s[0] for s in state))
    wanted, final = theirs(x, state if cell == "lstm" else state[0])
    close(outputs.detach(), wanted.detach())
    final = final if cell == "lstm" else (final,)
    all_close([s.detach() for s in last], [s[0].detach() for s in final])

    upstream = torch.from_numpy(case.d_outputs)
    mine = torch.autograd.grad((outputs * upstream).sum(), list(ours.parameters()))
    wanted_gradients = torch.autograd.grad((wanted * upstream).sum(), list(theirs.parameters()))
    all_close(mine, wanted_gradients[: len(mine)])


@with_cells
@seldom
@given(size=sizes)
def test_keras_agrees_with_its_own_layers(cell, size):
    case = Case(cell, **size)
    ours = case.in_keras()
    options = {"return_sequences": True, "return_state": True, "dtype": "float64"}
    kind = {"elman": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[cell]
    theirs = getattr(keras.layers, kind)(size["H"], **options)
    theirs.build(case.x.shape)
    kernel, recurrent_kernel, *biases = (v.numpy() for v in ours.trainable_variables)
    bias = np.stack(biases) if cell == "gru" else biases[0]
    theirs.set_weights([kernel, recurrent_kernel, bias])
    with tf.GradientTape(persistent=True) as tape:
        outputs, last = ours(case.x, tuple(map(tf.constant, case.state)))
        wanted, *final = theirs(case.x, initial_state=list(map(tf.constant, case.state)))
        mine, other = (tf.reduce_sum(h * case.d_outputs) for h in (outputs, wanted))
    close(outputs, wanted)
    all_close(last, final)
    gradients = tape.gradient(mine, [v.value for v in ours.trainable_variables])
    wanted_gradients = tape.gradient(other, [v.value for v in theirs.trainable_variables])
    all_close(gradients[:2], wanted_gradients[:2])
    close(np.stack(gradients[2:]) if cell == "gru" else gradients[2], wanted_gradients[2])


def test_the_two_resets_of_the_gru_are_two_functions():
    after, before = (Case("gru", 2, 3, 2, 4, seed=1, reset=r) for r in ("after", "before"))
    for name, value in after.layer.parameters.items():
        assert np.array_equal(value, before.layer.parameters[name])
    outputs = after.layer.forward(after.x, after.state)[0]
    assert parity.distance(outputs, before.layer.forward(before.x, before.state)[0]) > 1e-3


def test_a_gru_with_reset_on_and_update_at_zero_is_an_elman_layer():
    gru, elman = Case("gru", 2, 5, 3, 4, seed=2), Case("elman", 2, 5, 3, 4, seed=2)
    p = gru.layer.parameters
    for gate, bias in (("_r", 100), ("_z", -100)):
        p[f"W{gate}"][...], p[f"U{gate}"][...] = 0, 0
        p[f"b{gate}"][...], p[f"bh{gate}"][...] = bias, 0
    elman.layer.parameters = {"W": p["W_n"], "U": p["U_n"], "b": p["b_n"] + p["bh_n"]}
    close(gru.layer.forward(gru.x)[0], elman.layer.forward(gru.x)[0])


def test_the_reset_is_after_or_before():
    with pytest.raises(ValueError, match="reset is 'after' or 'before', not 'never'"):
        numpy_cells.GRU(2, 3, reset="never")


def test_sigmoid_does_not_overflow():
    a = np.array([-1e300, -1000.0, -30.0, 0.0, 30.0, 1000.0, 1e300])
    y = numpy_cells.sigmoid(a)  # a warning fails the test
    assert y[0] == y[1] == 0
    assert y[-1] == y[-2] == 1
    close(y[2:5], 1 / (1 + np.exp(-a[2:5])), tolerance=1e-15)
    assert numpy_cells.sigmoid(a[1:4].astype(np.float32)).dtype == np.float32


@with_cells
def test_long_sequences_stay_finite_and_agree(cell):
    case = Case(cell, B=2, T=200, D=3, H=8, seed=4)
    outputs, _ = case.layer.forward(case.x, case.state)
    d_x, d_state = case.layer.backward(case.d_outputs)
    assert all(map(np.isfinite, (outputs.sum(), d_x.sum(), d_state[0].sum())))
    assert np.abs(outputs).max() <= max(1, np.abs(case.state[0]).max())
    for framework in ("torch", "keras"):
        sequence, _ = run(framework, case)
        close(sequence(case.x, case.state)[0], outputs, tolerance=1e-8)


def fresh(framework, cell, D, H):
    """The recurrent parameters of a new model."""
    if framework == "numpy":
        model = numpy_models.Tagger(5, 7, cell, D, H)
    elif framework == "torch":
        torch.manual_seed(0)
        model = torch_models.Tagger(5, 7, cell, D, H)
    else:
        keras.utils.set_random_seed(0)
        model = keras_models.Tagger(5, 7, cell, D, H)
    parameters = parity.parameters(model).items()
    return {name.partition(".")[2]: a for name, a in parameters if name.startswith("recurrent.")}


@with_frameworks
@with_cells
def test_initial_weights(framework, cell):
    D, H = 48, 64
    parameters, gates = fresh(framework, cell, D, H), numpy_cells.CELLS[cell].gates
    W, U, b, bh = (
        np.concatenate([parameters.get(f"{name}{gate}", np.zeros(H)) for gate in gates])
        for name in ("W", "U", "b", "bh")
    )
    limit = np.sqrt(6 / (D + len(W)))  # Glorot uniform
    assert 0.99 * limit < np.abs(W).max() <= limit
    assert W.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)
    assert abs(W.mean()) < 0.03 * limit
    close(U.T @ U, np.eye(H), tolerance=1e-5)
    assert np.abs(U).max() < 0.5, "no matrix of zeros and ones"
    assert np.array_equal(b, np.repeat([gate == "_f" for gate in gates], H))
    assert not bh.any()
