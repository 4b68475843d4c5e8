"""The contract of a task: losses, padding, states, resuming and statistics, whatever is learned."""

import numpy as np
import pytest
import tensorflow as tf
import torch
from unrolled import models
from unrolled.errors import UserError
from unrolled.experiments import statistics, store
from unrolled.keras import losses as keras_losses
from unrolled.models import parity, saved
from unrolled.tasks import text
from unrolled.tasks.recall import RecallTask
from unrolled.tasks.task import ABSENT, Answer, Batch, Measure
from unrolled.torch import losses as torch_losses
from unrolled.training import Recipe, fit, partial

FRAMEWORKS = models.FRAMEWORKS
with_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
rng = np.random.default_rng(0)
LEVELS = (0.1, 0.5, 0.8)
# By kind of answer: outputs and targets, with one target that is not asked for.
ANSWERED = {
    "labels": (rng.normal(size=(2, 3, 4)), np.array([[0, 3, ABSENT], [1, 2, 2]], np.int32)),
    "label": (rng.normal(size=(2, 1, 4)), np.array([[3], [1]], np.int32)),
    "unaligned": (rng.normal(size=(2, 6, 4)), np.array([[1, 3, 3], [2, 0, ABSENT]], np.int32)),
    "numbers": (rng.normal(size=(2, 3, 2)), rng.normal(size=(2, 3, 2))),
    "quantiles": (rng.normal(size=(2, 3, 6)), rng.normal(size=(2, 3, 2))),
}
ANSWERED["numbers"][1][0, 0, 1] = ANSWERED["quantiles"][1][1, 2, 0] = np.nan


def answer(kind, size=4):
    return Answer(kind, size, LEVELS if kind == "quantiles" else ())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ANSWERED)
def test_losses_agree_and_so_do_their_gradients(kind, weighted):
    outputs, targets = ANSWERED[kind]
    weights = np.array([[1.0], [0.25]]) * np.ones(targets.shape[:2]) if weighted else None
    given = torch.tensor(outputs, requires_grad=True)
    weight = None if weights is None else torch.tensor(weights)
    loss = torch_losses.of(answer(kind))(given, torch.tensor(targets), weight)
    (gradient,) = torch.autograd.grad(loss, given)
    variable = tf.constant(outputs)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        weight = None if weights is None else tf.constant(weights)
        other = keras_losses.of(answer(kind))(variable, tf.constant(targets), weight)
    close = 1e-5 if kind == "unaligned" else 1e-10  # Keras computes CTC in single precision
    assert float(other) == pytest.approx(loss.item(), abs=close)
    assert parity.distance(gradient.numpy(), np.asarray(tape.gradient(other, variable))) < close
    if kind not in ("unaligned", "label"):  # what is not asked for moves nothing
        absent = targets == ABSENT if kind == "labels" else np.isnan(targets)
        assert not gradient.reshape(*targets.shape, -1)[torch.tensor(absent)].any()


def test_a_weight_of_two_is_a_row_that_stands_twice():
    outputs, targets = (torch.tensor(array) for array in ANSWERED["numbers"])
    for kind in ("labels", "numbers"):
        outputs, targets = (torch.tensor(array) for array in ANSWERED[kind])
        loss = torch_losses.of(answer(kind))
        weights = torch.tensor([[1.0], [2.0]]).expand(targets.shape[:2])
        doubled = loss(outputs[[0, 1, 1]], targets[[0, 1, 1]], None)
        assert torch.allclose(loss(outputs, targets, weights), doubled)


def test_the_pinball_loss_is_least_at_the_quantile():
    targets = torch.arange(1.0, 101)[None, :, None]
    places = torch.linspace(0, 100, 1001)
    for level in LEVELS:
        losses = [
            torch_losses.pinball(place.expand(1, 100, 1), targets, None, (level,))
            for place in places
        ]
        assert places[int(torch.stack(losses).argmin())] == pytest.approx(100 * level, abs=1)


@pytest.mark.parametrize("levels", [(), (0.5, 0.5), (0.0, 0.5), (0.5, 1.0), (0.9, 0.1)])
def test_levels_of_quantiles_rise_between_0_and_1(levels):
    with pytest.raises(UserError, match="levels"):
        Answer("quantiles", 3, levels)
    if levels:
        with pytest.raises(UserError, match="levels"):
            Answer("numbers", 3, levels)


NAMES = [name for name, spec in models.NAMED.items() if spec.answer == "labels"]
SMALL = {"hidden_size": 4, "embedding_size": 3, "filters": 4, "attention_size": 4}


