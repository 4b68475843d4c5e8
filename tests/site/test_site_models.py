"""The taggers in the page answer as they do in PyTorch, quickly, and to every word."""

import base64
import json
import random
import re
import struct
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import browser
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from places import ROOT
from playwright.sync_api import Browser, Page
from safetensors.numpy import load, load_file
from unrolled import models
from unrolled.experiments import store
from unrolled.models import parity
from unrolled.models.export import CELLS, KINDS, pack
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import normalise
from unrolled.tasks.pronunciation.task import Reader
from unrolled.training import Recipe
from unrolled.training.checkpoints import Checkpoint
from unrolled_book.explorer import weights as explorer_weights

MAIN = explorer_weights.MODELS[1:]  # side by side on the page
COUNT = 2_500  # words
FLIPPED = COUNT * 2 // 1_000  # words in which half precision may turn a near tie
CLOSE = 2e-2  # of a logit, in half precision
HAPPENS = 0.01  # the probability of a tag that a reader sees
BRIEF = 16.0  # milliseconds for a keystroke: one frame of a screen
LONGEST = 20  # letters that are read within it

READ_ALL = """async ([name, words]) => {
  const { tagger, spell } = window, logits = [];
  for (const word of words) logits.push(...tagger[name].read(spell(word)).logits);
  const reader = new FileReader();
  await new Promise((done) => { reader.onload = done; reader.readAsDataURL(new Blob(logits)); });
  return reader.result.split(",")[1];
}"""
READ_ONE = """([name, word]) => {
  const { tagger, spell } = window, model = tagger[name], reading = model.read(spell(word));
  const plain = (x) => ArrayBuffer.isView(x) ? Array.from(x)
    : Array.isArray(x) ? x.map(plain)
    : x && typeof x === "object" ? Object.fromEntries(
      Object.entries(x).map(([key, value]) => [key, plain(value)])) : x;
  const ranked = Array.from(reading.ids, (_, t) => model.rank(reading, t, 3));
  return plain({ ...reading, ranked, facts: model.facts });
}"""
# The same model with and without its embedding, on the same word, each of them twice.
FORWARD = """async ([name, word, spec]) => {
  const { Model } = await import("./live/network/model.mjs");
  const { Weights } = await import("./live/network/weights.mjs");
  const weights = await Weights.load(`live/weights/${name}.safetensors`);
  const { model, ids } = tagger[name];
  const inputs = Int32Array.from(spell(word), (letter) => ids.get(letter));
  const vectors = model.embedding.forward(inputs), before = vectors.slice();
  const other = new Model(weights, spec);
  const logits = [model.forward(inputs), model.forward(inputs)].concat(
    [other.forward(vectors), other.forward(vectors)]).map(({ logits }) => Array.from(logits));
  return { logits, same: vectors.every((x, n) => x === before[n]) };
}"""
# Milliseconds of each word; other programs disturb some passes, and seldom the same word in all.
TIME = """([names, words, passes]) => {
  const { tagger, spell } = window, chosen = names.map((name) => tagger[name]);
  const once = (word) => {
    const from = performance.now();
    const letters = spell(word);
    for (const model of chosen) model.read(letters);
    return performance.now() - from;
  };
  words.forEach(once);
  return Array.from({ length: passes }, () => words.map(once));
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that holds the explorer alone."""
    folder = tmp_path_factory.mktemp("site")
    explorer_weights.put(ROOT, folder)
    (folder / "index.html").write_text("<title>explorer</title>", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def shown(chromium: Browser, folder: Path) -> Iterator[Page]:
    """A page with all models loaded, as `tagger`."""
    with browser.served(folder) as address:
        context = chromium.new_context()
        page = context.new_page()
        page.goto(address)
        page.evaluate(
            """async (names) => {
              const { load, spell } = await import("./live/explorer/tagger.mjs");
              const loaded = names.map((name) => load(`live/weights/${name}.safetensors`));
              const pairs = (await Promise.all(loaded)).map((model, n) => [names[n], model]);
              Object.assign(window, { load, spell, tagger: Object.fromEntries(pairs) });
            }""",
            explorer_weights.MODELS,
        )
        yield page
        context.close()


@pytest.fixture(scope="module")
def words() -> list[str]:
    """Held-out words, drawn from all lengths."""
    data = pronunciation.load()
    assert data.name.startswith("cmudict")
    return random.Random(0).sample(sorted(data.test), COUNT)


def in_pytorch(trained: Reader, words: list[str]) -> np.ndarray:
    """The logits of all letters of all words, in their order. Shape: (sum of T, K)."""
    logits: list[Any] = [None] * len(words)
    for length in {len(word) for word in words}:
        places = [n for n, word in enumerate(words) if len(word) == length]
        letters = np.stack([trained.letters.encode(words[n]) for n in places])
        batch_logits = parity.logits(trained.model, letters)
        for n, one in zip(places, batch_logits, strict=True):
            logits[n] = one
    return np.concatenate(logits)


def in_page(page: Page, name: str, words: list[str]) -> np.ndarray:
    """The same, computed by the page."""
    packed = base64.b64decode(page.evaluate(READ_ALL, [name, words]))
    count = sum(len(word) for word in words)
    return np.frombuffer(packed, np.float32).reshape(count, -1)


class Flip(NamedTuple):
    word: str
    margin: float  # logits between the tag of one and the tag of the other, in the original


def flips(words: list[str], original: np.ndarray, page: np.ndarray) -> list[Flip]:
    """The words in which a letter has another tag, with the widest margin of their letters."""
    ours, theirs = original.argmax(axis=-1), page.argmax(axis=-1)
    row = np.arange(len(original))
    margins = original[row, ours] - original[row, theirs]  # (sum of T,)
    cuts = np.cumsum([len(word) for word in words])[:-1]
    by_word = zip(words, np.split(ours != theirs, cuts), np.split(margins, cuts), strict=True)
    return [Flip(word, float(margin.max())) for word, other, margin in by_word if other.any()]


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("name", explorer_weights.MODELS)
def test_the_page_tags_words_as_pytorch_does(shown, folder, words, name):
    trained = store.model(name)
    original = in_pytorch(trained, words)
    page = in_page(shown, name, words)

    weights = load_file(folder / "live" / "weights" / f"{name}.safetensors")
    trained.predictor.load_weights({key: value.astype("f4") for key, value in weights.items()})
    halved = in_pytorch(trained, words)
    np.testing.assert_allclose(page, halved, atol=1e-4, rtol=0)  # the page computes as PyTorch

    apart = np.abs(page - original)  # what half precision does
    flipped = flips(words, original, page)
    worst, beyond = float(apart.max()), float((apart > CLOSE).mean())
    print(f"{name}: logits within {worst:.4f}, {beyond:.1e} of them beyond {CLOSE}")
    print(*(f"another tag in {word}, {margin:.4f} apart" for word, margin in flipped), sep="\n")
    assert apart[softmax(original) >= HAPPENS].max() < CLOSE
    assert beyond < 1e-4
    assert worst < 3 * CLOSE  # of tags with one chance in thousands
    assert len(flipped) <= FLIPPED
    assert all(margin < CLOSE for _, margin in flipped)
    assert np.abs(softmax(page) - softmax(original)).max() < 1e-2


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "name",
    [name for name, known in models.NAMED.items() if known.kind in KINDS],
)
def test_whatever_may_be_exported_runs_in_the_page(shown, folder, name, cell):
    letters, tags = in_python(), [f"tag {k}" for k in range(6)]
    spec = models.spec(name, cell=cell, embedding_size=3, hidden_size=5)
    model = models.build("pytorch", spec, len(letters), len(tags), seed=0)
    trainer = models.trainer("pytorch", model, Recipe())
    facts = {"model": asdict(spec), "letters": letters.symbols, "tags": tags}
    weights = trainer.weights()
    weights["readout.bias"][:2] = 5e-5, -5e-5  # below the normal numbers of half precision
    packed = pack(Checkpoint(weights, facts))
    small = f"small-{name}-{cell}"  # a name of its own, for the browser keeps what it has loaded
    (folder / small).write_bytes(packed)
    trainer.load_weights({key: value.astype("f4") for key, value in load(packed).items()})
    shown.evaluate("async (name) => { window.tagger[name] = await load(name); }", small)
    expected = parity.logits(model, letters.encode("knuth's")[None])[0]
    np.testing.assert_allclose(in_page(shown, small, ["knuth's"]), expected, atol=1e-5)


