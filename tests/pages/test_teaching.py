"""The teachers' page: its commands run, and what it says of the book is true."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import claims
import pages
import pytest
from cli_runs import write_words
from places import BOOK, ROOT
from unrolled import cli
from unrolled.experiments import store
from unrolled.models import CELLS
from unrolled.tasks import pronunciation

PAGE = (BOOK / "teaching.md").read_text(encoding="utf-8")
says = partial(claims.says, "teaching")
NOTEBOOKS = [page.relative_to(BOOK).with_suffix("").as_posix() for page in pages.notebooks(BOOK)]
SHOWN = "\n".join(re.findall(r"^```\{code-block\} sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
IN_TABLES = re.findall(r"^\|[^|\n]+\| `(unrolled [^`]+)` \|", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the dictionary of the page's own cell as words.tsv."""
    (cell,) = re.findall(r"^```\{code-cell\} python3\n(import random.*?)^```", PAGE, re.M | re.S)
    names: dict[str, object] = {}
    exec(cell.partition("\n\nprint(")[0], names)
    folder = tmp_path_factory.mktemp("invented")
    (folder / "words.tsv").write_text(names["invented"](2027, reach=2), encoding="utf-8")
    return folder


@pytest.fixture
def cwd(invented: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(invented)
    monkeypatch.setenv("UNROLLED_CACHE", str(invented / "cache"))
    return invented


def typed(text: str) -> list[list[str]]:
    """The commands of this package in what the page shows."""
    lines = text.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("unrolled ")]


def json_of(capsys: pytest.CaptureFixture[str], args: list[str]) -> dict:
    assert cli.main([*args, "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_the_invented_language_is_read_with_its_reach_and_not_before(cwd, capsys):
    says("misreads about half of the words, the one that answers two letters late few")
    says("and the one that reads both ways almost none")
    block = PAGE.split("### An invented language")[1].split("### Another dictionary")[0]
    data, *trainings = typed(block)
    assert json_of(capsys, data)["training_words"] > 3000
    records = [json_of(capsys, [*training, "--budget", "live"]) for training in trainings]
    says("prints one object with the model, the data and every epoch")
    keys = {"model", "hidden_size", "data", "checkpoint"}
    assert all(keys <= record.keys() for record in records)
    assert all(len(record["epochs"]) == 8 for record in records)
    late_1, late_2, both = (record["best"]["wer"] for record in records)
    assert 0.35 < late_1 < 0.65
    assert late_2 < 0.15
    assert both < 0.02


def test_the_commands_for_another_dictionary_do_what_they_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    write_words(tmp_path / "words.tsv")
    lines = (tmp_path / "words.tsv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "others.tsv").write_text("".join(lines[::10]), encoding="utf-8")
    example = re.search(r"^```text\n(hate\t.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    rest = [line for n, line in enumerate(lines) if n % 10]
    (tmp_path / "words.tsv").write_text("".join([*rest, example[1]]), encoding="utf-8")
    block = PAGE.split("### Another dictionary")[1].split("\n### ")[0]
    commands = typed(block)
    assert [command[0] for command in commands] == ["data", "data", "train", "evaluate", "train"]
    for command in commands:
        json_of(capsys, command)
    read = pronunciation.load(tmp_path / "words.tsv")
    (both,) = [part["read"] for part in (read.train_words, read.valid, read.test) if "read" in part]
    assert sorted(both) == [("R", "EH", "D"), ("R", "IY", "D")]
    assert len((tmp_path / "said.tsv").read_text("utf-8").splitlines()) == len(lines[::10])


@pytest.mark.parametrize("line", IN_TABLES)
def test_a_command_of_the_table_is_understood(line, cwd, capsys, monkeypatch):
    """The command and its options are real; it is stopped where it would read the words."""

    class Reached(Exception):  # noqa: N818
        pass

    def stop(*_args: object, **_options: object) -> None:
        raise Reached

    monkeypatch.setattr("unrolled.tasks.pronunciation.load", stop)
    with pytest.raises(Reached):
        cli.main(shlex.split(line)[1:])


def test_the_table_has_every_kind_of_change():
    options = " ".join(IN_TABLES)
    for option in ("cell", "delay", "window", "kernel-size", "hidden-size", "stress", "seed"):
        assert f"--{option} " in f"{options} "
    assert "--framework keras" in options
    assert re.search(r"--cell (\S+)", options)[1] in CELLS


def test_stress_brings_more_tags():
    says("vowels carry a digit of stress, so there are more tags to choose from")
    plain, stressed = (pronunciation.read_cmudict(stress=stress) for stress in (False, True))
    phonemes = [{p for v in d.values() for one in v for p in one} for d in (plain, stressed)]
    assert len(phonemes[1]) > len(phonemes[0])


def test_solutions_can_be_cut_out_and_no_page_misses_a_name(tmp_path):
    """The expression is the page's own, in Python, so that it is tested where there is no perl."""
    says("No page needs a cell of a solution.")
    (pattern,) = re.findall(r"perl -0pi -e 's/(.*)//gms' ", SHOWN)
    shutil.copytree(BOOK, tmp_path / "book", ignore=shutil.ignore_patterns("results"))
    for page in pages.notebooks(tmp_path / "book"):
        text = page.read_text(encoding="utf-8")
        cut = re.sub(pattern, "", text, flags=re.MULTILINE | re.DOTALL)
        assert cut.count("{exercise-start}") == text.count("{exercise-start}")
        assert not re.search(r"^`+\{solution-", cut, re.MULTILINE)
        glued = set(re.findall(r"\{glue:text\}`([^`:]+)", cut))
        assert {name for name in glued if f"{name}=" not in cut} <= {
            name for name in glued if f"{name}=" not in text
        }
        page.write_text(cut, encoding="utf-8")
    out = tmp_path / "out"
    pages.mirror(tmp_path / "book", out)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F821"]
    done = subprocess.run([*ruff, str(out)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_measured_classroom_is_told_as_it_was():
    room = json.loads((store.FOLDER / "classroom.json").read_text("utf-8"))
    says("since it loads both frameworks")
    for budget in ("smoke", "live"):
        measured = room["notebooks"][budget]
        assert measured.keys() <= set(NOTEBOOKS)
        top = max(measured, key=lambda page: measured[page]["peak_mib"])
        text = (BOOK / f"{top}.md").read_text(encoding="utf-8")
        assert "unrolled.keras" in text or "FRAMEWORKS" in text or '"keras"' in text
    errors = {name: one["wer"] for name, one in room["dictionary"]["trained"].items()}
    assert errors["bidirectional"] < 0.55 * errors["basic"]


def test_another_cell_changes_the_errors_by_some_points():
    says("errors, by some points, and the speed")
    pers = store.table("cells").groupby("name")["PER"].mean()
    assert pers.max() - pers.min() > 3


def test_every_target_that_a_page_names_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in ("index", "teaching"):
        text = (BOOK / f"{page}.md").read_text(encoding="utf-8")
        targets = re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE)
        assert targets
        assert [name for name in targets if not re.search(rf"^{name}:.*##", makefile, re.M)] == []
