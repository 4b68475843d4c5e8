"""Training, measuring and using a model from the command line, in real processes and frameworks."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_runs import SMALL, command, environment, json_of, run, write_words
from unrolled import cli, models
from unrolled.errors import UserError
from unrolled.models import saved
from unrolled.tasks import pronunciation
from unrolled.training import checkpoints

FRAMEWORKS = ("pytorch", "keras")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dictionary and, in `models`, a basic model trained on it in PyTorch."""
    folder = tmp_path_factory.mktemp("cli")
    write_words(folder / "words.tsv")
    ended = run(folder, "train", "--model", "basic", *SMALL, "--train", "words.tsv", "--json")
    assert ended.returncode == 0, ended.stderr
    (folder / "trained.json").write_text(ended.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def cwd(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, which a test may change."""
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line with which a command refuses."""
    assert cli.main(list(args)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_readme_works_at_the_smoke_budget(tmp_path, framework):
    model = ("--model", "basic", "--framework", framework)
    cache = os.environ["UNROLLED_CACHE"]
    results = {}
    for args in (
        ("train", *model, "--budget", "smoke"),
        ("evaluate",),
        ("pronounce", "knuth", "hate"),
    ):
        ended = run(tmp_path, *args, "--json", UNROLLED_CACHE=cache)
        assert ended.returncode == 0, ended.stderr
        results[args[0]] = json.loads(ended.stdout)
    assert results["train"]["checkpoint"] == str(
        Path(f"models/basic-elman-{framework}.safetensors")
    )
    assert 0 < results["evaluate"]["per"] < 1
    assert results["evaluate"]["framework"] == framework
    assert [row["word"] for row in results["pronounce"]["words"]] == ["knuth", "hate"]
    assert [path.name for path in (tmp_path / "models").iterdir()] == [
        f"basic-elman-{framework}.safetensors"
    ]


def test_the_checkpoint_tells_all_that_its_use_needs(folder):
    result = json.loads((folder / "trained.json").read_text(encoding="utf-8"))
    kept = checkpoints.read(folder / result["checkpoint"])
    assert kept.facts["model"] == {
        "name": "basic",
        "kind": "Tagger",
        "arguments": {"cell": "elman", "embedding_size": 4, "hidden_size": 8, "dropout": 0.0},
        "answer": "labels",
    }
    assert kept.facts["task"] == "pronunciation"
    assert kept.facts["inputs"] == {"kind": "ids", "size": len(kept.facts["letters"])}
    assert kept.facts["answer"]["size"] == len(kept.facts["tags"])
    assert kept.facts["history"]["epochs"] == result["epochs"]
    assert kept.facts["recipe"]["epochs"] == 1
    assert kept.facts["data"]["name"] == result["data"] == "words.tsv"
    assert kept.facts["versions"].keys() == {"unrolled", "numpy", "torch"}
    assert kept.arrays["embedding.weight"].shape == (len(kept.facts["letters"]), 4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"name": "conv", "kernel_size": 2},
        {"name": "conv", "kernel_size": 3.0},
        {"name": "stacked", "num_layers": True},
        {"name": "stacked", "residual": 1},
        {"name": "basic", "cell": "rnn"},
        {"name": "basic", "dropout": "0"},
        {"name": "basic", "hidden_size": 4097},
    ],
)
def test_no_model_has_such_an_argument(arguments):
    with pytest.raises(UserError, match=r"^\w+( \w+)? of the \w+ model is .*; it must be"):
        models.spec(**arguments)


def test_the_options_reach_model_and_recipe(cwd, capsys):
    train = ("train", "--model", "stacked-bidirectional", *SMALL, "--train", "words.tsv")
    more = "--cell gru --num-layers 3 --residual --layer-norm --dropout 0.1 --label-smoothing 0.1"
    result = json_of(capsys, *train, *more.split(), "--weight-decay", "0.01")
    kept = checkpoints.read(cwd / str(result["checkpoint"])).facts
    assert kept["model"]["arguments"] == {
        "num_layers": 3,
        "cell": "gru",
        "embedding_size": 4,
        "hidden_size": 8,
        "residual": True,
        "layer_norm": True,
        "dropout": 0.1,
        "bidirectional": True,
    }
    assert kept["recipe"]["label_smoothing"] == 0.1
    assert kept["recipe"]["weight_decay"] == 0.01


def test_the_next_commands_are_of_this_very_model(cwd, capsys):
    result = json.loads((cwd / "trained.json").read_text(encoding="utf-8"))
    which = "--checkpoint models/basic-elman-pytorch.safetensors"
    assert result["next"] == [
        f"unrolled pronounce {which} knuth hate",
        f"unrolled evaluate {which} --train words.tsv",
    ]
    assert cli.main(result["next"][1].split()[1:]) == 0, capsys.readouterr().err


def test_training_does_not_look_at_the_test_words(cwd, monkeypatch, capsys):
    load = pronunciation.load

    class Blind:
        """Prepared data without test words."""

        def __init__(self, data: object) -> None:
            self.data = data

        def __getattr__(self, name: str) -> object:
            assert name != "test"
            return getattr(self.data, name)

    monkeypatch.setattr(pronunciation, "load", lambda *args, **kwargs: Blind(load(*args, **kwargs)))
    train = ("train", "--model", "window", *SMALL, "--train", "words.tsv")
    assert json_of(capsys, *train)["checkpoint"] == str(Path("models/window-pytorch.safetensors"))


def test_a_finished_run_is_not_done_again_nor_lost(cwd, capsys):
    train = ("train", "--model", "basic", *SMALL, "--train", "words.tsv")
    path = cwd / "models" / "basic-elman-pytorch.safetensors"
    before = path.read_bytes()
    assert json_of(capsys, *train)["already_trained"] is True
    line = refusal(capsys, *train, "--seed", "1")
    assert "trained with another recipe.seed; delete it or replace it by --again" in line
    assert path.read_bytes() == before

    again = json_of(capsys, *train, "--seed", "1", "--again")
    assert again["already_trained"] is False
    assert path.read_bytes() != before
    assert not list(path.parent.glob("*.part"))


def test_a_file_is_trained_to_by_one_process_at_a_time(cwd, capsys):
    path = Path("models/basic-elman-pytorch.safetensors")
    with saved.reserved(path):
        line = refusal(capsys, "train", "--model", "basic", *SMALL, "--train", "words.tsv")
    assert "is being trained by another process" in line
    assert not list(path.parent.glob("*.lock"))


def test_the_bench_names_its_models():
    from unrolled import bench

    assert tuple(bench.MODELS) == cli.bench.NAMES


def test_a_loss_beyond_numbers_ends_the_training(cwd, capsys):
    train = ("train", "--model", "window", "--train", "words.tsv", "--batch-size", "8")
    line = refusal(capsys, *train, "--learning-rate", "1e38")
    assert "lower the learning rate" in line
    assert not list((cwd / "models").glob("window*"))


def test_evaluate_writes_what_it_scores(cwd, capsys):
    evaluate = ("evaluate", "--train", "words.tsv", "--predictions", "predictions.tsv")
    for on in ("test", "valid"):
        score = json_of(capsys, *evaluate, "--on", on)
        words = getattr(pronunciation.load(cwd / "words.tsv"), on)
        lines = (cwd / "predictions.tsv").read_text(encoding="utf-8").splitlines()
        rows = dict(line.split("\t") for line in lines)
        read = {word: tuple(phonemes.split()) for word, phonemes in rows.items()}
        counted = pronunciation.score(read, words)
        assert rows.keys() == words.keys()
        assert (counted.per, counted.wer) == (score["per"], score["wer"])
    result = json.loads((cwd / "trained.json").read_text(encoding="utf-8"))
    assert score["per"] == result["best"]["per"]  # on the validation words, the last of the two


def test_evaluate_refuses_words_that_may_have_been_trained_on(cwd, capsys):
    lines = (cwd / "words.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (cwd / "fewer.tsv").write_text("".join(lines[:300]), encoding="utf-8")
    line = refusal(capsys, "evaluate", "--train", "fewer.tsv")
    assert "was trained on words.tsv; fewer.tsv is split otherwise" in line


def test_both_frameworks_say_the_same(cwd, capsys):
    words = ("pronounce", "gabi", "zorbat")
    own, carried = (json_of(capsys, *words, *more) for more in ((), ("--framework", "keras")))
    assert (own["framework"], carried["framework"]) == ("pytorch", "keras")
    for a, b in zip(own["words"], carried["words"], strict=True):
        assert a["phonemes"] == b["phonemes"]
        p, q = ([row["probability"] for row in x["letters"]] for x in (a, b))
        np.testing.assert_allclose(p, q, rtol=1e-5)
    evaluate = ("evaluate", "--train", "words.tsv")
    scores = [json_of(capsys, *evaluate, "--framework", name)["errors"] for name in FRAMEWORKS]
    assert scores[0] == scores[1]


def test_pronounce_takes_words_in_any_case_and_marks_unknown_letters(cwd, capsys):
    (lower,) = json_of(capsys, "pronounce", "gabi")["words"]
    (upper,) = json_of(capsys, "pronounce", " GABI ")["words"]
    assert lower == upper
    assert [row["letter"] for row in lower["letters"]] == list("gabi")
    assert all(0 < row["probability"] <= 1 for row in lower["letters"])
    sounds = [row["tag"] for row in lower["letters"] if row["tag"] != "-"]
    assert " ".join(sounds).split() == lower["phonemes"]

    (odd,) = json_of(capsys, "pronounce", "ga\u00e9\u202ei\x1b")["words"]
    assert [row["known"] for row in odd["letters"]] == [True, True, False, False, True, False]
    assert cli.main(["pronounce", "ga\u00e9[red]\x1b"]) == 0
    table = capsys.readouterr().out
    assert "\x1b" not in table
    assert "<U+001B>" in table
    assert table.count("(unknown letter)") == 4


@pytest.mark.parametrize("word", ["\U0001f642\U0001f642", "\u05e9\u05dc\u05d5\u05dd", "123"])
def test_a_word_without_a_known_letter_is_one_line(cwd, capsys, word):
    line = refusal(capsys, "pronounce", "gabi", word)
    assert f"{word!r} has no letter that the model knows" in line


def test_pronounce_finds_the_model_that_is_meant(cwd, capsys):
    results = [json_of(capsys, "pronounce", "gabi", "--model", "basic", "--cell", "elman")]
    models = cwd / "models"
    facts = checkpoints.read(models / "basic-elman-pytorch.safetensors")
    checkpoints.write(models / "basic-elman-keras.safetensors", facts)
    os.utime(models / "basic-elman-keras.safetensors", (1, 1))  # older
    results += [
        json_of(capsys, "pronounce", "gabi"),
        json_of(capsys, "pronounce", "--framework", "keras", "gabi"),
    ]
    names = [Path(str(row["checkpoint"])).stem for row in results]
    assert names == ["basic-elman-pytorch", "basic-elman-pytorch", "basic-elman-keras"]
    line = refusal(capsys, "pronounce", "gabi", "--model", "window")
    assert "run `unrolled train --model window` first" in line


def test_a_checkpoint_whose_weights_do_not_fit_is_one_line(cwd, capsys):
    path = cwd / "models" / "basic-elman-pytorch.safetensors"
    arrays, facts = checkpoints.read(path)
    del arrays["readout.bias"]
    checkpoints.write(path, checkpoints.Checkpoint(arrays, facts))
    line = refusal(capsys, "pronounce", "gabi")
    assert "does not hold the weights of a finished Tagger" in line


def hear_ctrl_c() -> None:
    """A background job of a script ignores Ctrl-C, and its children would inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(folder: Path, *args: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*args),
        preexec_fn=None if sys.platform == "win32" else hear_ctrl_c,
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def stop_after(process: subprocess.Popen[str], epoch: int, number: signal.Signals) -> list[str]:
    """Send a signal after an epoch; return the lines that the process writes after it."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"epoch {epoch}/"):
            process.send_signal(number)
            break
    _, rest = process.communicate(timeout=120)
    return rest.splitlines()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")
@pytest.mark.parametrize(
    ("framework", "stop", "status"),
    [("pytorch", signal.SIGINT, 130), ("keras", signal.SIGTERM, 143)],
)
def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path, framework, stop, status):
    write_words(tmp_path / "words.tsv", 600)
    train = ("train", "--model", "basic", "--framework", framework)
    train += ("--train", "words.tsv", "--epochs", "40", "--batch-size", "8")
    out = (*train, "--out", "models/stopped.safetensors")

    process = start(tmp_path, *out)
    *_, line = stop_after(process, 1, stop)  # more epochs may end before it arrives
    assert process.returncode == status
    match = re.fullmatch(
        r"stopped after epoch (\d+) of 40; the same command goes on from there", line
    )
    assert match
    done = int(match[1])
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["stopped.safetensors.part"]

    process = start(tmp_path, *out)
    stop_after(process, done + 2, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "models" / "stopped.safetensors").exists()

    last = run(tmp_path, *out)
    assert last.returncode == 0, last.stderr
    assert re.search(r"^goes on after epoch \d+ of 40$", last.stderr, re.MULTILINE)
    assert f"epoch {done + 1}/" not in last.stderr
    assert "epoch 40/40" in last.stderr
    assert run(tmp_path, *train).returncode == 0
    stopped = checkpoints.read(tmp_path / "models" / "stopped.safetensors")
    whole = checkpoints.read(tmp_path / "models" / f"basic-elman-{framework}.safetensors")
    assert stopped.arrays.keys() == whole.arrays.keys()
    for name, array in whole.arrays.items():
        np.testing.assert_array_equal(stopped.arrays[name], array)
    assert stopped.facts["history"]["losses"] == whole.facts["history"]["losses"]


@pytest.fixture(params=["mount", "limit"])
def full_disk(request: pytest.FixtureRequest, cwd: Path):
    """A folder with room for 32 KiB, and the `preexec_fn` of a process that writes there."""
    small = cwd / "small"
    small.mkdir()
    if request.param == "limit":
        resource = pytest.importorskip("resource", reason="no limits on this system")
        yield small, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (32768, 32768))
        return
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("only root on Linux can mount a small disk")
    yield small, None
    subprocess.run(["umount", str(small)], check=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_full_disk_is_one_line_and_leaves_nothing(cwd, full_disk):
    small, limit = full_disk
    ended = subprocess.run(
        command("train", "--model", "basic", "--train", "words.tsv", "--out", "small/x"),
        cwd=cwd,
        env=environment(cwd),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        preexec_fn=limit,
    )
    assert ended.returncode == 2, ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"error: cannot write {Path('small/x.part')}: ")
    assert not list(small.iterdir())
