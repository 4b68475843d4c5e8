"""The encoder-decoder: its equations, both frameworks against each other, padding and reading."""

import itertools
from typing import Any

import keras
import numpy as np
import pytest
import torch
import unrolled.keras.encoder_decoder as keras_module
import unrolled.keras.training as keras_training
import unrolled.torch.encoder_decoder as torch_module
import unrolled.torch.training as torch_training
from hypothesis import given, settings
from hypothesis import strategies as st
from small_taggers import measured
from unrolled.cells import SPEAKING as CELLS
from unrolled.decoding import END_ID, most_steps
from unrolled.models import parity
from unrolled.models.parity import ParityError
from unrolled.numpy import cells as numpy_cells
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import PronunciationTask
from unrolled.tasks.task import ABSENT, Batch
from unrolled.training import Recipe, fit

FRAMEWORKS = ["torch", "keras"]
MODULES = {"torch": torch_module, "keras": keras_module}
STEPS = {"torch": torch_training, "keras": keras_training}
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
V, K, D, H, A = 9, 7, 4, 6, 5

with_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
with_cells = pytest.mark.parametrize("cell", CELLS)
with_and_without = pytest.mark.parametrize("attention", [True, False], ids=["attention", "vector"])


def build(framework, attention=True, cell="lstm", dtype="float64", sizes=(V, K, D, H, A), **more):
    torch.manual_seed(0)
    keras.utils.set_random_seed(0)
    letters, symbols, *rest = sizes
    options = dict(zip(("embedding_size", "hidden_size", "attention_size"), rest, strict=True))
    options |= {"attention": attention, "cell": cell, **more}
    kind = MODULES[framework].EncoderDecoder
    if framework == "torch":
        return kind(letters, symbols, **options).to(getattr(torch, dtype))
    return kind(letters, symbols, **options, dtype=dtype)


def randomise(model, seed, size=0.3):
    """Move the initial weights at random, so that no bias is zero."""
    rng = np.random.default_rng(seed)
    moved = {
        name: (a + rng.normal(0, size, a.shape)).astype(a.dtype)
        for name, a in parity.parameters(model).items()
    }
    parity.assign(model, moved)
    return moved


def both(seed=0, size=0.3, **options):
    """The same model in both frameworks."""
    one, other = (build(framework, **options) for framework in FRAMEWORKS)
    randomise(one, seed, size)
    parity.carry(one, other)
    return one, other


def batch(B=3, T=5, U=6, seed=0, sizes=(V, K)):
    """Words of one length, with targets of several."""
    rng = np.random.default_rng(seed)
    letters = rng.integers(1, sizes[0], (B, T), dtype=np.int32)
    targets = rng.integers(1, sizes[1], (B, U), dtype=np.int32)
    for row, length in enumerate(rng.integers(1, U + 1, B)):
        targets[row, length - 1 :] = END_ID
        targets[row, length:] = ABSENT
    return letters, targets


