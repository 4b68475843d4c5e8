"""The three frameworks against each other, and mistakes that the comparison must find."""

import itertools

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.cells as keras_cells
import unrolled.keras.taggers as keras_models
import unrolled.numpy.models as numpy_models
import unrolled.torch.cells as torch_cells
import unrolled.torch.taggers as torch_models
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled.cells import FUSED as CELLS
from unrolled.models import parity
from unrolled.models.parity import ParityError

KINDS = [*CELLS, "window"]
FRAMEWORKS = ["numpy", "torch", "keras"]
PAIRS = list(itertools.permutations(FRAMEWORKS, 2))
MODULES = {"numpy": numpy_models, "torch": torch_models, "keras": keras_models}
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}

with_kinds = pytest.mark.parametrize("kind", KINDS)
seldom = settings(deadline=None, max_examples=5)
sizes = st.fixed_dictionaries(
    {"V": st.integers(2, 6), "K": st.integers(2, 6), "D": st.integers(1, 5), "H": st.integers(1, 5)}
)
SIZES = {"V": 9, "K": 7, "D": 4, "H": 6}


def build(framework, kind, V, K, D, H, dtype="float64"):
    options = {"embedding_size": D, "hidden_size": H}
    options |= {} if framework == "torch" else {"dtype": dtype}
    name = "WindowTagger" if kind == "window" else "Tagger"
    first = 3 if kind == "window" else kind
    model = getattr(MODULES[framework], name)(V, K, first, **options)
    return model.to(getattr(torch, dtype)) if framework == "torch" else model


def random_weights(model, seed):
    """The model's own initial weights, moved at random so that no bias is zero."""
    rng = np.random.default_rng(seed)
    return {
        name: (a + rng.normal(0, 0.3, a.shape)).astype(a.dtype)
        for name, a in parity.parameters(model).items()
    }


def batch(sizes, B=3, T=5, seed=0):
    rng = np.random.default_rng(seed)
    letters, tags = (rng.integers(0, sizes[n], (B, T)).astype(np.int32) for n in ("V", "K"))
    return letters, tags


@pytest.mark.parametrize("dtype", TOLERANCE)
@with_kinds
@seldom
@given(sizes=sizes, B=st.integers(1, 4), T=st.integers(1, 6), seed=st.integers(0, 2**32 - 1))
def test_outputs_and_all_gradients_agree(dtype, kind, sizes, B, T, seed):
    models = {f: build(f, kind, **sizes, dtype=dtype) for f in FRAMEWORKS}
    weights = random_weights(models["numpy"], seed)
    for model in models.values():
        parity.assign(model, weights)
    letters, tags = batch(sizes, B, T, seed)
    for one, other in itertools.combinations(FRAMEWORKS, 2):
        parity.check(models[one], models[other], letters, tags, TOLERANCE[dtype])
    gradients = parity.gradients(models["torch"], letters, tags)
    assert gradients.keys() == weights.keys()
    assert all(a.dtype == dtype for a in gradients.values())


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("source", "target"), PAIRS)
@with_kinds
def test_weights_come_back_bit_for_bit(source, target, kind, dtype):
    first, second, third = (build(f, kind, **SIZES, dtype=dtype) for f in (source, target, source))
    weights = random_weights(first, seed=3)
    parity.assign(first, weights)
    parity.carry(first, second)
    parity.carry(second, third)
    for model in (second, third):
        carried = parity.parameters(model)
        assert carried.keys() == weights.keys()
        assert all(np.array_equal(weights[name], carried[name]) for name in weights)
        assert {a.dtype for a in carried.values()} == {np.dtype(dtype)}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_assign_leaves_the_model_untouched_when_something_does_not_fit(framework):
    model = build(framework, "gru", **SIZES)
    before = parity.parameters(model)
    good = random_weights(model, seed=1)
    missing = {name: a for name, a in good.items() if name != "readout.b"}
    misshapen = {**good, "readout.b": good["readout.b"][:-1]}
    with pytest.raises(ParityError, match=r"only one of the two models has readout\.b"):
        parity.assign(model, missing)
    with pytest.raises(ParityError, match=r"only one of the two models has more\.W"):
        parity.assign(model, {**good, "more.W": good["readout.W"]})
    with pytest.raises(ParityError, match=r"readout\.b is \(6,\) in one model and \(7,\) in the"):
        parity.assign(model, misshapen)
    after = parity.parameters(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_parameters_are_a_copy(framework):
    model = build(framework, "elman", **SIZES)
    taken = parity.parameters(model)
    kept = {name: a.copy() for name, a in taken.items()}
    parity.assign(model, random_weights(model, seed=1))
    assert all(np.array_equal(taken[name], kept[name]) for name in kept)
    taken["readout.b"][...] = 99
    assert not (parity.parameters(model)["readout.b"] == 99).any()


def test_other_models_have_no_common_parameters():
    with pytest.raises(ParityError, match="only one of the two models has"):
        parity.carry(build("numpy", "elman", **SIZES), build("torch", "lstm", **SIZES))
    with pytest.raises(ParityError, match="only one of the two models has"):
        parity.differences(
            build("torch", "gru", **SIZES), build("torch", "elman", **SIZES), *batch(SIZES)
        )


def test_what_is_no_model_is_named():
    for question, arguments in {parity.slots: 0, parity.logits: 1, parity.gradients: 2}.items():
        with pytest.raises(ParityError, match="dict is no model of NumPy, PyTorch or Keras"):
            question({}, *[None] * arguments)
    with pytest.raises(ParityError, match="no table names the weights of 0, a Conv2d"):
        parity.parameters(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1)))