def test_a_flip_is_found_with_its_margin():
    original = np.array([[3.0, 1.0], [0.5, 0.25], [0.0, 2.0]])
    page = np.array([[3.0, 1.0], [0.25, 0.5], [0.0, 2.0]])
    assert flips(["a", "bc"], original, page) == [("bc", 0.25)]
    assert flips(["a", "bc"], original, original) == []


def states(trained: Reader, word: str) -> list[np.ndarray]:
    """What the recurrent layers of a model hold, each direction by itself. Shapes: (T, H)."""
    model = trained.model
    with torch.no_grad():
        x = model.embedding(torch.as_tensor(trained.letters.encode(word)[None]).long())
        stacked = hasattr(model.recurrent, "states")
        layers = model.recurrent.states(x) if stacked else [model.recurrent(x)[0]]
        parts = trained.facts["model"]["arguments"].get("bidirectional", False) + 1
        return [part[0].numpy() for h in layers for part in h.chunk(parts, dim=-1)]


@pytest.mark.parametrize("name", explorer_weights.MODELS)
def test_a_reading_shows_what_the_model_holds(shown, name):
    trained, word = store.model(name), "knuth's"
    reading = shown.evaluate(READ_ONE, [name, word])
    layers = reading["layers"]
    for layer, h in zip(layers, states(trained, word), strict=True):
        np.testing.assert_allclose(layer["h"], h, atol=CLOSE)
        if layer["gates"]:
            i, f, g, o = (np.array(layer["gates"][gate]) for gate in "ifgo")  # (T, H) each
            assert min(i.min(), f.min(), o.min()) >= 0 > g.min()
            way = 1 if layer["direction"] == "forward" else -1
            c = np.array(layer["c"])[::way]  # in the order of reading
            c_prev = np.vstack([np.zeros_like(c[:1]), c[:-1]])[::way]
            np.testing.assert_allclose(layer["c"], f * c_prev + i * g, atol=1e-5)
            np.testing.assert_allclose(layer["h"], o * np.tanh(layer["c"]), atol=1e-5)
    given = trained.facts["model"]["arguments"]
    ways = ["forward", "backward"] if given.get("bidirectional") else ["forward"]
    order = [(n + 1, way) for n in range(given.get("num_layers", 1)) for way in ways]
    assert [(layer["layer"], layer["direction"]) for layer in layers] == order
    assert all((layer["c"] is None) == (given["cell"] == "elman") for layer in layers)

    letters = trained.letters.encode(word)[None]
    p = trained.probabilities(letters)[0]  # (T, K)
    np.testing.assert_allclose(reading["probabilities"], p, atol=1e-2)
    for t, ranked in enumerate(reading["ranked"]):
        best = np.argsort(-np.array(reading["probabilities"][t]))[:3]
        assert [one["tag"] for one in ranked] == [trained.tags.symbols[k] for k in best]
        assert [one["p"] for one in ranked] == sorted((one["p"] for one in ranked), reverse=True)
    if hasattr(trained.model, "attention_weights"):
        a = trained.model.attention_weights(torch.as_tensor(letters).long())
        np.testing.assert_allclose(reading["attention"], a[0].detach().numpy(), atol=1e-2)
    else:
        assert reading["attention"] is None