def call(model, name, *arguments, **options):
    """A method of a model of either framework, from NumPy to NumPy, without dropout."""
    if isinstance(model, keras.Model):
        options |= {"training": False} if name == "teach" else {}
        return np.asarray(getattr(model, name)(*arguments, **options))
    as_tensor = torch.from_numpy
    options = {k: as_tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    with torch.no_grad():
        return getattr(model.eval(), name)(*map(as_tensor, arguments), **options).numpy()


# What it computes


def softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class Reference:
    """The equations again, in NumPy, word by word and step by step."""

    def __init__(self, model, cell):
        self.w, self.cell = parity.parameters(model), cell
        self.attention = "attention.score.W" in self.w

    def layer(self, at):
        own = {
            name.removeprefix(f"{at}."): value
            for name, value in self.w.items()
            if name.startswith(f"{at}.")
        }
        first = next(value for name, value in own.items() if name.startswith("W"))
        layer = numpy_cells.CELLS[self.cell](first.shape[1], first.shape[0])
        assert layer.parameters.keys() == own.keys()
        layer.parameters.update(own)
        return layer

    def affine(self, at, x):
        return x @ self.w[f"{at}.W"].T + self.w.get(f"{at}.b", 0)

    def look(self, s, h):
        if not self.attention:
            return self.m, None
        e = self.affine("attention.query", s)[None] + self.affine("attention.key", h)
        a = softmax(self.affine("attention.score", np.tanh(e))[:, 0])
        return a @ h, a

    def teach(self, letters, targets):
        """Shape: letters (T,), targets (U,); logits (U, K) and weights (U, T)."""
        x = self.w["embedding.E"][letters][None]
        f, _ = self.layer("encoder.layers.0.forward_layer").forward(x)
        b, _ = self.layer("encoder.layers.0.backward_layer").forward(x[:, ::-1])
        h = np.concatenate([f, b[:, ::-1]], axis=-1)[0]
        self.m = np.concatenate([f[0, -1], b[0, -1]])
        decoder, logits, weights = self.layer("decoder"), [], []
        state = (np.tanh(self.affine("bridge", self.m))[None], *decoder.initial_state(1)[1:])
        for previous in [0, *targets[:-1]]:
            c, a = self.look(state[0][0], h)
            p = self.w["told.E"][max(previous, 0)]
            _, state = decoder.step(np.concatenate([p, c])[None], state)
            logits.append(self.affine("readout", np.concatenate([state[0][0], c])))
            weights.append(a)
        return np.array(logits), weights


@with_frameworks
@with_cells
@with_and_without
def test_it_computes_its_equations(framework, cell, attention):
    model = build(framework, attention, cell)
    randomise(model, seed=1)
    letters, targets = batch()
    logits = call(model, "teach", letters, targets)
    for row in range(len(letters)):
        wanted, weights = Reference(model, cell).teach(letters[row], targets[row])
        np.testing.assert_allclose(logits[row], wanted, atol=1e-12)
        if attention:
            attended = call(model, "attention_weights", letters, targets)
            np.testing.assert_allclose(attended[row], weights, atol=1e-12)


@with_frameworks
@pytest.mark.parametrize(
    ("cell", "gates", "biases"), [("elman", 1, 1), ("lstm", 4, 1), ("gru", 3, 2)]
)
@with_and_without
def test_its_parameters(framework, cell, gates, biases, attention):
    def recurrent(inputs):
        return gates * (H * inputs + H * H + biases * H)

    wanted = V * D + K * D + 2 * recurrent(D) + recurrent(D + 2 * H)
    wanted += 2 * H * H + H + 3 * H * K + K
    wanted += A * H + A * 2 * H + A + A if attention else 0
    model = build(framework, attention, cell)
    assert sum(a.size for a in parity.parameters(model).values()) == wanted
    if framework == "keras":
        assert model.count_params() == wanted
    else:
        assert sum(p.numel() for p in model.parameters()) == wanted


@with_frameworks
def test_the_vector_alone_carries_the_word(framework):
    """Without attention, and with m = 0, every word is the same to the decoder."""
    model = build(framework, attention=False)
    weights = randomise(model, seed=2)
    letters, targets = batch(U=3)
    targets[:] = targets[:1]
    assert np.ptp(call(model, "teach", letters, targets), axis=0).max() > 1e-3
    blind = {n: np.zeros_like(a) if n.startswith("encoder") else a for n, a in weights.items()}
    parity.assign(model, blind)
    assert np.ptp(call(model, "teach", letters, targets), axis=0).max() < 1e-12


@with_frameworks
@with_and_without
def test_a_step_knows_nothing_of_its_own_target(framework, attention):
    model = build(framework, attention)
    letters, targets = batch(B=1)
    targets = np.array([[3, 1, 4, 2, 5, 0]], np.int32)
    changed = targets.copy()
    changed[0, 2] = 6
    logits = (call(model, "teach", letters, t) for t in (targets, changed))
    apart = np.abs(np.subtract(*logits)).max(axis=(0, 2))
    assert not apart[:3].any()
    assert (apart[3:] > 1e-6).all()


# Both frameworks


@pytest.mark.parametrize("dtype", TOLERANCE)
@with_cells
@with_and_without
@settings(deadline=None, max_examples=3)
@given(
    sizes=st.tuples(*[st.integers(2, 6)] * 2, *[st.integers(1, 5)] * 3),
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    seed=st.integers(0, 2**32 - 1),
)
def test_logits_and_all_gradients_agree(dtype, cell, attention, sizes, shape, seed):
    one, other = both(seed, attention=attention, cell=cell, dtype=dtype, sizes=sizes)
    letters, targets = batch(*shape, seed, sizes)
    parity.check(one, other, letters, targets, TOLERANCE[dtype])
    gradients = parity.gradients(one, letters, targets)
    assert gradients.keys() == parity.parameters(other).keys()
    assert {a.dtype for a in gradients.values()} == {np.dtype(dtype)}


@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(FRAMEWORKS, 2)))
@with_cells
@with_and_without
def test_weights_come_back_bit_for_bit(source, target, cell, attention):
    first, second, third = (build(f, attention, cell, "float32") for f in (source, target, source))
    weights = randomise(first, seed=3)
    parity.carry(first, second)
    parity.carry(second, third)
    for model in (second, third):
        carried = parity.parameters(model)
        assert carried.keys() == weights.keys()
        assert all(np.array_equal(weights[name], carried[name]) for name in weights)


