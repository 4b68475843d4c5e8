"""The roles of the book's pages: how long a page takes to read, and a file of the repository."""

import io
from pathlib import Path

import notebooks
import pytest
import reading_time
from bs4 import BeautifulSoup
from sphinx.application import Sphinx

ORIGIN = notebooks.Origin("a/b", "main", published=False)
WORDS = "word " * (25 * reading_time.PACE)


def built(folder: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> tuple[BeautifulSoup, str]:
    """A site of two pages, the front page and one of many words, and the warnings of its build."""
    monkeypatch.setattr(notebooks, "source", lambda config: ORIGIN)
    (folder / "part").mkdir()
    (folder / "index.md").write_text(f"# T\n\n{index}\n\n```{{toctree}}\npart/long\n```\n")
    (folder / "part" / "long.md").write_text(f"# L\n\n{WORDS}\n\n{{reading-time}}`../index`\n")
    warnings = io.StringIO()
    overrides = {
        "extensions": ["myst_parser", "reading_time", "source_links"],
        "html_theme": "basic",
    }
    app = Sphinx(
        folder,
        None,
        folder / "out",
        folder / "trees",
        "html",
        overrides,
        status=None,
        warning=warnings,
        freshenv=True,
    )
    app.build()
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(page, "html.parser"), warnings.getvalue()


@pytest.mark.parametrize(
    ("words", "expected"),
    [(0, 5), (reading_time.PACE * 6, 5), (reading_time.PACE * 8, 10), (reading_time.PACE * 50, 50)],
)
def test_minutes_are_rounded_to_five(words, expected):
    assert reading_time.minutes(words) == expected


def test_a_time_and_a_source_are_written(tmp_path, monkeypatch):
    index = "{reading-time}`part/long`, {source}`README.md`, {source}`the tests <tests>`"
    page, warnings = built(tmp_path, index, monkeypatch)
    assert warnings == ""
    assert "25 min" in page.get_text()
    links = {a.get_text(): a["href"] for a in page.select("a[href^=https]")}
    assert links["README.md"] == "https://github.com/a/b/tree/main/README.md"
    assert links["the tests"] == "https://github.com/a/b/tree/main/tests"


def test_what_is_not_there_is_a_warning(tmp_path, monkeypatch):
    _, warnings = built(tmp_path, "{reading-time}`part/gone`, {source}`gone.py`", monkeypatch)
    assert "no page part/gone" in warnings
    assert "no file gone.py" in warnings