def test_the_distance_of_arrays():
    p = np.array([0.5, -200.0])
    assert parity.distance(p, np.array([0.25, -200.0])) == 0.25
    assert parity.distance(p, np.array([0.5, -300.0])) == 0.5  # relative to 200
    assert np.isnan(parity.distance(p, np.array([np.nan, -200.0])))


def test_a_nan_is_not_agreement():
    one, other = build("numpy", "elman", **SIZES), build("torch", "elman", **SIZES)
    parity.carry(one, other)
    one.readout.parameters["b"][0] = np.nan
    with pytest.raises(ParityError, match="logits by nan"):
        parity.check(one, other, *batch(SIZES), tolerance=1.0)


# Mistakes. Each must be found, whichever framework makes it.


class WrongOrder(torch_cells.LSTM):
    """Weights stacked i, f, g, o and read as i, f, o, g."""

    def forward(self, x, state=None):
        return torch_cells.Recurrent.forward(self, x, state)

    def update(self, a_t, state):
        h_prev, c_prev = state
        a = a_t + h_prev @ self.weight_hh.T
        i, f, o, g = a.chunk(4, dim=-1)
        c_t = torch.sigmoid(f) * c_prev + torch.sigmoid(i) * torch.tanh(g)
        h_t = torch.sigmoid(o) * torch.tanh(c_t)
        return h_t, (h_t, c_t)


class ResetBefore(torch_cells.GRU):
    """The other side of the product."""

    def forward(self, x, state=None):
        return torch_cells.Recurrent.forward(self, x, state)

    def update(self, a_t, state):
        (h_prev,) = state
        a, U, bh = a_t.chunk(3, dim=-1), self.weight_hh.chunk(3), self.bias_hh.chunk(3)
        r, z = (torch.sigmoid(a[k] + h_prev @ U[k].T + bh[k]) for k in (0, 1))
        n = torch.tanh(a[2] + (r * h_prev) @ U[2].T + bh[2])
        h_t = (1 - z) * n + z * h_prev
        return h_t, (h_t,)


class Transposed(torch_cells.Elman):
    """U^T h_prev."""

    def forward(self, x, state=None):
        return torch_cells.Recurrent.forward(self, x, state)

    def update(self, a_t, state):
        h_t = torch.tanh(a_t + state[0] @ self.weight_hh)
        return h_t, (h_t,)


class KerasWrongOrder(keras_cells.LSTM):
    """The same mistakes in Keras."""

    def update(self, a_t, state):
        i, f, g, o = keras.ops.split(a_t, 4, axis=-1)
        kernels = keras.ops.split(self.recurrent_kernel, 4, axis=-1)
        i, f, g, o = (a + state[0] @ k for a, k in zip((i, f, g, o), kernels, strict=True))
        c_t = keras.ops.sigmoid(f) * state[1] + keras.ops.sigmoid(i) * keras.ops.tanh(o)
        h_t = keras.ops.sigmoid(g) * keras.ops.tanh(c_t)
        return h_t, (h_t, c_t)