MOVED_APART = {"sgd": 1e-12, "adam": 1e-9}  # in float64; Adam divides by small gradients


@pytest.mark.parametrize("optimizer", MOVED_APART)
@with_cells
@with_and_without
def test_five_steps_leave_the_same_weights_in_both_frameworks(
    cell, attention, optimizer, monkeypatch
):
    if (cell, optimizer) != ("lstm", "adam"):  # the steps of one are compiled
        monkeypatch.setattr(keras_training, "LONGEST_COMPILED", 0)
    models = both(attention=attention, cell=cell)
    recipe = Recipe(optimizer=optimizer, clip_norm=0.5)
    trainers = [s.Trainer(m, recipe) for s, m in zip(STEPS.values(), models, strict=True)]
    start = parity.parameters(models[0])
    for seed in range(5):
        losses = [t.train_step(Batch(*batch(B=6, T=2, U=3, seed=seed)), 2**-5) for t in trainers]
        assert losses[0] == pytest.approx(losses[1], rel=1e-9)
    one, other = (parity.parameters(model) for model in models)
    for name, before in start.items():
        assert np.abs(one[name] - before).max() > 1e-6, "so that rounding alone would not do"
        size = np.abs(one[name]).max()
        assert np.abs(one[name] - other[name]).max() < MOVED_APART[optimizer] * size


def test_dropout_is_for_training_alone():
    letters, targets = batch()
    for framework in FRAMEWORKS:
        sound, model = build(framework), build(framework, dropout=0.5)
        randomise(sound, seed=4)
        parity.carry(sound, model)
        np.testing.assert_array_equal(*(call(m, "teach", letters, targets) for m in (sound, model)))
        np.testing.assert_array_equal(*(call(m, "read", letters) for m in (sound, model)))
        dropped = parity.distance(
            call(sound, "teach", letters, targets), teach_in_training(model, letters, targets)
        )
        assert dropped > 1e-2


def teach_in_training(model, letters, targets):
    if isinstance(model, keras.Model):
        return np.asarray(model.teach(letters, targets, training=True))
    logits = model.train().teach(torch.from_numpy(letters), torch.from_numpy(targets))
    return logits.detach().numpy()


# Mistakes. Each must be found, whichever framework makes it.


class LooksLate(torch_module.EncoderDecoder):
    """The attention asks with the new state instead of the one before it."""

    def _attend(self, p, state, memory):
        c, steps = self.look(state[0], memory)[0], []
        for p_u in p.unbind(dim=1):
            _, state = self.decoder.step(torch.cat([p_u, c], dim=-1), state)
            c, a = self.look(state[0], memory)
            steps.append((state[0], c, a))
        return tuple(torch.stack(each, dim=1) for each in zip(*steps, strict=True))


class KerasLooksLate(keras_module.EncoderDecoder):
    def _attend(self, p, state, memory):
        c, steps = self.look(state[0], memory)[0], []
        for p_u in keras.ops.unstack(p, axis=1):
            _, state = self.decoder.step(keras.ops.concatenate([p_u, c], axis=-1), state)
            c, a = self.look(state[0], memory)
            steps.append((state[0], c, a))
        return tuple(keras.ops.stack(each, axis=1) for each in zip(*steps, strict=True))


class ReadsOutTheStateAlone(torch_module.EncoderDecoder):
    """The context is left out of the readout."""

    def _attend(self, p, state, memory):
        s, c, a = super()._attend(p, state, memory)
        return s, torch.zeros_like(c), a


class KerasReadsOutTheStateAlone(keras_module.EncoderDecoder):
    def _attend(self, p, state, memory):
        s, c, a = super()._attend(p, state, memory)
        return s, keras.ops.zeros_like(c), a


class TakesTheWrongEnd(torch_module.EncoderDecoder):
    """The backward direction's state at the last letter: it has read one letter only."""

    def begin(self, letters, lengths=None):
        state, memory = super().begin(letters, lengths)
        f, b = self.encoder(self.embedding(letters))[0].chunk(2, dim=-1)
        m = torch.cat([f[:, -1], b[:, -1]], dim=-1)
        return (torch.tanh(self.bridge(m)), *state[1:]), memory


