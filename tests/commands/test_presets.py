"""Recipes by name on the command line: the model, its training, and what it reads at the end."""

import json
from pathlib import Path

import pytest
from cli_runs import write_words
from unrolled import cli, models
from unrolled.models import presets, saved
from unrolled.tasks import pronunciation
from unrolled.training import checkpoints

SMALL = [
    "--hidden-size",
    "8",
    "--embedding-size",
    "4",
    "--num-layers",
    "1",
    "--epochs",
    "1",
    "--batch-size",
    "16",
]
DATA = ("--train", "words.tsv", "--test", "test.tsv")
TRAIN = ("train", "--preset", "benchmark", *SMALL, *DATA)


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with training words, and test words that are not among them."""
    words = write_words(tmp_path / "words.tsv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "words.tsv").write_text("\n".join(words[40:]) + "\n", encoding="utf-8")
    (tmp_path / "test.tsv").write_text("\n".join(words[:40]) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line with which a command refuses."""
    assert cli.main(list(args)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


def test_every_preset_is_of_a_model_that_can_be_built():
    for name, preset in presets.PRESETS.items():
        spec = models.changed(preset.spec, hidden_size=2, embedding_size=2, num_layers=1)
        assert spec.name == name
        assert models.build("pytorch", spec, 5, 6, seed=0).answer == spec.answer


@pytest.mark.parametrize("framework", ["pytorch", pytest.param("keras", marks=pytest.mark.slow)])
def test_it_trains_measures_and_writes_what_it_reads(cwd, capsys, framework):
    more = ("--predictions", "predictions.tsv", "--framework", framework, "--json")
    assert cli.main([*TRAIN, "--epochs", "12", *more]) == 0, capsys.readouterr().err
    result = json.loads(capsys.readouterr().out)
    references = pronunciation.read_tsv(cwd / "test.tsv")
    lines = (cwd / "predictions.tsv").read_text(encoding="utf-8").splitlines()
    predictions = {word: tuple(p.split()) for word, p in (line.split("\t") for line in lines)}
    assert predictions.keys() == references.keys()
    score = pronunciation.score(predictions, references)
    assert result["test"] == {"per": score.per, "wer": score.wer, "words": len(references)}
    assert score.per < 0.6  # each letter has its own phoneme; one for all would be wrong in most
    assert [path.name for path in cwd.glob(".*.tmp")] == []


def test_the_checkpoint_tells_the_preset_with_what_was_changed(cwd, capsys):
    assert cli.main([*TRAIN, "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    assert f"on {len(pronunciation.read_tsv(cwd / 'test.tsv'))} test words" in printed
    path = saved.default_path(presets.PRESETS["benchmark"].spec, "pytorch")
    facts, preset = checkpoints.read(path).facts, presets.PRESETS["benchmark"]
    changed = {"hidden_size": 8, "embedding_size": 4, "num_layers": 1}
    assert facts["model"]["kind"] == preset.spec.kind
    assert facts["model"]["arguments"] == {**preset.spec.arguments, **changed}
    assert facts["recipe"]["seed"] == 3
    assert facts["recipe"]["batch_size"] == 16
    assert facts["recipe"]["label_smoothing"] == preset.recipe["label_smoothing"]
    for command in [line[12:] for line in printed.splitlines() if line.startswith("next")]:
        last = command.replace("knuth hate", "gab")
        assert cli.main(last.split()[1:]) == 0, capsys.readouterr().err


def test_without_a_test_file_only_predictions_ask_for_the_test_words(cwd, capsys):
    alone = [*TRAIN[:-2], "--json"]
    assert cli.main(alone) == 0
    assert "test" not in json.loads(capsys.readouterr().out)
    assert cli.main([*alone, "--predictions", "predictions.tsv"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["already_trained"]  # it only reads
    assert result["test"]["words"] == len((cwd / "predictions.tsv").read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        (("--preset", "best"), "'best' is not"),
        (("--preset", "benchmark", "--model", "basic"), "leave --model out"),
        (("--preset", "benchmark", "--budget", "live"), "leave --budget out"),
        (("--preset", "benchmark", "--window", "3"), "benchmark model has no window"),
        (("--preset", "benchmark", "--predictions", "."), "it is a folder"),
        (("--preset", "benchmark", "--predictions", "no/predictions.tsv"), "there is no folder no"),
        (("--preset", "benchmark", "--test", "none.tsv"), "none.tsv"),
        (("--preset", "benchmark", "--test", "words.tsv"), "are also in"),
        ((), "give '--model' or '--preset'"),
    ],
)
def test_a_mistake_is_told_in_one_line_before_anything_is_trained(cwd, capsys, changes, what):
    assert what in refusal(capsys, "train", "--train", "words.tsv", *changes)
    assert not (cwd / "models").exists() or not list((cwd / "models").glob("*.part"))