def small(name, **more):
    known = models.NAMED[name].arguments
    return models.spec(name, **{key: size for key, size in SMALL.items() if key in known}, **more)


@pytest.mark.parametrize("kind", ["labels", "numbers", "quantiles"])
@pytest.mark.parametrize("name", NAMES)
def test_every_model_reads_vectors_and_answers_in_both_frameworks_alike(name, kind):
    size = {"labels": 4, "numbers": 2, "quantiles": 6}[kind]
    built = [models.build(f, small(name), 5, size, seed=0, inputs="vectors") for f in FRAMEWORKS]
    parity.carry(*built)
    inputs = rng.normal(size=(2, 3, 5)).astype(np.float32)
    targets = ANSWERED[kind][1]
    targets = targets if kind == "labels" else targets.astype(np.float32)
    parity.check(*built, inputs, targets, 1e-5, np.array([2, 3], np.int32), answer(kind, size))


@with_frameworks
@pytest.mark.parametrize("name", ["look-ahead", "window", "conv-bidirectional"])
def test_beyond_a_row_of_vectors_stand_zeros(framework, name):
    model = models.build(framework, small(name), 2, 3, seed=0, inputs="vectors")
    inputs = rng.normal(size=(1, 4, 2)).astype(np.float32)
    wider = np.pad(inputs, ((0, 0), (0, 5), (0, 0)))
    lengths = np.array([4], np.int32)
    alone, padded = parity.logits(model, inputs), parity.logits(model, wider, lengths=lengths)
    assert np.allclose(alone, padded[:, :4], atol=1e-6)


@with_frameworks
def test_many_to_one_reads_the_state_after_the_last_item(framework):
    shapes = __import__(f"unrolled.{'torch' if framework == 'pytorch' else 'keras'}.shapes")
    kind = getattr(shapes, "torch" if framework == "pytorch" else "keras").shapes.ManyToOne
    model = kind(9, 4, hidden_size=5)
    rows = [rng.integers(1, 9, (1, length), dtype=np.int32) for length in (2, 5, 3)]
    padded = np.concatenate([np.pad(row, ((0, 0), (0, 5 - row.shape[1]))) for row in rows])
    together = parity.logits(model, padded, lengths=np.array([2, 5, 3], np.int32))
    assert np.allclose(
        together, np.concatenate([parity.logits(model, row) for row in rows]), atol=1e-6
    )
    last = parity.logits(model, padded)  # without lengths padding is read as if it were items
    assert not np.allclose(last[0], together[0], atol=1e-3)


@with_frameworks
@pytest.mark.parametrize("name", ["basic", "stacked"])
@pytest.mark.parametrize("cell", ["lstm", "mingru", "slstm"])
def test_a_stack_goes_on_from_its_state(framework, name, cell):
    predictor = models.predictor(
        framework, models.build(framework, small(name, cell=cell), 9, 4, 0)
    )
    inputs = rng.integers(1, 9, (3, 7), dtype=np.int32)
    whole, _ = predictor.advance(inputs)
    assert np.allclose(whole, predictor.logits(inputs), atol=1e-6)
    first, state = predictor.advance(inputs[:, :4])
    second, _ = predictor.advance(inputs[:, 4:], state)
    assert np.allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)
    assert not np.allclose(predictor.advance(inputs[:, 4:])[0], second, atol=1e-3)


@with_frameworks
@pytest.mark.parametrize("name", ["bidirectional", "conv", "window"])
def test_without_a_state_to_go_on_from_there_is_one_line(framework, name):
    predictor = models.predictor(framework, models.build(framework, small(name), 9, 4, 0))
    inputs = np.ones((1, 3), np.int32)
    with pytest.raises(UserError, match="state"):
        predictor.advance(inputs, predictor.advance(inputs)[1])


def reading(streams=4, length=129):
    ids = text.encode(text.manual()[: streams * length])
    rows = text.lay_out(ids, streams)
    return text.TextTask(rows, rows[:, ::-1].copy(), len(text.CHARACTERS), window=16)


TASKS = {
    "text": (reading, small("stacked", num_layers=2, dropout=0.1), {"learning_rate": 1e-2}),
    "echo": (lambda: RecallTask("echo", 3, 0, steps=4), small("basic"), {"batch_size": 8}),
    "adding": (lambda: RecallTask("adding", 4, 1, steps=4), small("basic"), {"batch_size": 8}),
}


class Stop(Exception):  # noqa: N818
    """The run is stopped."""