class KerasZBeforeR(keras_cells.GRU):
    """Takes PyTorch's order of gates for Keras's."""

    gates = ("_r", "_z", "_n")


class KerasResetBefore(keras_cells.GRU):
    def update(self, a_t, state):
        (h_prev,) = state
        a_z, a_r, a_n = keras.ops.split(a_t + self.recurrent_bias, 3, axis=-1)
        U_z, U_r, U_n = keras.ops.split(self.recurrent_kernel, 3, axis=-1)
        z, r = keras.ops.sigmoid(a_z + h_prev @ U_z), keras.ops.sigmoid(a_r + h_prev @ U_r)
        h_t = (1 - z) * keras.ops.tanh(a_n + (r * h_prev) @ U_n) + z * h_prev
        return h_t, (h_t,)


class KerasTransposed(keras_cells.Elman):
    def update(self, a_t, state):
        U = keras.ops.transpose(self.recurrent_kernel)
        h_t = keras.ops.tanh(a_t + state[0] @ U)
        return h_t, (h_t,)


MUTANTS = [
    ("lstm", WrongOrder),
    ("gru", ResetBefore),
    ("elman", Transposed),
    ("lstm", KerasWrongOrder),
    ("gru", KerasZBeforeR),
    ("gru", KerasResetBefore),
    ("elman", KerasTransposed),
]


@pytest.mark.parametrize(("cell", "mutant"), MUTANTS, ids=lambda v: getattr(v, "__name__", v))
@pytest.mark.parametrize("other", FRAMEWORKS)
def test_a_mutant_fails(cell, mutant, other, monkeypatch):
    cells, framework = (
        (torch_cells, "torch") if issubclass(mutant, torch.nn.Module) else (keras_cells, "keras")
    )
    sound = build(other, cell, **SIZES)
    parity.assign(sound, random_weights(sound, seed=5))
    healthy = build(framework, cell, **SIZES)
    parity.carry(sound, healthy)
    parity.check(sound, healthy, *batch(SIZES), tolerance=1e-10)

    monkeypatch.setitem(cells.CELLS, cell, mutant)
    sick = build(framework, cell, **SIZES)
    assert type(sick.recurrent) is mutant
    parity.carry(sound, sick)
    with pytest.raises(ParityError, match=r"more than 1e-03 apart: .*logits"):
        parity.check(sound, sick, *batch(SIZES), tolerance=1e-3)


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_swapped_embedding_rows_fail(one, other):
    first, second = build(one, "elman", **SIZES), build(other, "elman", **SIZES)
    weights = random_weights(first, seed=5)
    parity.assign(first, weights)
    order = [0, 1, 3, 2, *range(4, SIZES["V"])]
    parity.assign(second, {**weights, "embedding.E": weights["embedding.E"][order]})
    letters = np.array([[1, 2, 4]], np.int32)
    with pytest.raises(ParityError, match=r"gradient of embedding\.E"):
        parity.check(first, second, letters, letters, tolerance=1e-3)


def test_a_second_bias_of_the_kind_that_nn_rnn_has_is_named(monkeypatch):
    class TwoBiases(torch_cells.Elman):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.bias_hh = torch.nn.Parameter(torch.zeros(sizes[1]))

    monkeypatch.setitem(torch_cells.CELLS, "elman", TwoBiases)
    with pytest.raises(ParityError, match=r"no symbol names recurrent\.bias_hh"):
        parity.carry(build("numpy", "elman", **SIZES), build("torch", "elman", **SIZES))


def test_a_gradient_alone_may_differ():
    """The same function with a wrong derivative: only the gradients can tell."""
    one, other = build("numpy", "elman", **SIZES), build("torch", "elman", **SIZES)
    parity.carry(one, other)
    other.recurrent.weight_hh.register_hook(lambda gradient: 1.01 * gradient)
    apart = parity.differences(one, other, *batch(SIZES))
    assert [name for name, d in apart.items() if d > 1e-10] == ["gradient of recurrent.U"]
