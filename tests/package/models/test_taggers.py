"""The taggers of the practice part: equal in both frameworks, and what each of them computes."""

import keras
import numpy as np
import pytest
import small_taggers
import torch
import unrolled.keras.layers as keras_layers
import unrolled.keras.training as keras_training
import unrolled.torch.layers as torch_layers
import unrolled.torch.training as torch_training
from hypothesis import given, settings
from hypothesis import strategies as st
from small_taggers import CELLS, FRAMEWORKS, KINDS, LSTMS, TAGGERS, K, V, model
from unrolled.models import NAMED, parity
from unrolled.tasks.task import Batch
from unrolled.training import Recipe

TRAINERS = {"pytorch": torch_training.Trainer, "keras": keras_training.Trainer}
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
RATE = 2**-7  # Keras keeps the rate in float32: a power of two is the same in float64
with_frameworks = pytest.mark.parametrize("framework", FRAMEWORKS)
with_taggers = pytest.mark.parametrize(("kind", "cell"), TAGGERS)


@pytest.fixture(autouse=True)
def one_thread():
    kept = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(kept)


def test_every_named_tagger_is_tested():
    assert {name for name, _ in KINDS.values()} == {
        spec.name for spec in NAMED.values() if spec.answer == "labels"
    }


# Both frameworks


@pytest.mark.parametrize("dtype", TOLERANCE)
@with_taggers
def test_outputs_and_all_gradients_agree(kind, cell, dtype):
    one, other = (model(framework, kind, cell, dtype, seed=1) for framework in FRAMEWORKS)
    letters, tags = small_taggers.batch()
    parity.check(one, other, letters, tags, TOLERANCE[dtype])
    gradients = parity.gradients(one, letters, tags)
    assert gradients.keys() == parity.parameters(other).keys()
    assert all(a.dtype == dtype for a in gradients.values())


@with_frameworks
@with_taggers
def test_logits_are_those_by_hand(framework, kind, cell):
    tagger = model(framework, kind, cell, seed=2)
    letters, _ = small_taggers.batch(T=6)
    wanted = small_taggers.by_hand(
        small_taggers.spec(kind, cell), parity.parameters(tagger), letters
    )
    assert parity.distance(parity.logits(tagger, letters), wanted) < 1e-12


