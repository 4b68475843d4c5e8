"""Training: the schedule, one step in two frameworks, determinism, resuming, and learning."""

import json
import math
from dataclasses import replace

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.taggers as keras_models
import unrolled.keras.training as keras_training
import unrolled.torch.cells as torch_cells
import unrolled.torch.taggers as torch_models
import unrolled.torch.training as torch_training
from hypothesis import given
from hypothesis import strategies as st
from unrolled.cells import FUSED as CELLS
from unrolled.errors import UserError
from unrolled.models import parity
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import PronunciationTask
from unrolled.tasks.task import Batch
from unrolled.training import BUDGETS, Recipe, checkpoints, fit

MODULES = {
    "pytorch": (torch_models, torch_training),
    "keras": (keras_models, keras_training),
}
KINDS = [*CELLS, "window"]
with_frameworks = pytest.mark.parametrize("framework", MODULES)

V, K, D, H = 12, 9, 5, 8
RATE = 2**-7  # Keras keeps the rate in float32: a power of two is the same in float64


def seeded(seed):
    torch.manual_seed(seed)
    keras.utils.set_random_seed(seed)


def trainer(framework, recipe, kind="elman", sizes=(V, K), dtype="float32", **options):
    models, steps = MODULES[framework]
    name, first = ("WindowTagger", 3) if kind == "window" else ("Tagger", kind)
    extra = {"dtype": dtype} if framework == "keras" else {}
    model = getattr(models, name)(*sizes, first, options.pop("D", D), options.pop("H", H), **extra)
    if framework == "pytorch":
        model = model.to(getattr(torch, dtype))
    return steps.Trainer(model, recipe, **options)


def batches(count, lengths=(3,)):
    """Words whose letters repeat; two letters and two tags never occur."""
    rng = np.random.default_rng(0)
    for step in range(count):
        shape = (6, lengths[step % len(lengths)])
        yield tuple(rng.integers(0, n - 2, shape).astype(np.int32) for n in (V, K))


def gradient_norm(trainer, letters, tags):
    gradients = parity.gradients(trainer.model, letters, tags)
    return math.sqrt(sum((a.astype(float) ** 2).sum() for a in gradients.values()))


def apart(a, b):
    """The largest distance of two models' parameters, relative to the largest of them."""
    mine, other = parity.parameters(a.model), parity.parameters(b.model)
    assert mine.keys() == other.keys()
    return max(np.abs(mine[n] - other[n]).max() / np.abs(mine[n]).max() for n in mine)


@pytest.fixture(autouse=True)
def one_thread():
    """These nets are so small that threads would only wait for each other."""
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


def task_of(data):
    return PronunciationTask(data)


# One step


def train_both(one, other, above, lengths=(3,)):
    """Ten steps in both; `above`: whether each gradient must be above the clipping norm."""
    parity.carry(one.model, other.model)
    start = parity.parameters(one.model)
    for letters, tags in batches(10, lengths):
        assert (gradient_norm(one, letters, tags) > one.recipe.clip_norm) == above
        for t in (one, other):
            t.train_step(Batch(letters, tags), RATE)
    moved = parity.parameters(one.model)
    assert all(np.abs(moved[name] - start[name]).max() > 0 for name in start)
    return apart(one, other)


# Adam divides a gradient by its own size: where it is nearly zero, float32 rounding shows.
TOLERANCE = {
    "sgd": {"float32": 1e-6, "float64": 1e-12},
    "adam": {"float32": 1e-4, "float64": 1e-9},
}


@pytest.mark.parametrize("clipping", [True, False])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("kind", KINDS)
def test_ten_steps_leave_the_same_weights_in_both_frameworks(kind, optimizer, clipping):
    recipe = Recipe(optimizer=optimizer, clip_norm=0.05 if clipping else 50.0)
    seeded(0)
    for dtype in TOLERANCE[optimizer]:
        both = (trainer(framework, recipe, kind, dtype=dtype) for framework in MODULES)
        assert train_both(*both, above=clipping) < TOLERANCE[optimizer][dtype]


