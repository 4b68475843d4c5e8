"""Trained taggers for the page: what is written, what is refused, what the build puts where."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from places import BOOK, ROOT
from safetensors.numpy import load
from unrolled import cli, models
from unrolled.errors import UserError
from unrolled.experiments import store
from unrolled.models import parity, saved
from unrolled.models.export import FORMAT, pack
from unrolled.training import Recipe, checkpoints
from unrolled.training.checkpoints import Checkpoint
from unrolled_book.explorer import weights as explorer_weights

LETTERS = ["<padding>", "<unknown>", "a", "b"]
TAGS = ["-", "A", "B"]


def checkpoint(name: str = "basic", framework: str = "pytorch", **arguments: Any) -> Checkpoint:
    """A small tagger as it is drawn, with all that a trained one tells."""
    small = {"embedding_size": 3, "hidden_size": 4, **arguments}
    spec = models.spec(name, **small)
    model = models.build(framework, spec, len(LETTERS), len(TAGS), seed=0)
    facts = {
        "model": {"name": name, "kind": spec.kind, "arguments": spec.arguments},
        "framework": framework,
        "letters": LETTERS,
        "tags": TAGS,
        "data": {"name": "words.tsv", "stress": False, "fingerprint": "0"},
        "history": {"losses": [1.0] * 1000},
    }
    return Checkpoint(models.trainer(framework, model, Recipe()).weights(), facts)


def metadata(packed: bytes) -> dict[str, Any]:
    """The metadata of a file."""
    header = json.loads(packed[8 : 8 + int.from_bytes(packed[:8], "little")])
    assert header["__metadata__"].keys() == {"unrolled"}
    return json.loads(header["__metadata__"]["unrolled"])


def test_it_holds_the_weights_in_half_precision():
    arrays = checkpoint().arrays
    loaded = load(pack(checkpoint()))
    assert loaded.keys() == arrays.keys()
    assert {value.dtype for value in loaded.values()} == {np.dtype(np.float16)}
    for name, value in loaded.items():
        np.testing.assert_allclose(value, arrays[name], rtol=2**-11, atol=2**-24)


def test_it_tells_what_the_page_needs_and_nothing_else():
    assert metadata(pack(checkpoint("bidirectional", dropout=0.5))) == {
        "format": FORMAT,
        "name": "bidirectional",
        "kind": "StackedTagger",
        "arguments": {
            "cell": "lstm",
            "embedding_size": 3,
            "hidden_size": 4,
            "bidirectional": True,
        },
        "letters": LETTERS,
        "tags": TAGS,
        "parameters": sum(value.size for value in checkpoint("bidirectional").arrays.values()),
    }


def test_the_same_model_gives_the_same_bytes():
    assert len({pack(checkpoint("stacked")) for _ in range(20)}) == 1


@pytest.mark.parametrize("name", explorer_weights.MODELS)
def test_a_headline_model_is_small(name):
    kept = checkpoints.read(store.weights(f"{name}-pytorch-0"))
    packed = pack(kept)
    assert len(packed) < 1_000_000
    assert len(packed) < 2.1 * metadata(packed)["parameters"], "two bytes a weight, and a bit more"


REFUSED = {
    "encoder-decoder": ({}, "the page cannot run the encoder-decoder model"),
    "window": ({}, "the page cannot run the window model"),
    "conv": ({}, "the page cannot run the conv model"),
    "look-ahead": ({}, "it runs basic, stacked, bidirectional and attention models"),
    "basic": ({"cell": "gru"}, "the page cannot run the cell gru; it runs elman and lstm"),
    "stacked": ({"residual": True}, "a model with residual connections"),
    "stacked-bidirectional": ({"layer_norm": True}, "a model with layer normalisation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_page_cannot_run_is_refused(name):
    arguments, says = REFUSED[name]
    with pytest.raises(UserError, match=says) as caught:
        pack(checkpoint(name, **arguments))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weight", [65_536.0, -1e30, np.inf, np.nan])
def test_weights_that_half_precision_cannot_hold_are_refused(weight):
    large = checkpoint()
    large.arrays["readout.weight"][0, 0] = weight
    with pytest.raises(UserError, match=r"cannot hold the weights readout\.weight"):
        pack(large)


@pytest.mark.parametrize("weight", [65_504.0, 2.0**-24, 0.0, -0.0])
def test_weights_at_the_ends_of_half_precision_are_kept(weight):
    altered = checkpoint()
    altered.arrays["readout.weight"][0, 0] = weight
    assert load(pack(altered))["readout.weight"][0, 0] == weight


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a user who has trained the basic model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    checkpoints.write(tmp_path / "models" / "basic-elman-pytorch.safetensors", checkpoint())
    return tmp_path


def test_the_command_writes_the_newest_model(cwd, capsys):
    assert cli.main(["export"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith("basic-elman.safetensors  ")
    assert (cwd / "basic-elman.safetensors").read_bytes() == pack(checkpoint())


def test_the_command_tells_in_json_what_it_has_written(cwd, capsys):
    path = str(Path("models", "basic-elman-pytorch.safetensors"))
    assert cli.main(["export", "--checkpoint", path, "--out", "other.bin", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "model": "basic",
        **checkpoint().facts["model"]["arguments"],
        "checkpoint": path,
        "trained_in": "pytorch",
        "out": "other.bin",
        "bytes": (cwd / "other.bin").stat().st_size,
    }


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--model", "window"], "no such model in models yet"),
        (["--model", "basic", "--cell", "lstm"], "unrolled train --model basic --cell lstm"),
        (["--checkpoint", "gone"], "gone: no such checkpoint"),
        (["--checkpoint", "gru"], "the page cannot run the cell gru"),
        (["--checkpoint", "window"], "the page cannot run the window model"),
        (["--checkpoint", "gru", "--cell", "lstm"], "is of the model gru, not lstm"),
        (["--out", "models"], "cannot write models: it is a folder"),
        (["--out", "gone/x"], "cannot write gone"),
        (["--out", "models/basic-elman-pytorch.safetensors"], "is the file of --checkpoint"),
        (["--cell", "transformer"], "transformer"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(cwd, capsys, args, says):
    checkpoints.write(cwd / "gru", checkpoint(cell="gru"))
    checkpoints.write(cwd / "window", checkpoint("window"))
    before = {path: path.read_bytes() for path in cwd.rglob("*") if path.is_file()}
    assert cli.main(["export", *args, "--json"]) == 2
    captured = capsys.readouterr()
    assert says in json.loads(captured.out)["error"]
    assert captured.err.count("\n") == 1
    assert {path: path.read_bytes() for path in cwd.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_weights_trained_in_keras_are_carried_across(cwd, capsys):
    checkpoints.write(cwd / "keras", checkpoint("attention-bidirectional", framework="keras"))
    assert cli.main(["export", "--checkpoint", "keras", "--out", "out"]) == 0, capsys.readouterr()
    packed = (cwd / "out").read_bytes()
    letters = np.array([[2, 3, 1, 2]])
    in_keras = parity.logits(saved.load(cwd / "keras").model, letters)
    in_pytorch = saved.load(cwd / "keras", framework="pytorch").predictor
    in_pytorch.load_weights({name: value.astype("f4") for name, value in load(packed).items()})
    np.testing.assert_allclose(parity.logits(in_pytorch.model, letters), in_keras, atol=1e-2)


def test_the_build_puts_modules_styles_and_weights_beside_the_pages(tmp_path):
    explorer_weights.put(ROOT, tmp_path)
    source = BOOK / "live"
    own = {path.relative_to(source).as_posix() for path in source.rglob("*.*")}
    weights = {f"weights/{name}.safetensors" for name in explorer_weights.MODELS}
    files = {path for path in (tmp_path / "live").rglob("*") if path.is_file()}
    names = {path.relative_to(tmp_path / "live").as_posix() for path in files}
    assert {"network/model.mjs", "explorer/explorer.mjs", "explorer/explorer.css"} <= own
    assert names == own | weights


def test_the_build_writes_what_is_missing_or_changed_alone(tmp_path):
    explorer_weights.put(ROOT, tmp_path)
    site = tmp_path / "live"
    gone, changed = site / "network" / "model.mjs", site / "weights" / "basic-lstm.safetensors"
    kept = site / "weights" / "basic-elman.safetensors"
    whole, before = changed.read_bytes(), kept.stat().st_mtime_ns
    gone.unlink()
    changed.write_bytes(whole[:-1])
    explorer_weights.put(ROOT, tmp_path)
    assert gone.is_file()
    assert changed.read_bytes() == whole
    assert kept.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("built", "error", "written"),
    [("html", None, True), ("latex", None, False), ("html", ValueError(), False)],
)
def test_only_a_whole_site_is_completed(tmp_path, built, error, written):
    builder = SimpleNamespace(format=built)
    app = SimpleNamespace(builder=builder, srcdir=str(ROOT), outdir=str(tmp_path))
    explorer_weights.put_all(app, error)
    assert (tmp_path / "live").exists() == written


def test_a_build_needs_no_framework():
    code = (
        "import sys; from pathlib import Path; from unrolled_book.explorer import weights;"
        "count = len(list(weights.files(Path(sys.argv[1]))));"
        "print(count > 5, sorted(set(sys.modules) & {'torch', 'keras', 'tensorflow'}))"
    )
    command = [sys.executable, "-c", code, str(ROOT)]
    ran = subprocess.run(command, cwd=BOOK / "_ext", capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "True []"
