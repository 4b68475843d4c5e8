"""The models: parameter counts, initial weights, and what they compute, in every framework."""

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.taggers as keras_models
import unrolled.numpy.models as numpy_models
import unrolled.torch.taggers as torch_models
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled.cells import FUSED as CELLS
from unrolled.models import parity

MODULES = {"numpy": numpy_models, "torch": torch_models, "keras": keras_models}
with_frameworks = pytest.mark.parametrize("framework", MODULES)


def build(framework, kind, *arguments, **options):
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    return getattr(MODULES[framework], kind)(*arguments, **options)


def count(model):
    return sum(a.size for a in parity.parameters(model).values())


def own_count(framework, model):
    """The parameters that the framework itself would train."""
    if framework == "torch":
        return sum(p.numel() for p in model.parameters() if p.requires_grad)
    if framework == "keras":
        return model.count_params()
    return sum(value.size for value in model.parameters.values())


@with_frameworks
@pytest.mark.parametrize(
    ("cell", "gates", "biases"), [("elman", 1, 1), ("lstm", 4, 1), ("gru", 3, 2)]
)
@settings(deadline=None, max_examples=3)
@given(sizes=st.tuples(*[st.integers(1, 7)] * 4))
def test_parameters_of_a_tagger(framework, cell, gates, biases, sizes):
    V, K, D, H = sizes
    model = build(framework, "Tagger", V, K, cell, D, H)
    wanted = V * D + gates * (H * D + H * H + biases * H) + K * H + K
    assert count(model) == own_count(framework, model) == wanted


@with_frameworks
@settings(deadline=None, max_examples=3)
@given(sizes=st.tuples(*[st.integers(1, 7)] * 4), reach=st.integers(0, 3))
def test_parameters_of_a_window_tagger(framework, sizes, reach):
    (V, K, D, H), window = sizes, 2 * reach + 1
    model = build(framework, "WindowTagger", V, K, window, D, H)
    wanted = V * D + H * window * D + H + K * H + K
    assert count(model) == own_count(framework, model) == wanted


@with_frameworks
def test_initial_weights_of_embedding_and_readout(framework):
    V, K, D, H = 300, 120, 64, 90
    parameters = parity.parameters(build(framework, "Tagger", V, K, "elman", D, H))
    E, W, b = (parameters[name] for name in ("embedding.E", "readout.W", "readout.b"))
    assert E.std() == pytest.approx(D**-0.5, rel=0.03)
    assert abs(E.mean()) < 0.03 * D**-0.5
    assert (np.abs(E) > 2 * D**-0.5).mean() == pytest.approx(0.0455, abs=0.006), "normal"
    limit = np.sqrt(6 / (H + K))
    assert 0.99 * limit < np.abs(W).max() <= limit
    assert W.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)
    assert not b.any()


@with_frameworks
def test_initial_weights_of_the_window_tagger(framework):
    D, H, K = 16, 128, 64
    parameters = parity.parameters(build(framework, "WindowTagger", 30, K, 5, D, H))
    for name, sizes in {"hidden": (5 * D, H), "readout": (H, K)}.items():
        limit = np.sqrt(6 / sum(sizes))
        assert 0.99 * limit < np.abs(parameters[f"{name}.W"]).max() <= limit
        assert parameters[f"{name}.W"].shape == sizes[::-1]
        assert not parameters[f"{name}.b"].any()


def test_the_seed_decides_the_reference_weights():
    first, same, other = (
        numpy_models.Tagger(5, 4, "gru", 3, 6, seed=s).parameters for s in (1, 1, 2)
    )
    assert all(np.array_equal(first[name], same[name]) for name in first)
    assert not np.array_equal(first["recurrent.U_n"], other["recurrent.U_n"])


@with_frameworks
@pytest.mark.parametrize("cell", CELLS)
def test_a_tagger_cannot_see_the_future(framework, cell):
    model = build(framework, "Tagger", 9, 5, cell, 4, 6)
    letters = np.array([[3, 4, 5, 6, 7]], np.int32)
    changed = letters.copy()
    changed[0, 3] = 8
    apart = np.abs(parity.logits(model, letters) - parity.logits(model, changed)).max(axis=(0, 2))
    assert not apart[:3].any()
    assert (apart[3:] > 1e-6).all()


@with_frameworks
@pytest.mark.parametrize("reach", [0, 1, 2, 3])
def test_a_window_tagger_sees_its_window_and_no_more(framework, reach):
    model = build(framework, "WindowTagger", 9, 5, 2 * reach + 1, 4, 6)
    letters = np.array([[3, 4, 5, 6, 7, 8, 3]], np.int32)
    for place in range(letters.size):
        changed = letters.copy()
        changed[0, place] = 2
        apart = np.abs(parity.logits(model, letters) - parity.logits(model, changed))
        seen = np.abs(np.arange(letters.size) - place) <= reach
        assert np.array_equal(apart.max(axis=(0, 2)) > 1e-6, seen)


@with_frameworks
def test_beyond_the_word_the_window_holds_padding(framework):
    model = build(framework, "WindowTagger", 9, 5, 5, 4, 6)
    logits = parity.logits(model, np.array([[3, 4]], np.int32))
    padded = parity.logits(model, np.array([[0, 0, 3, 4, 0, 0]], np.int32))
    assert np.abs(logits - padded[:, 2:4]).max() < 1e-6


def test_windows_of_letters():
    windows = numpy_models.windows(np.array([[3, 4, 5]]), 3)
    assert windows.tolist() == [[[0, 3, 4], [3, 4, 5], [4, 5, 0]]]


@settings(deadline=None)
@given(
    logits=st.lists(st.lists(st.floats(-800, 800), min_size=3, max_size=3), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_cross_entropy_agrees_with_torch(logits, seed):
    a = np.array([logits])  # (1, T, K)
    tags = np.random.default_rng(seed).integers(0, 3, a.shape[:2])
    loss, d_logits = numpy_models.cross_entropy(a, tags)
    b = torch.tensor(a, requires_grad=True)
    wanted = torch.nn.functional.cross_entropy(b.flatten(0, 1), torch.from_numpy(tags).flatten())
    wanted.backward()
    assert loss == pytest.approx(wanted.item(), abs=1e-12, rel=1e-12)
    assert np.abs(d_logits - b.grad.numpy()).max() < 1e-12


def test_the_reference_computes_in_the_dtype_that_it_is_given():
    for model in (
        *(numpy_models.Tagger(5, 4, cell, 3, 6, dtype=np.float32) for cell in CELLS),
        numpy_models.WindowTagger(5, 4, dtype=np.float32),
    ):
        letters = np.array([[1, 2, 3]])
        logits = model.forward(letters)
        model.backward(numpy_models.cross_entropy(logits, letters)[1])
        arrays = [logits, *model.parameters.values(), *model.gradients.values()]
        assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
