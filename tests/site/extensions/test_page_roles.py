"""The roles of the book's pages: how long a page takes to read, and a file of the repository."""

from pathlib import Path

import pytest
import small_site
from bs4 import BeautifulSoup
from unrolled_book import origin
from unrolled_book.writing import reading_time

ORIGIN = origin.Origin("https://github.com/a/b", "github", "main")
WORDS = "word " * (25 * reading_time.PACE)


def built(folder: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> tuple[BeautifulSoup, str]:
    """A site of two pages, the front page and one of many words, and the warnings of its build."""
    monkeypatch.setattr(origin, "source", lambda config: ORIGIN)
    (folder / "part").mkdir()
    (folder / "index.md").write_text(f"# T\n\n{index}\n\n```{{toctree}}\npart/long\n```\n")
    (folder / "part" / "long.md").write_text(f"# L\n\n{WORDS}\n\n{{reading-time}}`../index`\n")
    return build(folder, fresh=True)


def build(folder: Path, *, fresh: bool = False) -> tuple[BeautifulSoup, str]:
    """The front page of a site, and the warnings of its build."""
    roles = ["unrolled_book.writing.reading_time", "unrolled_book.writing.source_links"]
    warnings = small_site.build(folder, fresh=fresh, extensions=["myst_parser", *roles])
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(page, "html.parser"), warnings


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


def test_a_page_is_written_anew_when_a_time_has_changed(tmp_path, monkeypatch):
    built(tmp_path, "Few words.", monkeypatch)
    tells, front = tmp_path / "out" / "part" / "long.html", tmp_path / "index.md"
    assert "5 min" in tells.read_text(encoding="utf-8")
    first = tells.stat().st_mtime_ns
    build(tmp_path)
    assert tells.stat().st_mtime_ns == first
    front.write_text(front.read_text(encoding="utf-8") + WORDS, encoding="utf-8")
    build(tmp_path)
    assert "25 min" in tells.read_text(encoding="utf-8")


def test_what_is_not_there_is_a_warning(tmp_path, monkeypatch):
    _, warnings = built(tmp_path, "{reading-time}`part/gone`, {source}`gone.py`", monkeypatch)
    assert "no page part/gone" in warnings
    assert "no file gone.py" in warnings
