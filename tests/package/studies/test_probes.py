"""What a model sees and where its gradient goes, against what the equations say."""

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.taggers as keras_models
import unrolled.torch.taggers as torch_models
from unrolled.models import parity
from unrolled.studies import probes

LETTERS = np.arange(2, 8, dtype=np.int32)  # (T,) = (6,)
T = len(LETTERS)
FUTURE = np.arange(T)[None, :] - np.arange(T)[:, None]  # s - t


def build(framework, kind, **arguments):
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    module = torch_models if framework == "torch" else keras_models
    return getattr(module, kind)(29, 11, **arguments)


@pytest.mark.parametrize("framework", ["torch", "keras"])
@pytest.mark.parametrize(
    ("kind", "arguments", "ahead"),
    [
        ("Tagger", {"cell": "elman"}, 0),
        ("StackedTagger", {"num_layers": 3}, 0),
        ("LookAheadTagger", {"delay": 2}, 2),
        ("StackedTagger", {"bidirectional": True}, T),
    ],
)
def test_a_model_sees_the_letters_that_its_equations_name(framework, kind, arguments, ahead):
    model = build(framework, kind, hidden_size=16, **arguments)
    assert np.array_equal(probes.sees(model, LETTERS), ahead >= FUTURE)


def test_a_window_sees_both_sides_and_no_further():
    model = build("torch", "WindowTagger", window=3)
    assert np.array_equal(probes.sees(model, LETTERS), np.abs(FUTURE) <= 1)


def test_gradient_norms_are_those_of_autograd():
    model = build("torch", "StackedTagger", num_layers=2, hidden_size=5)
    letters, tags = np.stack([LETTERS, LETTERS]), np.zeros((2, T), np.int32)
    norms = probes.gradient_norms(model, letters, tags)
    model.zero_grad()
    logits = model(torch.from_numpy(letters))
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.zeros(2 * T).long()).backward()
    for norm, layer in zip(norms, model.recurrent.layers, strict=True):
        wanted = torch.cat([p.grad.flatten() for p in layer.parameters()]).norm()
        assert norm == pytest.approx(float(wanted), rel=1e-5)


def test_gradient_norms_agree_in_keras():
    one = build("torch", "StackedTagger", num_layers=2, hidden_size=5, bidirectional=True)
    other = build("keras", "StackedTagger", num_layers=2, hidden_size=5, bidirectional=True)
    parity.carry(one, other)
    batch = LETTERS[None], np.zeros((1, T), np.int32)
    assert probes.gradient_norms(one, *batch) == pytest.approx(
        probes.gradient_norms(other, *batch), rel=1e-4
    )
    assert len(probes.gradient_norms(one, *batch)) == 2