@with_frameworks
@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_trained_kept_and_resumed_bit_for_bit(name, framework, tmp_path):
    make, spec, recipe = TASKS[name]
    recipe = Recipe(epochs=3, **recipe)

    def train(place, on_epoch=None):
        return saved.train(spec, framework, recipe, make(), place, on_epoch=on_epoch)

    def stop(row):
        if row["epoch"] == 2:
            raise Stop

    whole, path = train(tmp_path / "whole")[0], tmp_path / "stopped"
    with pytest.raises(Stop):
        train(path, stop)
    assert partial(path).exists()
    resumed, already = train(path)
    assert not already
    for weights in (resumed.predictor.weights(), saved.load(path).predictor.weights()):
        assert weights.keys() == whole.predictor.weights().keys()
        for key, array in whole.predictor.weights().items():
            assert np.array_equal(weights[key], array), key
    again, already = train(path)
    assert already
    task = make()
    scored = task.validate(again.predictor)
    best = again.facts["history"]["epochs"]
    wanted = (max if name == "echo" else min)(row[task.decides] for row in best)
    assert scored[task.decides] == pytest.approx(wanted, rel=1e-5)


def test_a_part_of_another_task_is_refused(tmp_path):
    make, spec, recipe = TASKS["echo"]
    recipe = Recipe(epochs=1, **recipe)
    saved.train(spec, "pytorch", recipe, make(), tmp_path / "m")
    with pytest.raises(UserError, match=r"another data\.lag"):
        saved.train(spec, "pytorch", recipe, RecallTask("echo", 9, 0, steps=4), tmp_path / "m")


@with_frameworks
def test_training_in_windows_carries_the_state(framework):
    """The losses of a run that forgets between windows are others."""
    losses = []
    for forget in (False, True):
        task = reading()
        model = models.build(framework, small("stacked", num_layers=2), 27, 27, seed=0)
        trainer = models.trainer(framework, model, Recipe(epochs=1), task.answer)
        step = trainer.train_step
        if forget:
            trainer.train_step = lambda b, r: step(b._replace(continues=False), r)  # noqa: B023
        losses.append(fit(trainer, task).losses)
    assert losses[0][0] == losses[1][0]
    assert losses[0][1:] != losses[1][1:]


@with_frameworks
def test_padded_rows_train_as_rows_of_their_own_do(framework):
    """Two rows of other lengths in one padded batch move the weights as their mean loss says."""
    inputs = np.array([[3, 4, 5, 6], [7, 8, 0, 0]], np.int32)
    targets = np.array([[1, 2, 3, 1], [2, 1, ABSENT, ABSENT]], np.int32)
    built = [models.build(framework, small("stacked-bidirectional"), 9, 4, 0) for _ in range(2)]
    padded, other = (models.trainer(framework, m, Recipe(optimizer="sgd")) for m in built)
    loss = padded.train_step(Batch(inputs, targets, np.array([4, 2], np.int32)), 0.1)
    filled = np.where(inputs == 0, 5, inputs)  # the values in the padding must not matter
    assert other.train_step(Batch(filled, targets, np.array([4, 2], np.int32)), 0.1) == (
        pytest.approx(loss, rel=1e-6)
    )
    longer = padded.weights()
    for key, array in other.weights().items():
        if "embedding" not in key:
            assert np.allclose(array, longer[key], atol=1e-6), key


BITS = Measure("bits", "characters", "bits", 1, "bits")


def test_statistics_pair_bits_and_absolute_errors():
    draws = np.random.default_rng(1)
    items = draws.gamma(2, 1, size=500)
    runs = [items + draws.normal(0, 0.1, (4, 500)) + shift for shift in (0.0, 0.3, 0.0)]
    one, other, same = (store.Scores({"bits": array}, [BITS]) for array in runs)
    result = statistics.difference(other, one)
    assert result.difference == pytest.approx(0.3, abs=0.03)
    assert result.low > 0.2
    assert result.p < 0.05
    assert np.isnan(result.odds)
    assert statistics.difference(one, same).p > 0.05
    assert statistics.interval(one).mean == pytest.approx(runs[0].mean(), rel=1e-5)
    half = one.take(np.arange(250))
    assert half["bits"].shape == (4, 250)


@pytest.mark.parametrize("values", [[0, 3, 255], [0.5, 2.25, 1e-3], [-1, 4], [256.0, 1.0], []])
def test_scores_are_packed_and_unpacked(values):
    packed = store.to_text(np.array(values))
    assert store.from_text(packed) == pytest.approx(np.array(values), rel=1e-3)