class ToldTheTarget(torch_module.EncoderDecoder):
    """Each step is told its own target."""

    def teach(self, letters, targets, lengths=None):
        ahead = torch.cat([targets[:, 1:], targets[:, :1]], dim=1)
        return super().teach(letters, ahead, lengths)


MUTANTS = [
    LooksLate,
    KerasLooksLate,
    ReadsOutTheStateAlone,
    KerasReadsOutTheStateAlone,
    TakesTheWrongEnd,
    ToldTheTarget,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
@with_frameworks
def test_a_mutant_fails(mutant, framework, monkeypatch):
    sound = build(framework)
    randomise(sound, seed=5)
    its = "torch" if issubclass(mutant, torch.nn.Module) else "keras"
    monkeypatch.setattr(MODULES[its], "EncoderDecoder", mutant)
    sick = build(its)
    parity.carry(sound, sick)
    with pytest.raises(ParityError, match=r"more than 1e-03 apart: .*logits"):
        parity.check(sound, sick, *batch(), tolerance=1e-3)


# Padding


def loss_and_gradients(*given) -> dict[str, Any]:
    _, loss, gradients = measured(*given)
    return {"loss": loss, **gradients}


LENGTHS = np.array([3, 5, 1], np.int32)


@with_frameworks
@with_cells
@with_and_without
def test_padding_changes_nothing(framework, cell, attention):
    """A batch of words of several lengths against each word by itself, without padding."""
    model = build(framework, attention, cell)
    randomise(model, seed=6)
    letters, targets = batch()  # what follows a word's end is not even the letter 0
    logits = call(model, "teach", letters, targets, lengths=LENGTHS)
    ids = call(model, "read", letters, lengths=LENGTHS)
    padded = loss_and_gradients(model, letters, targets, LENGTHS)
    total: dict[str, Any] = dict.fromkeys(padded, 0.0)
    for row, length in enumerate(LENGTHS):
        word, target = letters[row : row + 1, :length], targets[row : row + 1]
        np.testing.assert_allclose(logits[row : row + 1], call(model, "teach", word, target))
        share = (target != ABSENT).sum() / (targets != ABSENT).sum()
        for name, value in loss_and_gradients(model, word, target).items():
            total[name] = total[name] + share * value
        alone = call(model, "read", word, limit=ids.shape[1])[0]
        assert np.array_equal(ids[row, : len(alone)], alone)
    for name, value in padded.items():
        np.testing.assert_allclose(value, total[name], atol=1e-12, err_msg=name)
    longer = np.pad(targets, ((0, 0), (0, 3)), constant_values=ABSENT)
    for name, value in loss_and_gradients(model, letters, longer, LENGTHS).items():
        np.testing.assert_allclose(value, padded[name], atol=1e-12, err_msg=name)


@with_frameworks
def test_the_attention_looks_at_letters_alone(framework):
    model = build(framework)
    letters, targets = batch()
    weights = call(model, "attention_weights", letters, targets, lengths=LENGTHS)
    assert weights.shape == (3, 6, 5)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    for row, length in enumerate(LENGTHS):
        assert (weights[row, :, :length] > 0).all()
        assert (weights[row, :, length:] == 0).all()
    ids = call(model, "read", letters)
    np.testing.assert_array_equal(
        call(model, "attention_weights", letters), call(model, "attention_weights", letters, ids)
    )
    with pytest.raises(ValueError, match="this model has no attention"):
        call(build(framework, attention=False), "attention_weights", letters, targets)


# Reading


def cut(ids):
    """The symbols before the end symbol."""
    ids = list(ids)
    return tuple(ids[: ids.index(END_ID)] if END_ID in ids else ids)


@with_cells
@with_and_without
def test_both_frameworks_read_the_same(cell, attention):
    lengths = set()
    for seed in range(4):
        one, other = both(seed, size=1.0, attention=attention, cell=cell)
        letters, _ = batch(B=8, T=3, seed=seed)
        first, second = (call(model, "read", letters) for model in (one, other))
        assert second.shape == (8, most_steps(3))
        assert np.array_equal(first, second[:, : first.shape[1]])
        assert not second[:, first.shape[1] :].any()
        lengths |= {len(cut(row)) for row in first}
        for a, b in zip(one.beam(letters, 3, 0.7), other.beam(letters, 3, 0.7), strict=True):
            assert [h.ids for h in a] == [h.ids for h in b]
            assert [h.log_p for h in a] == pytest.approx([h.log_p for h in b], abs=1e-9)
    assert len(lengths) > 2, "words of several lengths were read"


@with_frameworks
@with_and_without
def test_a_reading_is_what_is_most_probable_after_it(framework, attention):
    model = build(framework, attention)
    for seed in range(4):
        randomise(model, seed, size=0.5)
        letters, _ = batch(B=8, T=4, seed=seed)
        ids = call(model, "read", letters)
        logits = call(model, "teach", letters, ids)
        np.testing.assert_array_equal(logits, parity.logits(model, letters))
        for reading, row in zip(ids, logits.argmax(axis=-1), strict=True):
            upto = len(cut(reading)) + 1
            assert np.array_equal(reading[:upto], row[:upto])
            assert not reading[upto:].any(), "after its end a word has no more symbols"


@with_frameworks
@with_and_without
def test_a_word_that_never_ends_is_broken_off(framework, attention):
    model = build(framework, attention, dtype="float32")
    weights = parity.parameters(model)
    weights["readout.b"][END_ID] = -1e6
    parity.assign(model, weights)
    letters = np.full((2, 40), 3, np.int32)
    ids = call(model, "read", letters)
    assert ids.shape == (2, 88)
    assert (ids != END_ID).all()
    assert call(model, "read", letters, limit=5).shape == (2, 5)
    assert [[len(h.ids) for h in row] for row in model.beam(letters, 1)] == [[88], [88]]


@with_frameworks
@with_and_without
def test_a_beam_of_one_reads_greedily(framework, attention):
    model = build(framework, attention)
    for seed in range(3):
        randomise(model, seed, size=1.0)
        letters, _ = batch(B=6, T=3, seed=seed)
        readings = [row[0].ids for row in model.beam(letters, 1)]
        assert readings == [cut(row) for row in call(model, "read", letters)]


@with_frameworks
@with_and_without
def test_a_wide_beam_finds_the_best_of_all(framework, attention):
    """Against the teacher-forced log-probability of every sequence of up to three symbols."""
    model = build(framework, attention, sizes=(V, 4, D, H, A))
    randomise(model, seed=8, size=1.0)
    letters, _ = batch(B=2, T=4)
    every = [ids for n in range(4) for ids in itertools.product([1, 2, 3], repeat=n)]
    for row, beam in enumerate(model.beam(letters, 64, length_penalty=1.0, limit=3)):
        log_p = {}
        for ids in every:
            targets = np.array([[*ids, END_ID]], np.int32)
            p = softmax(call(model, "teach", letters[row : row + 1], targets))[0]
            log_p[ids] = np.log(p[range(len(ids) + 1), targets[0]]).sum()
        wanted = sorted(every, key=lambda ids: -log_p[ids] / (len(ids) + 1))
        assert [h.ids for h in beam] == wanted
        assert [h.log_p for h in beam] == pytest.approx([log_p[ids] for ids in wanted], abs=1e-9)


# Learning


WORDS = {
    "ape": "EY P", "box": "B AA K S", "cake": "K EY K", "dough": "D OW", "eight": "EY T",
    "fuse": "F Y UW Z", "gnome": "N OW M", "hex": "HH EH K S", "ice": "AY S", "judge": "JH AH JH",
    "knee": "N IY", "lax": "L AE K S", "mule": "M Y UW L", "night": "N AY T", "ox": "AA K S",
    "phone": "F OW N", "queue": "K Y UW", "rough": "R AH F", "six": "S IH K S", "though": "DH OW",
}  # fmt: skip


@pytest.mark.slow
@with_frameworks
@with_and_without
def test_twenty_words_are_learned_by_heart(framework, attention):
    """Letters that stand for two phonemes or none, and nothing says which."""
    words = {word: (tuple(phonemes.split()),) for word, phonemes in WORDS.items()}
    data = pronunciation.prepare(pronunciation.Split(*[words] * 3), "twenty words")
    symbols = data.target("phonemes").symbols
    sizes = (len(data.letters), len(symbols), 16, 32, 16)
    model = build(framework, attention, dtype="float32", sizes=sizes)
    recipe = Recipe(epochs=80, batch_size=10, learning_rate=0.02, seed=1)
    trainer = STEPS[framework].Trainer(model, recipe)
    assert PronunciationTask(data, "sequence").score(trainer.predict).per > 0.5
    history = fit(trainer, PronunciationTask(data, "sequence"))
    assert history.losses[0] == pytest.approx(np.log(len(symbols)), rel=0.3), "a guess"
    assert (
        PronunciationTask(data, "sequence").score(trainer.predict).per == history.best["per"] == 0
    )
