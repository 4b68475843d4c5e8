"""The encoder-decoder from the command line: trained, measured, and read aloud with a beam."""

import math
from pathlib import Path

import pytest
from cli_runs import SMALL, json_of, write_words
from unrolled import cli
from unrolled.models import saved
from unrolled.tasks.pronunciation.data import END

FRAMEWORKS = ("pytorch", "keras")
DATA = ("--train", "words.tsv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dictionary in which every letter stands for one phoneme."""
    folder = tmp_path_factory.mktemp("phonemes")
    write_words(folder / "words.tsv")
    return folder


@pytest.fixture
def cwd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("UNROLLED_CACHE", str(folder / "cache"))
    return folder


def trained_in(capsys: pytest.CaptureFixture[str], framework: str) -> Path:
    """A checkpoint, trained when it is first asked for."""
    path = Path(f"models/encoder-decoder-attention-lstm-{framework}.safetensors")
    train = ("train", "--model", "encoder-decoder-attention", *SMALL[:-1], "40", *DATA)
    if not path.exists():
        result = json_of(capsys, *train, "--framework", framework, "--learning-rate", "0.02")
        assert result["checkpoint"] == str(path)
        assert result["best"]["per"] < 0.5
    return path


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_it_is_trained_measured_and_carried_across(cwd, capsys, framework):
    checkpoint = ("--checkpoint", str(trained_in(capsys, framework)))
    scores = [
        json_of(capsys, "evaluate", *checkpoint, *DATA, "--framework", f)["errors"]
        for f in FRAMEWORKS
    ]
    assert scores[0] == scores[1], "in either framework the same errors"


def test_a_word_is_read_phoneme_by_phoneme(cwd, capsys):
    checkpoint = ("--checkpoint", str(trained_in(capsys, "pytorch")))
    (word,) = json_of(capsys, "pronounce", *checkpoint, "Gabi")["words"]
    steps = [step["phoneme"] for step in word["steps"]]
    assert word["word"] == "gabi"
    assert steps == [*word["phonemes"], END]
    assert all(0 < step["probability"] <= 1 for step in word["steps"])
    assert cli.main(["pronounce", *checkpoint, "gabi", "g\u00e4bi"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"gabi: {' '.join(word['phonemes'])}"
    assert [line.split()[0] for line in lines[1 : len(steps) + 2]] == ["phoneme", *steps]
    assert "\u00e4  (unknown letter)" in lines


def test_a_beam_shows_what_it_finds(cwd, capsys):
    checkpoint = ("--checkpoint", str(trained_in(capsys, "pytorch")))
    (greedy,) = json_of(capsys, "pronounce", *checkpoint, "gabi")["words"]
    (one,) = json_of(capsys, "pronounce", *checkpoint, "gabi", "--beam", "1")["words"]
    (word,) = json_of(capsys, "pronounce", *checkpoint, "gabi", "--beam", "4")["words"]
    log_p = [reading["log_probability"] for reading in word["readings"]]
    assert one["phonemes"] == one["readings"][0]["phonemes"] == greedy["phonemes"]
    product = math.prod(step["probability"] for step in greedy["steps"])
    assert math.exp(one["readings"][0]["log_probability"]) == pytest.approx(product, rel=1e-4)
    assert len(log_p) == 4
    assert log_p == sorted(log_p, reverse=True)
    assert log_p[0] >= one["readings"][0]["log_probability"] - 1e-6
    assert word["phonemes"] == word["readings"][0]["phonemes"]
    assert cli.main(["pronounce", *checkpoint, "gabi", "--beam", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    best = " ".join(word["phonemes"])
    assert lines[0] == f"gabi: {best}"
    assert lines[2].split() == [*word["phonemes"], f"{math.exp(log_p[0]):.3f}"]


def test_a_long_word_comes_to_an_end(cwd, capsys):
    checkpoint = ("--checkpoint", str(trained_in(capsys, "pytorch")))
    (word,) = json_of(capsys, "pronounce", *checkpoint, "gabi" * 100)["words"]
    assert len(word["phonemes"]) <= 808


def test_a_tagger_has_no_beam(cwd, capsys):
    assert cli.main(["train", "--model", "window", *SMALL, *DATA]) == 0
    capsys.readouterr()
    assert cli.main(["pronounce", "--model", "window", "gabi", "--beam", "3"]) == 2
    line = capsys.readouterr().err
    assert line == "error: the window model tags each letter; --beam is for an encoder-decoder\n"
    assert saved.find("window", None, None).is_file()