def test_the_epsilon_of_adam_stands_where_pytorch_has_it():
    recipe, distances = Recipe(epsilon=1e-3, clip_norm=50.0), {}
    for name, kind in {"ours": keras_training.Adam, "stock": keras.optimizers.Adam}.items():
        seeded(0)
        one, other = (trainer(framework, recipe, dtype="float64") for framework in MODULES)
        other.optimizer = kind(epsilon=recipe.epsilon)
        other.optimizer.build(other.model.trainable_variables)
        distances[name] = train_both(one, other, above=False, lengths=(2, 3))
    assert distances["ours"] < 1e-9
    assert distances["stock"] > 1e-2


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_second_trained_bias_changes_training_alone(optimizer, monkeypatch):
    class TwoBiases(torch_cells.Elman):
        """The sum of two biases, as `nn.RNN` has it, under one name for the comparison."""

        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.second = torch.nn.ParameterList([torch.zeros(sizes[1])])  # not its own by name

        def forward(self, x, state=None):
            (h,) = self.initial_state(len(x)) if state is None else state
            weights = [self.weight_ih, self.weight_hh, self.bias, self.second[0]]
            outputs, h_last = torch.rnn_tanh(x, h[None], weights, True, 1, 0.0, True, False, True)
            return outputs, (h_last[0],)

    recipe = Recipe(optimizer=optimizer, clip_norm=50.0)
    sound = trainer("keras", recipe, dtype="float64")
    monkeypatch.setitem(torch_cells.CELLS, "elman", TwoBiases)
    sick = trainer("pytorch", recipe, dtype="float64")
    parity.carry(sound.model, sick.model)
    letters, tags = next(batches(1))
    parity.check(sound.model, sick.model, letters, tags, tolerance=1e-10)
    for t in (sound, sick):
        t.train_step(Batch(letters, tags), RATE)
    layer = sick.model.recurrent
    moved = np.array(sound.model.recurrent.bias.numpy())
    summed = (layer.bias + layer.second[0]).detach().numpy()
    assert np.abs(summed - 2 * moved).max() < 1e-9, "from zero, twice as far"
    with pytest.raises(parity.ParityError, match="logits"):
        parity.check(sound.model, sick.model, letters, tags, tolerance=1e-6)


@with_frameworks
def test_a_step_returns_the_loss_before_it(framework):
    t = trainer(framework, Recipe())
    letters, tags = next(batches(1))
    logits = parity.logits(t.model, letters).astype(float)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    wanted = -np.take_along_axis(log_p, tags[..., None], -1).mean()
    assert t.train_step(Batch(letters, tags), RATE) == pytest.approx(wanted, rel=1e-5)
    assert np.array_equal(t.predict(letters), parity.logits(t.model, letters).argmax(-1))


def test_long_words_are_predicted_without_compiling():
    t = trainer("keras", Recipe())
    letters = np.random.default_rng(0).integers(0, V, (2, keras_training.LONGEST_COMPILED + 1))
    letters = letters.astype(np.int32)
    assert np.array_equal(t.predict(letters), parity.logits(t.model, letters).argmax(-1))


def test_compiled_by_xla_the_step_is_the_same():
    seeded(0)
    one, other = trainer("keras", Recipe()), trainer("keras", Recipe(), jit_compile=True)
    parity.carry(one.model, other.model)
    letters, tags = next(batches(1))
    for _ in range(3):
        one.train_step(Batch(letters, tags), RATE)
        other.train_step(Batch(letters, tags), RATE)
    assert apart(one, other) < 1e-5


# The recipe


def test_the_one_cycle_rises_to_the_peak_and_falls():
    recipe, total = Recipe(learning_rate=0.5, warm_up=0.2), 100
    rates = [recipe.rate_at(step, total) for step in range(total + 1)]
    assert rates[0] == 0.5 / 25
    assert rates[10] == pytest.approx((0.5 / 25 + 0.5) / 2)
    assert rates[20] == max(rates) == 0.5
    assert rates[60] == pytest.approx(0.25)
    assert rates[100] == pytest.approx(0, abs=1e-15)
    assert rates[:21] == sorted(rates[:21])
    assert rates[20:] == sorted(rates[20:], reverse=True)
    assert np.ptp(np.diff(rates[:21])) < 1e-15, "a straight line"


