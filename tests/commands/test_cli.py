"""The command line without a framework; test_cli_training.py has the rest."""

import inspect
import json
import os
import pickle
import shlex
import subprocess
import sys
from dataclasses import fields
from email.message import Message
from pathlib import Path

import pytest
from cli_runs import command, environment, run, write_words
from unrolled import __version__, cli, models
from unrolled.cli import options, output
from unrolled.cli.pronunciation.words import Words
from unrolled.training import Recipe, checkpoints
from unrolled.training.checkpoints import Checkpoint


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a user with a dictionary of their own, words.tsv."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    write_words(tmp_path / "words.tsv")
    return tmp_path


def left(folder: Path) -> set[str]:
    """All files under a folder but those of the cache."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in files if path.parts[0] != "cache"}


def refused(folder: Path, *args: object, **changes: str) -> str:
    """The one line with which a process refuses; it leaves no file behind that was not there."""
    before = left(folder)
    ended = run(folder, *args, **changes)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert left(folder) == before
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def test_help_is_quick_and_needs_no_framework(tmp_path):
    code = (
        "import sys; from unrolled.cli import main; main(['--help']); "
        "loaded = {'torch', 'keras', 'tensorflow', 'numpy'} & sys.modules.keys(); "
        "print(loaded, file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True, timeout=20
    )
    assert ended.stderr.strip() == "set()"
    assert "pronounce" in ended.stdout


@pytest.mark.parametrize("name", ["train", "evaluate", "pronounce", "export", "data", "bench"])
def test_every_command_helps_with_examples_and_can_speak_json(name, capsys):
    assert cli.main([name, "--help"]) == 0
    help_text = capsys.readouterr().out
    assert f"unrolled {name}" in help_text[help_text.index("Examples:") :]
    assert "--json" in help_text


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"unrolled {__version__}\n"


def test_no_command_is_a_request_for_help(capsys):
    assert cli.main([]) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["frobnicate"], "frobnicate"),
        (["train"], "'--model'"),
        (["train", "--model", "transformer"], "transformer"),
        (["train", "--model", "basic", "--hidden-size", "-3"], "'--hidden-size'"),
        (["train", "--model", "basic", "--hidden-size", "1000000"], "'--hidden-size'"),
        (["train", "--model", "basic", "--epochs", "0"], "'--epochs'"),
        (["train", "--model", "basic", "--learning-rate", "-1"], "learning_rate is -1.0"),
        (["train", "--model", "basic", "--learning-rate", "nan"], "learning_rate is nan"),
        (["train", "--model", "basic", "--learning-rate", "inf"], "learning_rate is inf"),
        (["train", "--model", "basic", "--seed", "-1"], "'--seed'"),
        (["train", "--model", "window", "--cell", "gru"], "the window model has no cell"),
        (["train", "--model", "conv", "--kernel-size", "4"], "is 4; it must be odd"),
        (["train", "--model", "window", "--window", "4"], "is 4; it must be odd"),
        (["train", "--model", "stacked", "--num-layers", "0"], "whole number from 1 to 64"),
        (["train", "--model", "look-ahead", "--delay", "-1"], "whole number from 0 to 64"),
        (["train", "--model", "attention", "--attention-size", "0"], "from 1 to 4096"),
        (["train", "--model", "basic", "--dropout", "1.0"], "at least 0 and less than 1"),
        (["train", "--model", "basic", "--dropout", "-0.1"], "at least 0 and less than 1"),
        (["train", "--model", "basic", "--dropout", "nan"], "at least 0 and less than 1"),
        (["train", "--model", "basic", "--residual"], "the basic model has no residual"),
        (["train", "--model", "basic", "--weight-decay", "-1"], "weight_decay is -1.0"),
        (["train", "--model", "basic", "--label-smoothing", "1"], "label_smoothing is 1.0"),
        (["train", "--model", "basic", "--valid", "words.tsv"], "need a file of training words"),
        (["pronounce"], "no words are named"),
        (["pronounce", "hat", "--checkpoint", "gone"], "gone: no such checkpoint"),
        (["pronounce", "hat", "--cell", "gru"], "unrolled train --model basic --cell gru"),
        (
            ["pronounce", "hat", "--model", "window", "--cell", "gru"],
            "the window model has no cell",
        ),
        (["bench", "--hidden-size", "4097"], "'--hidden-size'"),
        (["bench", "--embedding-size", "4097"], "'--embedding-size'"),
        (["evaluate", "--on", "train"], "'--on'"),
        (["data", "--train", "words.tsv", "--word", "xyzzy"], "'xyzzy' is not in the data"),
    ],
)
def test_a_mistake_is_one_line(cwd, capsys, args, says):
    assert cli.main(args) == 2
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""

    assert cli.main([*args, "--json"]) == 2
    captured = capsys.readouterr()
    assert says in json.loads(captured.out)["error"]
    assert captured.err == f"error: {json.loads(captured.out)['error']}\n"


BAD_FILES = {
    "empty": (b"", "the file is empty"),
    "binary": (b"\x00\x01\x02\xff" * 99, "not a text file"),
    "latin": ("caf\u00e9\tK A F E\n".encode("latin-1"), "line 1: not UTF-8"),
    "no-tab": (b"ab\tA B\nab A B\n", "line 2: no tab"),
    "no-word": (b"\tA B\n", "line 1: no word"),
    "long-word": (b"a" * 10_000 + b"\tA\n", "line 1: the word has 10,000 letters"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_dictionary_is_one_line(cwd, name):
    content, says = BAD_FILES[name]
    (cwd / name).write_bytes(content)
    for given in (("train", "--model", "basic"), ("data",)):
        assert f"{name}" in (line := refused(cwd, *given, "--train", name))
        assert says in line


def test_a_dictionary_that_cannot_be_read_is_one_line(cwd):
    (cwd / "folder").mkdir()
    train = ("train", "--model", "window", "--train")
    assert "gone.tsv: no such file" in refused(cwd, *train, "gone.tsv")
    assert "folder: is a folder" in refused(cwd, *train, "folder").replace("cannot be read: ", "")


def test_another_phoneme_set_in_the_test_file_is_one_line(cwd):
    (cwd / "test.tsv").write_text("zabad\tts \u0251 b\n", encoding="utf-8")
    line = refused(cwd, "train", "--model", "basic", "--train", "words.tsv", "--test", "test.tsv")
    assert "different phoneme sets" in line


def test_an_unknown_budget_is_one_line(cwd):
    line = refused(cwd, "train", "--model", "basic", UNROLLED_BUDGET="huge")
    assert "UNROLLED_BUDGET is 'huge'" in line
    assert "smoke, live, full" in line


@pytest.mark.parametrize("word", ["", "   ", "a" * 10_000])
def test_an_empty_or_endless_word_is_one_line(cwd, word):
    line = refused(cwd, "pronounce", word, word)
    assert ("1,000" if word.strip() else "an empty word") in line
    assert len(line) < 120


def test_an_out_that_cannot_be_written_is_one_line(cwd):
    train = ("train", "--model", "basic", "--train", "words.tsv", "--out")
    assert "cannot write words.tsv/x" in refused(cwd, *train, "words.tsv/x.safetensors")
    (cwd / "folder").mkdir()
    assert "it is a folder" in refused(cwd, *train, "folder")


@pytest.mark.parametrize("out", [".", "", "/", "..", "folder"])
def test_an_out_that_names_no_file_is_refused_before_the_data_is_read(
    cwd, capsys, monkeypatch, out
):
    (cwd / "folder").mkdir()
    monkeypatch.setattr("unrolled.tasks.pronunciation.load", None)
    before = left(cwd)
    assert cli.main(["train", "--model", "basic", "--out", out]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "it is a folder; name a file" in message
    assert left(cwd) == before


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("models/a-b.safetensors", "models/a-b.safetensors"),
        ("my models/a", '"my models/a"'),
        ("a&b", '"a&b"'),
        ("it's", '"it\'s"'),
        ("$HOME", "'$HOME'"),
    ],
)
def test_a_path_is_one_word_of_a_command(path, word):
    assert output.quoted(Path(path)) == word
    assert shlex.split(word) == [path]


def checkpoint_of(path: Path, **changes: object) -> Path:
    facts = {
        "model": {"name": "basic", "kind": "Tagger", "arguments": {"cell": "elman"}},
        "framework": "pytorch",
        "letters": ["<padding>", "<unknown>", "a"],
        "tags": ["-", "A"],
        "data": {"name": "words.tsv", "stress": False, "fingerprint": "0"},
        "history": {},
    }
    checkpoints.write(path, Checkpoint({}, facts | changes))
    return path


def test_a_bad_checkpoint_is_one_line(cwd):
    whole = checkpoint_of(cwd / "whole.safetensors").read_bytes()
    (cwd / "cut").write_bytes(whole[: len(whole) // 2])
    (cwd / "pickle").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    (cwd / "empty").write_bytes(b"")
    (cwd / "text").write_text("not a checkpoint\n" * 9, encoding="utf-8")
    checkpoints.write(cwd / "foreign", Checkpoint({}, {"model": "another"}))
    messages = {
        name: refused(cwd, "pronounce", "hat", "--checkpoint", name)
        for name in ("cut", "pickle", "empty", "text", "foreign")
    }
    assert all(name in line for name, line in messages.items())
    assert "not trained by `unrolled train`" in messages.pop("foreign")
    assert all("cut off or not a checkpoint" in line for line in messages.values())


def test_a_checkpoint_of_another_model_is_one_line(cwd):
    checkpoint_of(cwd / "basic.safetensors")
    use = ("evaluate", "--checkpoint", "basic.safetensors")
    assert "is of the model basic, not window" in refused(cwd, *use, "--model", "window")
    assert "is of the model elman, not lstm" in refused(cwd, *use, "--cell", "lstm")


def test_a_cache_that_cannot_be_used_is_a_note(cwd):
    (cwd / "file").touch()
    ended = run(cwd, "data", "--train", "words.tsv", "--json", UNROLLED_CACHE=str(cwd / "file/x"))
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["name"] == "words.tsv"
    assert ended.stderr.startswith("note: the cache is not used")
    assert ended.stderr.count("\n") == 1


TRACKER = "https://forge.example/us/book/issues"


@pytest.mark.parametrize(
    ("urls", "report"),
    [
        ([], ""),
        ([("Project-URL", "Repository, https://forge.example/us/book")], ""),
        ([("Project-URL", f"Issues, {TRACKER}")], f" Please report it: {TRACKER}"),
    ],
)
def test_a_mistake_of_ours_asks_for_a_report(cwd, monkeypatch, capsys, urls, report):
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("no good")

    metadata = Message()
    for header in urls:
        metadata.add_header(*header)
    monkeypatch.setattr("unrolled.tasks.pronunciation.load", broken)
    monkeypatch.setattr("unrolled.cli.output.metadata", lambda name: metadata)
    with pytest.raises(RuntimeError) as caught:
        cli.main(["data", "--json"])
    assert caught.value.__notes__ == [f"This is a mistake in unrolled.{report}"]
    assert json.loads(capsys.readouterr().out) == {"error": "RuntimeError: no good"}


def test_data_counts_every_word(cwd, capsys):
    assert cli.main(["data", "--train", "words.tsv", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    parts = [result[f"{part}_words"] for part in ("training", "validation", "test")]
    assert sum(parts) == len((cwd / "words.tsv").read_text(encoding="utf-8").splitlines())
    assert result["aligned_pronunciations"] + result["dropped_pronunciations"] == parts[0]
    assert result["tags"][0] == "-"
    assert result["cache"] == os.environ["UNROLLED_CACHE"]


def test_data_looks_a_word_up(cwd, capsys):
    (cwd / "two.tsv").write_text("abba\tA B A\nabba\tA B B A\n", encoding="utf-8")
    (cwd / "rest.tsv").write_text("bab\tB A B\n", encoding="utf-8")
    (cwd / "last.tsv").write_text("baba\tB A B A\n", encoding="utf-8")
    files = ["--train", "two.tsv", "--valid", "rest.tsv", "--test", "last.tsv", "--json"]
    assert cli.main(["data", "--word", "ABBA", *files]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert entry["part"] == "training"
    assert entry["pronunciations"] == ["A B A", "A B B A"]
    assert "A | B | B | A" in entry["alignments"]
    assert cli.main(["data", "--word", "baba", *files]) == 0
    entry = json.loads(capsys.readouterr().out)
    assert (entry["part"], entry["family"], entry["alignments"]) == ("test", "baba", [])


def test_any_terminal_shows_what_it_can(cwd):
    ended = subprocess.run(
        command("pronounce", "\U0001f642", "--checkpoint", "\u05e9"),
        cwd=cwd,
        env=environment(cwd, PYTHONIOENCODING="ascii", PYTHONUTF8="0"),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert ended.stderr == b"error: \\u05e9: no such checkpoint; train one with `unrolled train`\n"


def test_every_argument_of_a_model_and_of_a_recipe_is_an_option():
    named = {key for spec in models.NAMED.values() for key in spec.arguments}
    fixed = {"bidirectional", "attention"}  # they make the name of the model
    assert {field.name for field in fields(options.Architecture)} == named - fixed
    chosen = {field.name for field in fields(options.Training)}
    fixed = {"optimizer", "schedule", "warm_up", "clip_norm", "epsilon", "sample"}
    assert chosen == {field.name for field in fields(Recipe)} - fixed


def test_a_group_of_options_is_spread_and_gathered():
    received = {}

    @options.spread
    def command(*, before: int = 1, words: Words, after: bool = False) -> None:
        """What it does."""
        received.update(before=before, words=words, after=after)

    assert list(inspect.signature(command).parameters) == [
        "before", "train", "valid", "test", "case", "after"
    ]  # fmt: skip
    assert command.__doc__ == "What it does."
    command(before=2, train=Path("a"), valid=None, test=None, case=None, after=True)
    assert received == {"before": 2, "words": Words(Path("a")), "after": True}
    assert received["words"].given == {"train": Path("a")}
