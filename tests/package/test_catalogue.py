"""The catalogue of cells: that all else follows it, and what a new cell has to touch."""

import ast
import re
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
import torch
import unrolled.keras.cells as keras_cells
import unrolled.numpy.cells as numpy_cells
import unrolled.torch.cells as torch_cells
from places import ROOT
from unrolled import cells, cli, models
from unrolled.cells import CELLS, FAMILIES
from unrolled.errors import UserError
from unrolled.experiments import cells as runs
from unrolled.experiments import census, suite
from unrolled.tasks import pronunciation

LIBRARIES = (numpy_cells, torch_cells, keras_cells)
with_cells = pytest.mark.parametrize("name", CELLS)


def test_importing_it_loads_no_library():
    code = "import sys; before = set(sys.modules); import unrolled.cells; "
    code += "print(sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(done.stdout))
    assert loaded - sys.stdlib_module_names == {"unrolled"}


def test_no_two_cells_have_a_name_in_common():
    for column in ("name", "kind", "title", "label", "full_title", "note"):
        assert len({getattr(cell, column) for cell in CELLS.values()}) == len(CELLS), column
    assert [cell.name for cell in CELLS.values()] == list(CELLS)
    assert list(census.TITLES) == list(CELLS)


def test_the_order_is_that_of_the_families():
    assert [name for names in FAMILIES.values() for name in names] == list(CELLS)
    assert all(FAMILIES.values())


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_each_library_has_every_cell_and_no_other(library):
    assert list(library.CELLS) == list(CELLS)
    for name, kind in library.CELLS.items():
        assert issubclass(kind, library.Recurrent)
        assert kind.__name__ == CELLS[name].kind
        assert kind.__module__ == f"{library.__name__}.{CELLS[name].module}"
        assert getattr(library, kind.__name__) is kind  # by `from ... import` as well
    for names in FAMILIES.values():
        module = import_module(f"{library.__name__}.{CELLS[names[0]].module}")
        assert sorted(module.__all__) == sorted(CELLS[name].kind for name in names)


def test_a_class_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setitem(CELLS, "new", cells.Cell(**{**vars(CELLS["mgu"]), "kind": "New"}))
    with pytest.raises(AttributeError, match="gated' has no attribute 'New'"):
        cells.classes("unrolled.torch.cells")


@with_cells
def test_those_are_parallel_whose_classes_are(name):
    for library in (torch_cells, keras_cells):
        kind = library.CELLS[name]
        assert kind.parallel == CELLS[name].parallel
        whole = kind.forward if library is torch_cells else kind.call
        assert not kind.parallel or whole is not getattr(library.Recurrent, whole.__name__)
    assert CELLS[name].linear or not CELLS[name].parallel


@with_cells
def test_those_are_fused_whose_loop_is_one_call(name, monkeypatch):
    """But for the echo state, an Elman layer that is not trained."""
    called = []
    for kernel in ("rnn_tanh", "lstm", "gru"):
        inner = getattr(torch, kernel)
        monkeypatch.setattr(
            torch, kernel, lambda *a, inner=inner, **b: called.append(inner) or inner(*a, **b)
        )
    layer = torch_cells.CELLS[name](3, 5)
    layer(torch.randn(2, 6, 3))
    assert len(called) == (CELLS[name].fused or name == "echo-state")
    layer.unroll(torch.randn(2, 6, 3))
    assert len(called) <= 1


@pytest.mark.parametrize("name", cells.SPEAKING)
def test_the_first_state_of_a_speaking_cell_is_its_output(name):
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    outputs, state = numpy_cells.CELLS[name](4, 5).forward(x)
    assert np.array_equal(state[0], outputs[:, -1])


def test_each_family_draws_its_cells_and_no_others():
    for names in FAMILIES.values():
        module = f"unrolled.pictures.diagrams.circuits.{CELLS[names[0]].module}"
        assert sorted(import_module(module).CIRCUITS) == sorted(names)


def test_a_model_may_have_each_cell_and_a_decoder_those_that_speak():
    assert models.spec("basic").cells == tuple(CELLS)
    assert models.spec("encoder-decoder").cells == cells.SPEAKING


def test_the_command_line_lists_the_cells(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "600")
    assert cli.main(["train", "--help"]) == 0
    assert f"Cells: {', '.join(CELLS)}." in capsys.readouterr().out
    for name in CELLS:
        assert cli.main(["train", "--model", "window", "--cell", name]) == 2
        assert "the window model has no cell" in capsys.readouterr().err
    assert cli.main(["train", "--model", "basic", "--cell", "new"]) == 2
    assert f"'new' is not one of {', '.join(map(repr, CELLS))}" in capsys.readouterr().err


def test_every_cell_is_tuned():
    assert list(runs.WIDTHS) == list(runs.RATES) == list(CELLS)
    assert set(runs.RATES.values()) <= set(runs.GRID)


@pytest.mark.parametrize(
    ("table", "suites", "says"),
    [
        (runs.WIDTHS, ("cells-tuning", "cells"), "the cell mgu has no width; write the one"),
        (runs.RATES, ("cells",), "the cell mgu has no learning rate; run 'unrolled experiments"),
    ],
)
def test_a_cell_that_is_not_tuned_is_named(table, suites, says, monkeypatch):
    monkeypatch.delitem(table, "mgu")
    for name in suites:
        with pytest.raises(UserError, match=says):
            suite.runs_of(name)
    for name in suite.SUITES.keys() - set(suites):
        assert suite.runs_of(name)


@pytest.fixture(scope="module")
def sizes():
    """How many letters and tags the whole dictionary has."""
    data = pronunciation.load()
    return len(data.letters), len(data.tags)


@with_cells
def test_each_width_comes_closest_to_the_parameters(name, sizes):
    from unrolled.studies.recall import num_parameters
    from unrolled.torch import taggers

    def off(hidden_size: int) -> int:
        spec = models.spec("bidirectional", cell=name, hidden_size=hidden_size)
        tagger = getattr(taggers, spec.kind)(*sizes, **spec.arguments)
        return abs(num_parameters(tagger) - suite.PARAMETERS)

    width = runs.WIDTHS[name]
    assert min((width - 1, width, width + 1), key=off) == width


def naming(cell: cells.Cell, texts: dict[str, str]) -> set[str]:
    """The files that name a cell, its class or its source; the texts are in lower case."""
    words = "|".join(map(re.escape, (cell.name, cell.kind, *cell.source.split(","))))
    word = re.compile(rf"\b({words.lower()})\b")
    return {name for name, text in texts.items() if word.search(text)}


def test_a_cell_touches_the_files_that_the_guide_names():
    """Lessons name some cells in other files as well, but no file needs to name them all."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    listing = subprocess.run(listed, cwd=ROOT, check=False, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("this is no checkout")
    texts = {
        name: (ROOT / name).read_bytes().decode("utf-8", errors="ignore").lower()
        for name in listing.stdout.splitlines()
        if not name.startswith(("tests/", "book/results/")) and (ROOT / name).is_file()
    }
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = guide.partition("## How to add a cell\n")[2].partition("\n## ")[0]
    recipe = re.findall(r"^\d\. `([^`]+)`", section, re.M)
    assert len(recipe) == 8
    assert "touches eight files by hand" in section
    named = {name: naming(cell, texts) for name, cell in CELLS.items()}
    expected = {
        name: {file.replace("FAMILY", cell.module) for file in recipe}
        for name, cell in CELLS.items()
    }
    assert all(expected[name] <= named[name] for name in CELLS)
    plain = [name for name in CELLS if expected[name] == named[name]]
    assert plain, min(named.values(), key=len)