def test_the_other_schedules():
    cosine = Recipe(learning_rate=0.5, schedule="cosine")
    rates = [cosine.rate_at(step, 10) for step in range(11)]
    assert rates == pytest.approx([0.25 * (1 + math.cos(math.pi * s / 10)) for s in range(11)])
    constant = Recipe(learning_rate=0.5, schedule="constant")
    assert {constant.rate_at(step, 10) for step in range(10)} == {0.5}


@given(
    step=st.integers(0, 50),
    more=st.integers(1, 50),
    warm_up=st.floats(0, 0.999),
    schedule=st.sampled_from(["one-cycle", "cosine", "constant"]),
)
def test_every_rate_is_positive_and_no_higher_than_the_peak(step, more, warm_up, schedule):
    rate = Recipe(schedule=schedule, warm_up=warm_up).rate_at(step, step + more)
    assert 0 < rate <= Recipe.learning_rate


BAD = {
    "epochs": [0, -1, 1.5, math.nan],
    "batch_size": [0, 2.0],
    "sample": [0, -3, 2.5],
    "seed": [-1, 0.5],
    "learning_rate": [0, -1e-3, math.nan, math.inf],
    "clip_norm": [0, math.nan],
    "epsilon": [0, -1e-8],
    "warm_up": [-0.1, 1, math.nan],
    "optimizer": ["Adam", "adamw", ""],
    "schedule": ["linear", None],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, vs in BAD.items() for v in vs])
def test_a_bad_recipe_is_refused(name, value):
    with pytest.raises(UserError, match=f"^{name} is ") as error:
        Recipe(**{name: value})
    assert "it must" in str(error.value)


def test_the_budgets_are_recipes():
    assert {Recipe(**fields).seed for fields in BUDGETS.values()} == {0}


# A whole run, on words of two lengths that begin with different letters.

WORDS = {
    "apple": "AE P - AH L", "bread": "B R EH - D", "candy": "K AE N D IY",
    "dance": "D AE N S -", "earth": "ER - TH - -", "flute": "F L UW T -",
    "grass": "G R AE S -", "horse": "HH AO R S -", "image": "IH M AH JH -",
    "juice": "JH UW - S -", "knife": "- N AY F -", "lemon": "L EH M AH N",
    "music": "M Y UW Z IH K", "night": "N AY - - T", "ocean": "OW SH - AH N",
    "paper": "P EY P ER -", "queen": "K W IY - N", "river": "R IH V ER -",
    "sugar": "SH UH G ER -", "tiger": "T AY G ER -",
}  # fmt: skip
DICTIONARY = {w: (tuple(p for p in phonemes.split() if p != "-"),) for w, phonemes in WORDS.items()}


@pytest.fixture(scope="session")
def data():
    """Twenty words, the same for training and for validation."""
    return pronunciation.prepare(pronunciation.Split(*[DICTIONARY] * 3), "twenty words")


RECIPE = Recipe(epochs=4, batch_size=6, learning_rate=0.02, seed=3)


def on(data, framework, recipe=RECIPE, seed=0, **options):
    seeded(seed)
    sizes = (len(data.letters), len(data.tags))
    return trainer(framework, recipe, options.pop("kind", "elman"), sizes, **options)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@with_frameworks
def test_the_seed_decides_every_bit(framework, data):
    def weights(seed=0, recipe=RECIPE):
        t = on(data, framework, recipe, seed=seed, kind="lstm")
        return t.weights(), fit(t, task_of(data)), t.weights()

    start, history, end = weights()
    again, same_history, same_end = weights()
    assert same(start, again)
    assert same(end, same_end)
    assert history.losses == same_history.losses
    assert not same(start, weights(seed=1)[0])
    other_order = weights(recipe=replace(RECIPE, seed=4))
    assert same(start, other_order[0]), "the order of the words does not move the initial weights"
    assert not same(end, other_order[2])


