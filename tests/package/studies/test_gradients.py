"""Gradients through time, measured: held against autograd in both frameworks and the bounds."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from unrolled import models
from unrolled.keras.cells import Elman as KerasElman
from unrolled.models import parity
from unrolled.numpy.cells import Elman as Reference
from unrolled.pictures import plots
from unrolled.studies import gradients, probes, streams
from unrolled.tasks import text
from unrolled.torch.cells import Elman
from unrolled.training import Recipe, fit

D, H, T = 3, 4, 6


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("case", list(gradients.CASES))
def test_jacobians_are_those_of_finite_differences(case, rng):
    torch.manual_seed(0)
    cell = gradients.CASES[case](D, H).double()
    x = torch.from_numpy(rng.standard_normal((T, D)))
    jacobians = gradients.jacobians(cell, x)
    assert len(jacobians) == T + 1
    lag, nudge = 3, 1e-6
    _, before = cell.unroll(x[None, : T - lag])
    flat = torch.cat([s[0] for s in before])

    def last(state):
        parts = tuple(part[None] for part in state.split(H))
        with torch.no_grad():
            return cell.unroll(x[None, T - lag :], parts)[0][0, -1]

    for j in range(len(flat)):
        by = torch.zeros_like(flat)
        by[j] = nudge
        numeric = (last(flat + by) - last(flat - by)) / (2 * nudge)
        assert torch.allclose(jacobians[lag][:, j], numeric.detach(), atol=1e-7)


def test_at_lag_0_the_gradient_is_what_it_began_as(rng):
    x = torch.from_numpy(rng.standard_normal((T, D)))
    for build in gradients.CASES.values():
        assert gradients.norms_by_lag(build(D, H).double(), x)[0] == pytest.approx(1)


def test_keras_loses_as_much_as_pytorch(rng):
    """The same norms from a tape in Keras, with the weights carried over."""
    torch.manual_seed(0)
    cell, x = Elman(D, H).double(), rng.standard_normal((T, D))
    other = KerasElman(H, dtype="float64")
    other.build((H, T, D))
    weights = (cell.weight_ih, cell.weight_hh, cell.bias)
    other.set_weights([weight.detach().numpy().T for weight in weights])
    state = (tf.zeros((H, H), tf.float64),)
    with tf.GradientTape() as tape:
        tape.watch(state)
        y, states = None, [state[0]]
        for x_t in x:
            y, state = other.step(tf.constant(np.tile(x_t, (H, 1))), state)
            states.append(state[0])
        diagonal = tf.linalg.trace(y)  # row i asks for output i
    by_state = tape.gradient(diagonal, states)
    norms = [np.linalg.norm(g) / np.sqrt(H) for g in reversed(by_state)]
    assert np.allclose(norms, gradients.norms_by_lag(cell, torch.from_numpy(x)))


@pytest.mark.parametrize("scale", [0.1, 1.0])
@pytest.mark.parametrize("gain", [0.5, 0.9, 2.0])
def test_no_step_exceeds_the_bound(gain, scale):
    norms = gradients.measure(lambda d, h: gradients.scaled(gain, d, h), 30, 2, (D, H), scale)
    assert (norms[:, 1:] <= gain * norms[:, :-1] * (1 + 1e-6)).all()


def test_without_inputs_the_bound_is_met():
    norms = gradients.measure(lambda d, h: gradients.scaled(1.3, d, h), 20, 2, (D, H), scale=0.0)
    assert np.allclose(norms, 1.3 ** np.arange(21), rtol=1e-4)
    assert gradients.factor(norms) == pytest.approx(1.3, rel=1e-5)
    assert gradients.factor(norms, first=7) == pytest.approx(1.3, rel=1e-5)


def test_the_identity_starts_as_the_identity():
    cell = gradients.CASES["ReLU, identity"](D, H)
    assert torch.equal(cell.weight_hh, torch.eye(H))
    outputs, _ = cell(torch.ones(1, 5, D))
    assert (outputs >= 0).all()
    assert torch.equal(outputs, cell.unroll(torch.ones(1, 5, D))[0])
    Q = gradients.CASES["tanh, orthogonal"](D, H).weight_hh
    assert torch.allclose(Q @ Q.T, torch.eye(H), atol=1e-5)


@pytest.fixture
def plain(rng):
    """A plain layer, inputs, and the errors at its outputs."""
    cell = Reference(D, H, rng)
    return cell, rng.standard_normal((2, T, D)), rng.standard_normal((2, T, H))


def test_the_parts_sum_to_the_gradient(plain):
    cell, x, d_outputs = plain
    cell.forward(x)
    cell.backward(d_outputs)
    parts = list(gradients.parts(cell, x, d_outputs))
    assert len(parts) == T
    for name, whole in cell.gradients.items():
        assert np.allclose(sum(part[name] for part in parts), whole)


def test_a_part_is_of_its_lag(plain):
    """Where one step alone has a loss, part k is what step T - 1 - k says of the weights."""
    cell, x, _ = plain
    d_outputs = np.zeros((2, T, H))
    d_outputs[:, -1] = 1
    h, _ = cell.forward(x)
    delta = 1 - h[:, -1] ** 2
    for k, part in enumerate(gradients.parts(cell, x, d_outputs)):
        t = T - 1 - k
        assert np.allclose(part["W"], delta.T @ x[:, t])
        assert np.allclose(part["b"], delta.sum(axis=0))
        delta = (delta @ cell.parameters["U"]) * (1 - h[:, t - 1] ** 2)


@pytest.mark.parametrize("window", [1, 2, 3, 6])
def test_chunks_are_what_detach_does(plain, window):
    cell, x, d_outputs = plain
    layer = Elman(D, H).double()
    with torch.no_grad():
        for weight, name in zip(layer.parameters(), "WUb", strict=True):
            weight.copy_(torch.from_numpy(cell.parameters[name]))
    state, total = layer.initial_state(2), 0
    for s in range(0, T, window):
        state = tuple(part.detach() for part in state)
        h, state = layer(torch.from_numpy(x[:, s : s + window]), state)
        total = total + (h * torch.from_numpy(d_outputs[:, s : s + window])).sum()
    expected = torch.autograd.grad(total, list(layer.parameters()))
    cut = gradients.truncated(cell, x, d_outputs, [window])["chunks"][window]
    assert np.allclose(cut, np.concatenate([g.numpy().ravel() for g in expected]))


def test_every_step_goes_back_as_far_as_the_window(plain):
    cell, x, d_outputs = plain
    parts = [gradients.vector(part) for part in gradients.parts(cell, x, d_outputs)]
    by_window = gradients.truncated(cell, x, d_outputs, [1, 3, T])["every step"]
    for k, gradient in by_window.items():
        assert np.allclose(gradient, np.sum(parts[:k], axis=0))
    both = gradients.truncated(cell, x, d_outputs, [1, T])
    for k in (1, T):  # the two ways to cut agree where nothing or everything is cut
        assert np.allclose(both["chunks"][k], both["every step"][k])


def test_the_reference_is_the_same_layer(plain):
    layer = Elman(D, H).double()
    x = plain[1]
    expected = layer(torch.from_numpy(x))[0].detach().numpy()
    assert np.allclose(gradients.reference(layer).forward(x)[0], expected)


def test_streams_go_on_from_window_to_window():
    rows = text.lay_out(text.encode("abcdefghijklmnopqrst"), streams=2)
    assert rows.shape == (2, 10)
    read = ["".join(text.CHARACTERS[i] for i in row) for row in rows]
    assert read == ["abcdefghij", "klmnopqrst"]
    batches = text.windows(rows, 3)
    assert [batch.continues for batch in batches] == [False, True, True]
    assert np.array_equal(np.concatenate([b.inputs for b in batches], axis=1), rows[:, :9])
    assert all(np.array_equal(b.targets[:, :-1], b.inputs[:, 1:]) for b in batches)


def test_the_manual_is_letters_and_blanks():
    manual = text.manual()
    assert len(manual) > 100_000
    assert set(manual) == set(text.CHARACTERS)
    assert "  " not in manual


@pytest.fixture
def readers():
    K = len(text.CHARACTERS)
    spec = models.spec("basic", cell="elman", embedding_size=4, hidden_size=8)
    built = {f: models.build(f, spec, K, K, seed=0) for f in models.FRAMEWORKS}
    parity.carry(built["pytorch"], built["keras"])
    return built


@pytest.fixture(scope="module")
def rows():
    return text.lay_out(text.encode(text.manual()[:4000]), streams=4)


def test_the_frameworks_read_the_same_text_alike(readers, rows):
    excerpt = rows[:, : 8 * 12 + 1]
    task = text.TextTask(excerpt, excerpt, len(text.CHARACTERS), window=8)
    recipe = Recipe(epochs=1, learning_rate=5e-3, schedule="constant")
    losses = [
        fit(models.trainer(framework, model, recipe), task).losses
        for framework, model in readers.items()
    ]
    assert len(losses[0]) == 12
    assert np.allclose(*losses, atol=2e-3)
    assert losses[0][-1] < losses[0][0]


def test_a_carried_state_makes_windows_invisible(readers, rows):
    """The mean loss over windows of any length is that of one long reading."""
    model, long = readers["pytorch"], rows[:, : 8 * 40 + 1]
    with torch.no_grad():
        h, _ = model.recurrent(model.embedding(torch.from_numpy(long[:, :-1])))
        logits = model.readout(h).transpose(1, 2)
        loss = torch.nn.functional.cross_entropy(
            logits, torch.from_numpy(long[:, 1:]).long(), reduction="none"
        )
    by_place = loss.mean(dim=0).reshape(40, 8)[1:].mean(dim=0).numpy() / np.log(2)
    assert np.allclose(streams.loss_by_place(model, long, 8, "carried"), by_place, atol=1e-5)


def test_zeros_and_another_stream_begin_otherwise(readers, rows):
    model = readers["pytorch"]
    losses = {c: streams.loss_by_place(model, rows, 8, c) for c in ("carried", "zero", "shuffled")}
    assert abs(losses["zero"][0] - losses["carried"][0]) > 1e-4
    assert abs(losses["shuffled"][0] - losses["carried"][0]) > 1e-5
    alone = rows[:1]  # one row alone cannot get the state of another one
    for carry in ("carried", "shuffled"):
        losses[carry] = streams.loss_by_place(model, alone, 8, carry)
    assert np.array_equal(losses["carried"], losses["shuffled"])


def test_errors_are_those_of_autograd(readers, rows):
    model, letters, following = readers["pytorch"], rows[:, :6], rows[:, 1:7]
    x, g = streams.errors(model, letters, following)
    h, _ = model.recurrent(torch.from_numpy(x).float())
    h.retain_grad()
    logits = model.readout(h).flatten(0, 1)
    torch.nn.functional.cross_entropy(
        logits, torch.from_numpy(following).flatten().long()
    ).backward()
    assert np.allclose(g, h.grad.numpy(), atol=1e-7)


class Parrot(torch.nn.Module):
    """Writes 1 after 1 and 2 after anything else."""


def test_after_first_slip_tells_its_own(monkeypatch):
    def logits(model, letters, targets):
        before = np.concatenate([np.ones((len(targets), 1), int), targets[:, :-1]], axis=1)
        return np.eye(3)[np.where(before == 1, 1, 2)]

    monkeypatch.setattr(probes.parity, "logits", logits)
    letters = np.zeros((4, 3), int)
    targets = np.array([[1, 1, 1], [1, 2, 2], [1, 1, 2], [2, 1, -100]])
    forced, own = probes.after_first_slip(Parrot(), letters, targets)
    # The first word has no slip and the third one only at its end. The second slips at its second
    # step, where it writes 1: given 2 it goes on right, given its own 1 it does not. The fourth
    # slips at once, writes 1, and after its own 1 it is right by chance.
    assert forced.tolist() == [True, False]
    assert own.tolist() == [False, True]


def test_lines_tell_their_ends_and_their_middle():
    panels = {"up": {"a": ([0, 1, 2], [1.0, 2.0, 3.0]), "b": ([0, 1], [5.0, 6.0])}}
    figure = plots.lines(panels, "lag", "gradient", levels={"one": 1.0}, marks="o")
    assert figure.alt == ("gradient against lag. up: a 1 at 0, 2 at 1, 3 at 2; b 5 at 0, 6 at 1.")
    for words in (">one<", ">lag<", ">gradient<", ">up<", ">a<", ">b<"):
        assert words in figure.svg


def test_by_lag_counts_lags_from_0():
    panels = {"strong": {"tanh": np.array([1.0, 0.1, 0.01])}}
    figure = plots.by_lag(panels, ylim=(1e-3, 2))
    assert figure.alt == "gradient against lag. strong: tanh 1 at 0, 0.1 at 1, 0.01 at 2."


def test_the_middle_of_layers_is_their_geometric_mean():
    norms = np.array([[1.0, 0.1, 1e-6], [1.0, 0.4, 1e-2]])
    assert np.allclose(gradients.middle(norms), [1, 0.2, 1e-4])


def test_six_lines_can_be_told_apart():
    line = ([0, 1], [1.0, 2.0])
    names = "abcdef"
    svg = plots.lines({"": dict.fromkeys(names, line)}, "x", "y").svg
    looks = {part.split('"')[0] for part in svg.split('style="fill: none; ')[1:]}
    lines = {look for look in looks if "stroke-width: 2" in look}
    assert len(lines) == 6


def test_keras_clips_matrices_one_by_one_with_clipnorm():
    weights = [keras.Variable(np.zeros(2)) for _ in range(2)]
    gradients = [tf.constant([3.0, 4.0]), tf.constant([0.3, 0.4])]
    keras.optimizers.SGD(1.0, clipnorm=1.0).apply(gradients, weights)
    assert np.allclose(weights[0], [-0.6, -0.8], atol=1e-6)
    assert np.allclose(weights[1], [-0.3, -0.4], atol=1e-6)
