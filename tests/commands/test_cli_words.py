"""Lists of words in and out of the commands: read, scored, written, and never written over."""

import errno
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cli_runs import command, environment, json_of
from unrolled import cli
from unrolled.cli import output
from unrolled.experiments import store
from unrolled.tasks.pronunciation import read_tsv
from unrolled.training import checkpoints

WORDS = ["".join(parts) for parts in itertools.product("bdg", "aeo", "klmn", "t")]
MODEL = "models/basic-elman-pytorch.safetensors"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")


def dictionary(words: list[str]) -> str:
    """Each letter stands for itself."""
    return "".join(f"{word}\t{' '.join(word)}\n" for word in words)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dictionary and a small model trained on it."""
    folder = tmp_path_factory.mktemp("words")
    (folder / "words.tsv").write_text(dictionary(WORDS), encoding="utf-8")
    train = ("train", "--model", "basic", "--train", "words.tsv", "--hidden-size", "6", "--json")
    ended = subprocess.run(
        command(*train, "--epochs", "2", "--batch-size", "8"),
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    (folder / "trained.json").write_text(ended.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def here(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    return tmp_path


def refusal(capsys, *args: str) -> str:
    assert cli.main(list(args)) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_what_an_exercise_asks_for_is_in_the_record(here):
    told = json.loads((here / "trained.json").read_text("utf-8"))
    facts = checkpoints.read(here / MODEL).facts
    for part in ("recipe", "versions", "machine"):
        assert told[part] == facts[part]
    assert told["seed"] == told["recipe"]["seed"] == 0
    assert told["recipe"]["batch_size"] == 8
    assert told["machine"]["threads"] >= 1
    assert {"unrolled", "numpy", "torch"} <= told["versions"].keys()
    weights = checkpoints.read(here / MODEL).arrays
    assert told["parameters"] == sum(array.size for array in weights.values())


@pytest.mark.parametrize("place", ["train", "MODEL", "link"])
@pytest.mark.parametrize("name", ["evaluate", "train"])
def test_no_output_falls_on_an_input(name, place, here, capsys):
    (here / "link.tsv").hardlink_to(here / "words.tsv")
    target = {"train": "words.tsv", "MODEL": MODEL, "link": "link.tsv"}[place]
    before = (here / target).read_bytes()
    model = ("--checkpoint", MODEL) if name == "evaluate" else ("--model", "basic", "--out", MODEL)
    args = (name, *model, "--train", "words.tsv", "--predictions", target)
    assert re.match(r"error: --predictions \S+ is the file of ", refusal(capsys, *args))
    assert (here / target).read_bytes() == before


def test_outputs_do_not_fall_on_each_other(here, capsys):
    own = ("train", "--model", "window", "--train", "words.tsv", "--out", "new.safetensors")
    assert "is the file of" in refusal(capsys, *own, "--predictions", "new.safetensors")
    assert "unfinished run" in refusal(capsys, *own, "--predictions", "new.safetensors.part")
    assert "is the file of" in refusal(capsys, "train", "--model", "basic", "--train", "words.tsv",
                                       "--out", "words.tsv")  # fmt: skip
    assert not (here / "new.safetensors").exists()


@POSIX
def test_devices_are_written_to_and_stay(here, capsys):
    args = ("evaluate", "--train", "words.tsv", "--predictions")
    assert cli.main([*args, "/dev/null"]) == 0
    assert Path("/dev/null").is_char_device()
    os.mkfifo(here / "pipe")
    reader = subprocess.Popen(["cat", here / "pipe"], stdout=subprocess.PIPE, encoding="utf-8")
    assert cli.main([*args, "pipe"]) == 0
    assert reader.communicate(timeout=30)[0].count("\t") == 3
    assert "keeps no checkpoint" in refusal(
        capsys, "train", "--model", "basic", "--train", "words.tsv", "--out", "/dev/null"
    )
    assert "it is a folder" in refusal(capsys, *args, "models")


def test_words_alone_are_read_and_not_scored(here, capsys):
    (here / "alone.txt").write_text("bakt\r\ndolt\r\n", encoding="utf-8")
    args = ("evaluate", "--checkpoint", MODEL, "--test", "alone.txt")
    assert "name a file by --predictions" in refusal(capsys, *args)
    told = json_of(capsys, *args, "--predictions", "said.tsv")
    assert told["words"] == 2
    assert "per" not in told
    said = (here / "said.tsv").read_text("utf-8")
    assert [line.split("\t")[0] for line in said.splitlines()] == ["bakt", "dolt"]
    train = ("train", "--model", "basic", "--train", "words.tsv", "--test", "alone.txt")
    train += ("--hidden-size", "6", "--out", "two.safetensors")
    assert "name a file by --predictions" in refusal(capsys, *train)
    told = json_of(capsys, *train, "--predictions", "said.tsv")
    assert told["test"] == {"words": 2}


def test_words_come_from_a_file_or_from_standard_input(here, capsys, monkeypatch):
    (here / "list.txt").write_text("# mine\nbakt\ndolt\n", encoding="utf-8")
    assert cli.main(["pronounce", "--file", "list.txt"]) == 0
    lines = capsys.readouterr().out
    assert [line.split("\t")[0] for line in lines.splitlines()] == ["bakt", "dolt"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"bakt\ndolt\n")))
    assert cli.main(["pronounce", "--file", "-"]) == 0
    assert capsys.readouterr().out == lines
    assert "no words are named" in refusal(capsys, "pronounce")
    assert "not both" in refusal(capsys, "pronounce", "--file", "list.txt", "bakt")


def test_one_unreadable_word_does_not_silence_the_others(here, capsys):
    assert cli.main(["pronounce", "bakt", "\u6f22", "", "dolt"]) == 2
    told = capsys.readouterr()
    assert [line.split(":")[0] for line in told.out.splitlines() if ": " in line] == [
        "bakt",
        "dolt",
    ]
    assert told.err.count("error: ") == 2
    rows = json_of(capsys, "pronounce", "bakt", "", status=2)["words"]
    assert "phonemes" in rows[0]
    assert "empty word" in rows[1]["error"]


def test_predictions_are_scored_as_evaluate_scores_them(here, capsys):
    measured = json_of(capsys, "evaluate", "--train", "words.tsv", "--predictions", "said.tsv")
    words = [line.split("\t")[0] for line in Path("said.tsv").read_text("utf-8").splitlines()]
    (here / "right.tsv").write_text(dictionary(words), encoding="utf-8")
    args = ("score", "--predictions", "said.tsv", "--test", "right.tsv")
    scored = json_of(capsys, *args)
    for name in ("per", "wer", "words", "wrong", "phonemes", "errors"):
        assert scored[name] == measured[name]
    assert (scored["missing"], scored["repeated"], scored["not_asked_for"]) == (0, 0, 0)

    lines = Path("said.tsv").read_text("utf-8").splitlines()
    changed = [*lines[1:], lines[-1].split("\t")[0] + "\tX", "new\tN", "gone\t"]
    (here / "said.tsv").write_bytes("\r\n".join(changed).encode("utf-8-sig"))
    again = json_of(capsys, *args)
    assert (again["missing"], again["repeated"], again["not_asked_for"]) == (1, 1, 2)
    assert again["words"] == scored["words"]
    assert cli.main(list(args)) == 0
    assert re.search(r"^missing +1$", capsys.readouterr().out, re.MULTILINE)
    (here / "said.tsv").write_text("other\tX\n", encoding="utf-8")
    assert "share no word" in refusal(capsys, *args)


def test_capitals_are_kept_where_that_is_wanted(here, capsys):
    both = [*WORDS, *map(str.upper, WORDS)]
    (here / "both.tsv").write_text(dictionary(both), encoding="utf-8")
    kept = ("--train", "both.tsv", "--case", "keep")
    assert cli.main(["data", "--train", "both.tsv"]) == 0
    assert "--case keep" in capsys.readouterr().err
    told = json_of(capsys, "data", *kept)
    assert {"B", "b"} <= set(told["letters"])
    own = ("--hidden-size", "6", "--out", "both.safetensors")
    trained = json_of(capsys, "train", "--model", "basic", *kept, *own)
    assert trained["next"][1].endswith("--train both.tsv --case keep")
    read = json_of(capsys, "pronounce", "--checkpoint", "both.safetensors", "BAKT", "bakt")
    assert [row["word"] for row in read["words"]] == ["BAKT", "bakt"]
    assert all(letter["known"] for row in read["words"] for letter in row["letters"])
    assert json_of(capsys, "evaluate", "--checkpoint", "both.safetensors", "--train", "both.tsv")


@pytest.mark.parametrize("place", [-3, 40, 400])
def test_one_damaged_byte_is_noticed(place, here, capsys):
    content = bytearray((here / MODEL).read_bytes())
    content[place] ^= 1
    (here / "damaged.safetensors").write_bytes(content)
    told = refusal(capsys, "pronounce", "--checkpoint", "damaged.safetensors", "bakt")
    assert told.startswith("error: damaged.safetensors: ")


DAMAGES = {
    "letters": 3,
    "tags": [1, 2],
    "model": {"name": "basic"},
    "answer": [],
    "inputs": {"kind": "ids"},
    "data": {},
    "framework": "abacus",
    "task": "none",
    "history": None,
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damaged_facts_are_one_line(name, here, capsys):
    whole = checkpoints.read(here / MODEL)
    facts = {**whole.facts, name: DAMAGES[name]}
    checkpoints.write(here / "damaged.safetensors", checkpoints.Checkpoint(whole.arrays, facts))
    for one in (("pronounce", "bakt"), ("evaluate", "--train", "words.tsv")):
        told = refusal(capsys, *one, "--checkpoint", "damaged.safetensors")
        assert told.startswith("error: "), told


@POSIX
def test_a_closed_or_full_output_is_one_line(here):
    shell = "{} | head -c 1 > /dev/null; exit ${{PIPESTATUS[0]}}"
    program = " ".join(command("data", "--train", "words.tsv"))
    for line in (shell.format(program), f"{program} > /dev/full"):
        ended = subprocess.run(
            ["bash", "-c", line], env=environment(here), capture_output=True, encoding="utf-8"
        )
        assert ended.returncode in (0, 2), "what fits into the pipe is not lost"
        assert "Traceback" not in ended.stderr
        assert len(ended.stderr.splitlines()) <= 1
    assert "could not be written" in ended.stderr
    assert output.is_lost(OSError(errno.EPIPE, "closed"))


@POSIX
@pytest.mark.parametrize("name", ["w\udcff.tsv", "w\x1b[31m.tsv", "w\u202e.tsv"])
def test_odd_file_names_reach_no_terminal_raw(name, here, capsys):
    (here / name).write_text("# mine\n" + dictionary(WORDS), encoding="utf-8")
    for args in (("data",), ("train", "--model", "basic", "--hidden-size", "6", "--out", "x.st")):
        assert cli.main([*args, "--train", name]) == 0
        told = capsys.readouterr()
        printed = (told.out + told.err).replace("\n", "")
        assert printed.isprintable(), printed
    assert read_tsv(here / name)
    assert refusal(capsys, "data", "--train", "no" + name).isprintable()


@pytest.mark.parametrize("name", ["train", "evaluate", "pronounce", "score", "export", "data"])
def test_choices_do_not_break_in_a_narrow_terminal(name, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERMINAL_WIDTH", "40")
    assert cli.main([name, "--help"]) == 0
    told = capsys.readouterr().out
    words = set(re.split(r"[^\w-]+", told))
    if name in ("train", "evaluate", "pronounce", "export"):
        assert {"stacked-bidirectional", "encoder-decoder-attention", "stack-augmented"} <= words
    assert max(map(len, told.splitlines())) <= 40


def test_a_doubled_line_of_the_store_is_no_second_run(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    line = json.dumps({"run": "one", "seed": 0}) + "\n"
    store.path("basic").write_text(line + '{"run": "two", "seed": 0}\n' + line, encoding="utf-8")
    assert [row["run"] for row in store.rows("basic")] == ["one", "two"]


def test_a_repeated_word_of_predictions_goes_back_into_training(here, capsys):
    (here / "said.tsv").write_text("bakt\tB\ndolt\t-\n", encoding="utf-8")
    told = refusal(capsys, "data", "--train", "said.tsv")
    assert re.search(r"said\.tsv, line 2: '-' alone .* give its phonemes", told)