def test_both_frameworks_see_the_same_batches_at_the_same_rates(data):
    seen = {}
    for framework in MODULES:
        t = on(data, framework, replace(RECIPE, sample=15), seed=len(framework))
        seen[framework], step = [], t.train_step

        def record(batch, rate, into=seen[framework], step=step):
            into.append((batch.inputs, batch.targets, rate))
            return step(batch, rate)

        t.train_step = record
        fit(t, task_of(data))
    assert len(seen["keras"]) == len(seen["pytorch"]) > 4 * 2
    for one, other in zip(*seen.values(), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    epochs = np.split(np.arange(len(seen["keras"])), 4)
    words = [sorted(tuple(w) for i in e for w in seen["keras"][i][0]) for e in epochs]
    assert all(len(w) == 15 for w in words)


def test_fit_gives_the_same_in_both_frameworks(data):
    one, other = (on(data, framework, dtype="float64") for framework in MODULES)
    parity.carry(one.model, other.model)
    first, second = fit(one, task_of(data)), fit(other, task_of(data))
    assert np.abs(np.array(first.losses) - second.losses).max() < 1e-6
    assert [row["per"] for row in first.epochs] == [row["per"] for row in second.epochs]
    assert apart(one, other) < 1e-5


class Interrupted(KeyboardInterrupt):
    pass


@with_frameworks
@pytest.mark.parametrize(
    ("optimizer", "when"),
    [
        ("adam", "in epoch 2"),
        ("adam", "after epoch 2"),
        ("adam", "at the very end"),
        ("sgd", "in epoch 2"),
    ],
)
def test_a_run_that_was_interrupted_ends_with_the_same_weights(
    framework, optimizer, when, data, tmp_path
):
    recipe = replace(RECIPE, optimizer=optimizer)
    path, part = tmp_path / "model.safetensors", tmp_path / "model.safetensors.part"
    whole = on(data, framework, recipe)
    wanted = fit(whole, task_of(data))
    steps = len(wanted.losses) // recipe.epochs

    stopped, taken = on(data, framework, recipe), []
    step = stopped.train_step

    def interrupt(*batch):
        taken.append(0)
        if when == "in epoch 2" and len(taken) == steps + 2:
            raise Interrupted
        return step(*batch)

    def after(row):
        if row["epoch"] == {"after epoch 2": 2, "at the very end": 4}.get(when):
            raise Interrupted

    stopped.train_step = interrupt
    with pytest.raises(Interrupted):
        fit(stopped, task_of(data), path=path, facts={"model": "Tagger"}, on_epoch=after)
    assert part.exists()
    assert not path.exists()

    resumed, rows = on(data, framework, recipe, seed=9), []
    history = fit(
        resumed, task_of(data), path=path, facts={"model": "Tagger"}, on_epoch=rows.append
    )
    done = {"in epoch 2": 1, "after epoch 2": 2, "at the very end": 4}[when]
    assert [row["epoch"] for row in rows] == list(range(done + 1, 5))
    assert same(resumed.weights(), whole.weights())
    assert same(resumed.optimizer_state(), whole.optimizer_state())
    assert history.losses == wanted.losses
    assert [row["per"] for row in history.epochs] == [row["per"] for row in wanted.epochs]
    assert not part.exists()
    arrays, facts = checkpoints.read(path)
    assert same(arrays, whole.weights())
    assert facts["history"]["losses"] == wanted.losses
    assert facts["framework"] == framework
    assert list(tmp_path.iterdir()) == [path]


@with_frameworks
def test_the_best_epoch_is_kept_when_it_is_not_the_last(framework, data, tmp_path, monkeypatch):
    scores = iter([0.5, 0.2, 0.3, 0.2])
    monkeypatch.setattr(PronunciationTask, "validate", lambda *_: {"per": next(scores), "wer": 1.0})
    t, seen = on(data, framework), []
    history = fit(
        t,
        task_of(data),
        path=tmp_path / "m",
        on_epoch=lambda row: seen.append(t.weights()),
    )
    assert history.best["epoch"] == 2, "the earliest of equals"
    assert same(t.weights(), seen[1])
    assert not same(t.weights(), seen[3])
    assert same(checkpoints.read(tmp_path / "m").arrays, seen[1])


@pytest.fixture(scope="session")
def part(data, tmp_path_factory):
    """The bytes of an unfinished run."""
    path = tmp_path_factory.mktemp("part") / "m"
    with pytest.raises(Interrupted):
        fit(
            on(data, "pytorch"),
            task_of(data),
            path=path,
            facts={"model": "Tagger"},
            on_epoch=interrupt,
        )
    return path.with_name("m.part").read_bytes()


def interrupt(row):
    raise Interrupted


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"recipe": replace(RECIPE, learning_rate=0.5)}, r"recipe\.learning_rate"),
        ({"recipe": replace(RECIPE, seed=4, epochs=5)}, r"recipe\.epochs, another recipe\.seed"),
        ({"framework": "keras"}, "framework"),
        ({"facts": {"model": "Other"}}, "model"),
        ({"facts": {"model": "Tagger", "data": "mine"}}, "data"),
        ({"H": H + 1}, "model"),
        ({"kind": "lstm"}, "model"),
    ],
)
def test_the_part_of_another_run_is_refused(changed, named, part, data, tmp_path):
    file = tmp_path / "m.part"
    file.write_bytes(part)
    facts = changed.pop("facts", {"model": "Tagger"})
    t = on(data, **{"framework": "pytorch", **changed})
    before = t.weights()
    with pytest.raises(UserError, match=rf"m\.part holds an unfinished run with another {named};"):
        fit(t, task_of(data), path=tmp_path / "m", facts=facts)
    assert file.read_bytes() == part
    assert same(t.weights(), before)