@pytest.mark.parametrize("name", explorer_weights.MODELS)
def test_a_model_tells_what_it_is(shown, name):
    trained = store.model(name)
    spec = trained.facts["model"]
    assert shown.evaluate(READ_ONE, [name, "a"])["facts"] == {
        "name": spec["name"],
        "kind": spec["kind"],
        "cell": spec["arguments"]["cell"],
        "parameters": sum(value.size for value in trained.predictor.weights().values()),
        "letters": list(trained.letters.symbols),
        "tags": list(trained.tags.symbols),
        "bidirectional": spec["arguments"].get("bidirectional", False),
        "layers": spec["arguments"].get("num_layers", 1),
    }


@pytest.mark.parametrize("name", explorer_weights.MODELS)
def test_a_network_takes_vectors_too_and_keeps_nothing_from_one_call_to_the_next(shown, name):
    kind, arguments = (store.model(name).facts["model"][key] for key in ("kind", "arguments"))
    spec = {
        "num_embeddings": None,
        "input_size": arguments["embedding_size"],
        "cell": arguments["cell"],
        "hidden_size": arguments["hidden_size"],
        "num_layers": None if kind == "Tagger" else arguments.get("num_layers", 1),
        "bidirectional": arguments.get("bidirectional", False),
        "attention_size": arguments.get("attention_size"),
        "num_classes": len(store.model(name).tags.symbols),
    }
    result = shown.evaluate(FORWARD, [name, "knuth's", spec])
    first, *rest = result["logits"]
    assert len(first) == 7 * spec["num_classes"]
    assert all(other == first for other in rest)
    assert result["same"]


def test_the_models_side_by_side_answer_within_a_frame(shown, words):
    chosen = [word for word in words if len(word) <= LONGEST][:60]
    chosen += [(word * LONGEST)[:LONGEST] for word in chosen]
    passes = np.array(shown.evaluate(TIME, [MAIN, chosen, 10]))  # (passes, words)
    each = passes.min(axis=0)
    times = {
        "median": float(np.median(passes[:, :60])),
        "median of 20 letters": float(np.median(passes[:, 60:])),
        "worst": float(passes.max()),
        "worst, undisturbed": float(each.max()),
    }
    print(*(f"{what}: {value:.1f} ms" for what, value in times.items()), sep="\n")
    assert times["median"] < BRIEF / 2
    assert times["worst, undisturbed"] < BRIEF