@settings(deadline=None, max_examples=8)
@given(
    tagger=st.sampled_from(TAGGERS),
    sizes=st.tuples(*[st.integers(1, 5)] * 4),
    B=st.integers(1, 3),
    T=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_they_agree_at_any_size(tagger, sizes, B, T, seed):
    names = small_taggers.SMALL.keys() & small_taggers.spec(*tagger).arguments.keys()
    spec = small_taggers.spec(*tagger, **dict(zip(sorted(names), sizes, strict=False)))
    one, other = (small_taggers.build(framework, spec) for framework in FRAMEWORKS)
    weights = small_taggers.random_weights(one, seed)
    for each in (one, other):
        parity.assign(each, weights)
    letters, tags = small_taggers.batch(B, T, seed)
    parity.check(one, other, letters, tags, TOLERANCE["float64"])
    assert parity.distance(
        parity.logits(one, letters), small_taggers.by_hand(spec, weights, letters)
    ) < (1e-12)


@pytest.mark.parametrize("source", FRAMEWORKS)
@with_taggers
def test_weights_come_back_bit_for_bit(source, kind, cell):
    first = model(source, kind, cell, "float32", seed=3)
    (target,) = set(FRAMEWORKS) - {source}
    second = model(target, kind, cell, "float32", seed=4)
    weights = parity.parameters(first)
    parity.carry(first, second)
    parity.assign(first, small_taggers.random_weights(first, seed=5))
    parity.carry(second, first)
    for each in (first, second):
        carried = parity.parameters(each)
        assert carried.keys() == weights.keys()
        assert all(np.array_equal(weights[name], carried[name]) for name in weights)
        assert {a.dtype for a in carried.values()} == {np.dtype("float32")}


def apart(a, b):
    """The largest distance of two models' parameters, relative to the largest of them.

    A bias of the keys moves all scores of a row alike, so that its gradient is nothing but
    rounding, and Adam makes steps of that; no logit depends on it.
    """
    mine, other = parity.parameters(a), parity.parameters(b)
    names = mine.keys() - {"attention.key.b"}
    return max(np.abs(mine[n] - other[n]).max() / np.abs(mine[n]).max() for n in names)


def trained(kind, cell, dtype, recipe, steps=10):
    """Both after so many steps from the same weights, Keras without its compiler."""
    both = []
    for framework in FRAMEWORKS:
        tagger = model(framework, kind, cell, dtype, seed=6)
        start = parity.parameters(tagger)
        trainer = TRAINERS[framework](tagger, recipe)
        for step in range(steps):
            trainer.train_step(Batch(*small_taggers.batch(T=2 + step % 2, seed=step)), RATE)
        moved = parity.parameters(tagger)
        assert all(
            np.abs(moved[n] - start[n]).max() > 0 for n in start.keys() - {"attention.key.b"}
        )
        both.append(tagger)
    return both


@with_taggers
def test_ten_steps_leave_the_same_weights(kind, cell, monkeypatch):
    monkeypatch.setattr(keras_training, "LONGEST_COMPILED", 0)
    assert apart(*trained(kind, cell, "float64", Recipe())) < 1e-9


ONE_OF_EACH = [
    "basic", "stacked-2-residual-norm", "bidirectional", "look-ahead-3", "conv",
    "attention-bidirectional", "window",
]  # fmt: skip


# Adam divides a gradient by its own size: where it is nearly zero, float32 rounding shows.
@pytest.mark.parametrize(
    ("dtype", "tolerance", "recipe"),
    [
        ("float32", 1e-6, Recipe(optimizer="sgd")),
        ("float32", 1e-4, Recipe()),
        ("float64", 1e-9, Recipe(weight_decay=0.5, label_smoothing=0.1)),
    ],
    ids=["sgd", "float32", "adamw"],
)
@pytest.mark.parametrize(("kind", "cell"), [pair for pair in LSTMS if pair[0] in ONE_OF_EACH])
def test_ten_steps_of_other_recipes(kind, cell, dtype, tolerance, recipe, monkeypatch):
    monkeypatch.setattr(keras_training, "LONGEST_COMPILED", 0)
    assert apart(*trained(kind, cell, dtype, recipe)) < tolerance


def test_compiled_the_steps_are_the_same():
    assert apart(*trained("bidirectional", "gru", "float64", Recipe(), steps=3)) < 1e-9


def test_other_weight_decay_is_another_training(monkeypatch):
    monkeypatch.setattr(keras_training, "LONGEST_COMPILED", 0)
    one, _ = trained("stacked-2", "elman", "float64", Recipe(weight_decay=0.5))
    kept = parity.parameters(one)
    other, _ = trained("stacked-2", "elman", "float64", Recipe())
    assert np.abs(kept["readout.W"] - parity.parameters(other)["readout.W"]).max() > 1e-3


# What a tag depends on


def sees(kind):
    """Whether the tag of letter t may know the letter at a place."""
    name, given = KINDS[kind]
    ahead = {"look-ahead": given.get("delay"), "conv": given.get("kernel_size", 5) // 2}
    ahead |= {"basic": 0, "stacked": 0}
    if name == "window":
        return lambda t, place: abs(t - place) <= 2
    if name in ahead:
        return lambda t, place: place <= t + ahead[name]
    return lambda t, place: True


@with_frameworks
@with_taggers
def test_a_tag_knows_the_letters_that_it_should(framework, kind, cell):
    tagger, known = model(framework, kind, cell, seed=7), sees(kind)
    letters, _ = small_taggers.batch(B=8, T=7)
    logits = parity.logits(tagger, letters)
    for place in range(7):
        changed = letters.copy()
        changed[:, place] = (changed[:, place] + 1 + np.arange(8) % (V - 1)) % V
        moved = np.abs(parity.logits(tagger, changed) - logits).max(axis=(0, 2))
        wanted = np.array([known(t, place) for t in range(7)])
        assert (moved[wanted] > 1e-9).all()
        assert (moved[~wanted] < 1e-13).all()


def renamed(weights, old, new):
    return {name.replace(old, new): a for name, a in weights.items()}


@with_frameworks
@pytest.mark.parametrize("cell", CELLS)
def test_one_layer_or_no_delay_is_the_basic_tagger(framework, cell):
    basic = model(framework, "basic", cell, seed=8)
    weights = parity.parameters(basic)
    letters, tags = small_taggers.batch()
    logits, slopes = parity.logits(basic, letters), parity.gradients(basic, letters, tags)
    stacked = small_taggers.build(framework, small_taggers.spec("stacked-2", cell, num_layers=1))
    for other, prefix in (
        (model(framework, "look-ahead-0", cell), "recurrent."),
        (stacked, "recurrent.layers.0."),
    ):
        parity.assign(other, renamed(weights, "recurrent.", prefix))
        assert parity.distance(parity.logits(other, letters), logits) < 1e-13
        gradients = parity.gradients(other, letters, tags)
        wanted = renamed(slopes, "recurrent.", prefix)
        assert gradients.keys() == wanted.keys()
        assert all(parity.distance(gradients[name], wanted[name]) < 1e-13 for name in wanted)


# The layers


def states(T=5, size=4, seed=0):
    return np.random.default_rng(seed).normal(size=(3, T, size))


@pytest.mark.parametrize("cell", CELLS)
def test_the_backward_half_reads_the_reversed_word(cell):
    x = states()
    layer = torch_layers.Bidirectional(cell, 4, 3).double()
    with torch.no_grad():
        h = layer(torch.from_numpy(x)).numpy()
        forward = layer.forward_layer(torch.from_numpy(x))[0].numpy()
        backward = layer.backward_layer(torch.from_numpy(x[:, ::-1].copy()))[0].numpy()
    assert np.array_equal(h[..., :3], forward)
    assert np.abs(h[..., 3:] - backward[:, ::-1]).max() < 1e-15
    assert np.abs(h[..., 3:] - backward).max() > 1e-3

    layer = keras_layers.Bidirectional(cell, 3, dtype="float64")
    h = np.asarray(layer(x))
    assert np.array_equal(h[..., :3], layer.forward_layer(x)[0])
    backward = np.asarray(layer.backward_layer(x[:, ::-1].copy())[0])
    assert np.abs(h[..., 3:] - backward[:, ::-1]).max() < 1e-15


TORCH = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
KERAS = {"elman": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_the_stack_is_that_of_pytorch(cell, num_layers, bidirectional):
    ours = torch_layers.Stack(cell, 4, 3, num_layers, bidirectional).double()
    theirs = TORCH[cell](
        4, 3, num_layers, batch_first=True, bidirectional=bidirectional, dtype=torch.float64
    )
    x = torch.from_numpy(states()).requires_grad_()
    with torch.no_grad():
        for p in ours.parameters():
            p.normal_(0, 0.5)
        for index, layer in enumerate(ours.layers):
            parts = {"": layer}
            if bidirectional:
                parts = {"": layer.forward_layer, "_reverse": layer.backward_layer}
            for end, part in parts.items():
                at = f"l{index}{end}"
                getattr(theirs, f"weight_ih_{at}").copy_(part.weight_ih)
                getattr(theirs, f"weight_hh_{at}").copy_(part.weight_hh)
                getattr(theirs, f"bias_ih_{at}").copy_(part.bias)
                second = getattr(part, "bias_hh", torch.zeros_like(part.bias))
                getattr(theirs, f"bias_hh_{at}").copy_(second)
    h, wanted = ours(x)[0], theirs(x)[0]
    assert torch.abs(h - wanted).max() < 1e-12
    slopes = [torch.autograd.grad((y**2).sum(), x)[0] for y in (h, wanted)]
    assert torch.abs(slopes[0] - slopes[1]).max() < 1e-12


@pytest.mark.parametrize("cell", CELLS)
def test_both_directions_are_those_of_keras(cell):
    x = states()
    ours = keras_layers.Bidirectional(cell, 3, dtype="float64")
    ours(x)
    extra = {"reset_after": True} if cell == "gru" else {}
    theirs = keras.layers.Bidirectional(
        KERAS[cell](3, return_sequences=True, dtype="float64", **extra), dtype="float64"
    )
    theirs.build(x.shape)
    rng = np.random.default_rng(1)
    for own, other in (
        (ours.forward_layer, theirs.forward_layer),
        (ours.backward_layer, theirs.backward_layer),
    ):
        own.set_weights([rng.normal(0, 0.5, w.shape) for w in own.get_weights()])
        kernel, recurrent_kernel, *biases = own.get_weights()
        bias = np.stack(biases) if cell == "gru" else biases[0]
        other.set_weights([kernel, recurrent_kernel, bias])
    assert np.abs(np.asarray(ours(x)) - np.asarray(theirs(x))).max() < 1e-12


def as_numpy(tensor):
    return np.asarray(tensor.detach() if isinstance(tensor, torch.Tensor) else tensor)


@with_frameworks
@pytest.mark.parametrize("kind", ["attention", "attention-bidirectional"])
def test_attention_weights_are_those_by_hand(framework, kind):
    tagger = model(framework, kind, "gru", seed=9)
    letters, _ = small_taggers.batch(T=6)
    lengths = np.array([6, 1, 3], np.int32)
    weights = parity.parameters(tagger)
    given = (letters, lengths)
    if framework == "pytorch":
        given = tuple(torch.from_numpy(a) for a in given)
    whole = as_numpy(tagger.attention_weights(given[0]))
    assert np.abs(whole.sum(axis=-1) - 1).max() < 1e-14
    h = small_taggers.stack(
        weights, "gru", weights["embedding.E"][letters], small_taggers.spec(kind, "gru").arguments
    )
    assert np.abs(whole - small_taggers.attention(weights, h)[1]).max() < 1e-13
    padded = as_numpy(tagger.attention_weights(*given))
    assert np.abs(padded.sum(axis=-1) - 1).max() < 1e-14
    for row, length in enumerate(lengths):
        assert not padded[row, :, length:].any()
        assert padded[row, :, :length].all()


@with_frameworks
def test_the_states_of_all_layers(framework):
    tagger = model(framework, "stacked-3-norm", "lstm", seed=10)
    letters, _ = small_taggers.batch()
    x = parity.parameters(tagger)["embedding.E"][letters]
    given = torch.from_numpy(x) if framework == "pytorch" else x
    states = [as_numpy(h) for h in tagger.recurrent.states(given)]
    weights = parity.parameters(tagger)
    for count, h in enumerate(states, 1):
        arguments = {"num_layers": count, "layer_norm": True}
        assert np.abs(h - small_taggers.stack(weights, "lstm", x, arguments)).max() < 1e-12
    gains = {n: weights[n] for n in weights if n.startswith("recurrent.norms.2")}
    centred = (states[-1] - gains["recurrent.norms.2.b"]) / gains["recurrent.norms.2.g"]
    assert np.abs(centred.mean(axis=-1)).max() < 1e-12


# Mistakes that the comparison by hand must find.


class LateNorm(torch_layers.Stack):
    """Normalises before the residual connection."""

    def _run(self, x, lengths, state):
        outputs = []
        for index, layer in enumerate(self.layers):
            h = self.norms[index](layer(x)[0])
            x = h + x if h.shape == x.shape else h
            outputs.append(x)
        return outputs, ()


class Unturned(torch_layers.Bidirectional):
    """Forgets to turn the backward states round again."""

    def forward(self, x, lengths=None):
        f, _ = self.forward_layer(x)
        b, _ = self.backward_layer(x.flip(1))
        return torch.cat([f, b], dim=-1)


class SwappedHalves(torch_layers.Bidirectional):
    def forward(self, x, lengths=None):
        f, b = super().forward(x, lengths).chunk(2, dim=-1)
        return torch.cat([b, f], dim=-1)


@pytest.mark.parametrize(
    ("kind", "place", "mutant"),
    [
        ("stacked-2-residual-norm", "recurrent", LateNorm),
        ("bidirectional", "recurrent.layers.0", Unturned),
        ("conv-bidirectional", "recurrent.layers.0", SwappedHalves),
    ],
)
def test_a_mutant_fails(kind, place, mutant):
    spec = small_taggers.spec(kind, "gru")
    sick = small_taggers.build("pytorch", spec)
    weights = small_taggers.random_weights(sick, seed=11)
    parity.assign(sick, weights)
    letters, _ = small_taggers.batch()
    wanted = small_taggers.by_hand(spec, weights, letters)
    assert parity.distance(parity.logits(sick, letters), wanted) < 1e-12
    sick.get_submodule(place).__class__ = mutant
    assert parity.distance(parity.logits(sick, letters), wanted) > 1e-3
    sound = model("keras", kind, "gru")
    parity.carry(sick, sound)
    with pytest.raises(parity.ParityError, match="logits"):
        parity.check(sound, sick, letters, letters % K, tolerance=1e-3)
