"""What every page of the book must hold, read from its source."""

import subprocess
import sys
import textwrap
from pathlib import Path

import jupytext
import pytest
import yaml
from pages import is_notebook, mirror, notebooks
from places import BOOK, ROOT
from typed_numbers import typed_numbers

PAGES = [page for page in sorted((BOOK).rglob("*.md")) if page.name != "README.md"]


def front_matter(page: str) -> dict:
    return yaml.safe_load(page.split("---\n")[1]) if page.startswith("---\n") else {}


def header_faults(page: str) -> list[str]:
    """A page with cells and without this header is read as plain Markdown: its cells vanish."""
    header = front_matter(page)
    wanted = {
        "jupytext: text_representation: format_name: myst": header.get("jupytext", {})
        .get("text_representation", {})
        .get("format_name")
        == "myst",
        "kernelspec: name: python3": header.get("kernelspec", {}).get("name") == "python3",
    }
    return [name for name, holds in wanted.items() if not holds]


HEADER = textwrap.dedent("""\
    ---
    jupytext:
      text_representation:
        extension: .md
        format_name: myst
    kernelspec:
      display_name: Python 3
      name: python3
    ---
    """)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_number_is_typed_into_the_prose(page: Path) -> None:
    numbers = list(typed_numbers(page.read_text(encoding="utf-8")))
    assert not numbers, "put each behind {glue}, or give its source with {cite} or % given"


@pytest.mark.parametrize("page", list(notebooks(BOOK)), ids=lambda page: page.stem)
def test_a_page_with_cells_is_read_as_a_notebook(page: Path) -> None:
    assert header_faults(page.read_text(encoding="utf-8")) == []


def test_a_header_without_its_parts_is_found() -> None:
    assert header_faults(HEADER + "text") == []
    assert header_faults(HEADER.replace("format_name: myst", "format_name: md"))
    assert header_faults(HEADER.replace("name: python3", "name: ir"))
    assert len(header_faults("# A page\n")) == 2


def test_all_pages_are_in_the_contents() -> None:
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8").split()
    missing = [p for p in PAGES if p.relative_to(ROOT).with_suffix("").as_posix() not in contents]
    assert not missing


@pytest.mark.parametrize(
    "line",
    [
        "The error is 0.09 here.",
        "It falls to .09 at last.",
        "Half of it, 50 %, is gone; `code 0.5` stays.",
        "That is 50% more.",
        "That is 12 per cent more.",
        "## A heading with 1.5 of it",
        "- a list with 1.5",
        "| a | b |\n|---|---|\n| x | 0.5 |",
        "> quoted: 3.5 s",
        "[a link of 1.5](https://example.org)",
        "![a picture of 1.5](x.png)",
        "```{note}\n:class: tip\nIn a directive 2.5\n```",
        "```{note} A title 2.5\n```",
        "::::{tab-set}\n:::{tab-item} A\nNested 2.5\n:::\n::::",
        "% given\nA first paragraph.\n\nA second with 2.5.",
    ],
)
def test_a_typed_number_is_found(line: str) -> None:
    assert len(list(typed_numbers(f"# T\n\n{line}\n"))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "The error is {glue:text}`per:.3f` here.",
        "In `code 0.5` and $x = 0.5$ and [a link](https://example.org/0.5).",
        "Elman reports 0.5 {cite}`elman1990`.",
        "A given 0.5 % given",
        "% given\nThe dropout is 0.5 there\nand 0.7 here.",
        "$$\ny = 0.5 x\n$$",
        "\\begin{align}\ny = 0.5 x\n\\end{align}",
        "```python\nx = 0.5\n```",
        "```{code-cell} ipython3\nx = 0.5\n```",
        "```{math}\ny = 0.5\n```",
        ":::{figure} x.png\n:width: 50%\nA caption.\n:::",
        "Three letters of 26, in 1990, see 1.2.3 and v1.0 and x2.5.",
    ],
)
def test_what_is_given_or_computed_passes(line: str) -> None:
    assert list(typed_numbers(f"---\nversion: 0.13\n---\n\n{line}\n")) == []


def test_a_number_is_named_by_its_line() -> None:
    note = "```{note} T\n:class: tip\none\ntwo 2.5\n```\n"
    page = f"# T\n\none\ntwo 0.5\n\n{note}\n| a |\n|---|\n| 0.5 |\n"
    assert [line for line, _ in typed_numbers(page)] == [4, 9, 14]


def test_notebooks_are_mirrored_with_their_cells_and_files(tmp_path: Path) -> None:
    book, out = tmp_path / "book", tmp_path / "out"
    (book / "part").mkdir(parents=True)
    (out / "old").mkdir(parents=True)
    (book / "part" / "page.md").write_text(HEADER + "# T\n\n```{code-cell} python\nx = 1\n```\n")
    (book / "part" / "plain.md").write_text("# T\n")
    (book / "part" / "data.json").write_text("{}")
    written = mirror(book, out)
    assert written == [out / "part" / "page.ipynb"]
    cells = jupytext.read(written[0]).cells
    assert [c.source for c in cells if c.cell_type == "code"] == ["x = 1"]
    assert (out / "part" / "data.json").exists()
    assert not (out / "old").exists()
    assert not is_notebook(book / "part" / "plain.md")


@pytest.mark.parametrize(("cell", "fault"), [("import os\n", "F401"), ("x = undefined", "F821")])
def test_cells_are_linted(tmp_path: Path, cell: str, fault: str) -> None:
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "page.md").write_text(f"{HEADER}```{{code-cell}} python\n{cell}\n```\n")
    (written,) = mirror(tmp_path / "book", tmp_path / "out")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", str(written)]
    assert fault in subprocess.run(command, capture_output=True, text=True, check=False).stdout