letter = st.one_of(
    st.sampled_from("aZ'\u00e9\u00c9\u0130\u03a3\u1e9e\u212a\u212b\u0301\u0307\u05d0\U0001f642"),
    st.sampled_from(" \t\u00a0\u2028\u0085\x1c\ufeff\u200d\u202e"),
    st.characters(exclude_categories=["Cs", "Cn"]),  # those that this Python knows
)


@settings(deadline=None, max_examples=400, derandomize=True)
@given(text=st.text(letter, max_size=12))
def test_any_text_has_the_ids_that_it_has_in_python(shown, text):
    vocabulary = in_python()
    word = normalise(text.strip())
    ids = vocabulary.encode(word)
    spelled, page_ids, known = shown.evaluate(
        """(text) => {
          const letters = spell(text), { ids, known } = tagger["basic-elman"].read(letters);
          return [letters, Array.from(ids), known];
        }""",
        text,
    )
    assert spelled == list(word)
    assert page_ids == ids.tolist()
    assert known == (ids != vocabulary.unknown).tolist()


def in_python() -> pronunciation.Vocabulary:
    """The letters of the models, which are those of the data."""
    return pronunciation.Vocabulary.of_letters(["abcdefghijklmnopqrstuvwxyz'"])


@pytest.mark.parametrize("name", explorer_weights.MODELS)
def test_every_model_has_the_letters_of_the_data(name):
    assert store.model(name).letters == in_python()


@pytest.mark.parametrize("text", ["", " \n", "\u05e9\u05dc\u05d5\u05dd", "\U0001f642", "e\u0301t"])
@pytest.mark.parametrize("name", ["basic-elman", *MAIN])
def test_every_model_answers_each_letter_of_any_text(shown, name, text):
    reading = shown.evaluate(READ_ONE, [name, text])
    count = len(normalise(text.strip()))
    assert len(reading["ids"]) == len(reading["logits"]) == len(reading["probabilities"]) == count
    assert np.isfinite(np.array(reading["logits"])).all()
    assert all(len(layer["h"]) == count for layer in reading["layers"])


def packed(header: object, numbers: bytes = b"") -> bytes:
    """A file in the format safetensors."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def test_a_bad_file_is_told_in_one_calm_sentence(shown, folder):
    weights = folder / "live" / "weights"
    whole = (weights / "basic-lstm.safetensors").read_bytes()
    size = struct.unpack("<Q", whole[:8])[0]
    header = json.loads(whole[8 : 8 + size])
    other = {"format": "unrolled/explorer/0"}
    wide = json.loads(json.dumps(header).replace('"F16"', '"F32"'))
    kept = store.weights("basic-lstm-pytorch-0").read_bytes()
    files = {
        "cut-at-once": (b"", "is cut off"),
        "cut-in-size": (whole[:5], "is cut off"),
        "cut-in-header": (whole[:300], "is cut off"),
        "cut-in-numbers": (whole[: len(whole) // 2], "is cut off"),
        "cut-at-the-end": (whole[:-1], "is cut off"),
        "page": (b"<!DOCTYPE html><title>lost</title>" * 99, "is not one of this book's"),
        "garbage": (bytes(range(256)) * 9, "is not one of this book's"),
        "no-json": (struct.pack("<Q", 9) + b"{nothing}", "is not one of this book's"),
        "foreign": (packed({"a": {}}), "is not one of this book's"),
        "checkpoint": (kept, "is not one of this book's"),
        "older": (packed({"__metadata__": {"unrolled": json.dumps(other)}}), "another edition"),
        "no-weights": (packed({"__metadata__": header["__metadata__"]}), "is not one of this"),
        "float32": (packed(wide, whole[8 + size :]), "is not one of this book's"),
    }
    for name, (content, _) in files.items():
        (weights / name).write_bytes(content)
    says = {name: why for name, (_, why) in files.items()} | {"gone": "is missing"}
    for name, why in says.items():
        message = refused(shown, name)
        assert re.fullmatch(rf"This model cannot be shown: its file {name} [^.]+\.", message)
        assert why in message, name


def refused(page: Page, name: str) -> str:
    """What `load` says of a file that it does not load."""
    return page.evaluate(
        "(name) => load(`live/weights/${name}`).then(() => 'loaded', (no) => no.message)", name
    )


def test_a_broken_connection_is_told_in_one_calm_sentence(shown):
    shown.route("**/unreachable", lambda route: route.abort())
    assert "did not arrive; check the connection" in refused(shown, "unreachable")


def test_a_good_file_is_loaded(shown):
    assert refused(shown, "basic-lstm.safetensors") == "loaded"