def test_a_part_that_is_cut_off_or_is_no_part_is_refused(part, data, tmp_path):
    path, file = tmp_path / "m", tmp_path / "m.part"
    file.write_bytes(part[: len(part) // 2])
    with pytest.raises(UserError, match=r"m\.part: cut off or not a checkpoint"):
        fit(on(data, "pytorch"), task_of(data), path=path, facts={"model": "Tagger"})
    file.write_bytes(part)
    fit(on(data, "pytorch"), task_of(data), path=path, facts={"model": "Tagger"})
    path.rename(file)  # finished weights in the place of a part
    with pytest.raises(UserError, match=r"m\.part holds an unfinished run with another model"):
        fit(on(data, "pytorch"), task_of(data), path=path, facts={"model": "Tagger"})


def test_a_missing_folder_is_told_before_training(data, tmp_path):
    t = on(data, "pytorch")
    t.train_step = None
    with pytest.raises(UserError, match=r"there is no folder .*missing; create it"):
        fit(t, task_of(data), path=tmp_path / "missing" / "m")


@with_frameworks
def test_a_loss_that_is_no_number_stops_the_run(framework, data, tmp_path):
    recipe = replace(RECIPE, learning_rate=1e38, optimizer="sgd", schedule="constant")
    message = (
        r"the loss is (nan|inf) at step \d of epoch 1; lower the learning rate, which is 1e\+38"
    )
    with pytest.raises(UserError, match=message):
        fit(on(data, framework, recipe), task_of(data), path=tmp_path / "m")
    assert not list(tmp_path.iterdir())


@with_frameworks
@pytest.mark.parametrize("kind", CELLS)
def test_twenty_words_are_learned_by_heart(framework, kind, data):
    """Their first letters differ, so a net that reads from left to right can know each word."""
    recipe = Recipe(epochs=60, batch_size=10, learning_rate=0.03, seed=1)
    t = on(data, framework, recipe, kind=kind, D=16, H=48)
    untrained = task_of(data).score(t.predict).per
    history = fit(t, task_of(data))
    assert history.losses[0] == pytest.approx(math.log(len(data.tags)), rel=0.35), "a guess"
    assert history.losses[-1] < 0.1
    assert task_of(data).score(t.predict).per == history.best["per"] == 0 < 0.5 < untrained


@with_frameworks
def test_a_smoke_run_learns(framework, data, capsys):
    """Full path: the loss falls, is printed, and beats a uniform guess."""
    from rich.console import Console

    t = on(data, framework, replace(RECIPE, epochs=10))
    console = Console(force_terminal=True, width=100)
    history = fit(t, task_of(data), console=console)
    assert history.epochs[-1]["loss"] < history.epochs[0]["loss"]
    assert history.epochs[-1]["loss"] < math.log(len(data.tags))
    assert [row["epoch"] for row in history.epochs] == list(range(1, 11))
    assert all(row["letters_per_second"] > 0 for row in history.epochs)
    assert json.dumps(history.epochs)
    assert "epoch 1/10" in capsys.readouterr().out
