"""The link at the foot of each section, to ask or to report."""

from pathlib import Path

import pytest
import small_site
from bs4 import BeautifulSoup
from unrolled_book.finishing import ask
from unrolled_book.origin import Origin

TRACKER = Origin("https://github.com/us/book", "github", "main")
SITE = "https://book.example/b/"
PAGE = """\
# The `x` page

Why?

## First & \\<last>

One.

### Deeper

Two.

## Second

```{exercise} Why
:label: why

Two?
```

Three.
"""


def build(folder: Path, book: Origin, monkeypatch: pytest.MonkeyPatch) -> BeautifulSoup:
    """A page of a book from this repository."""
    monkeypatch.setattr(ask, "source", lambda config: book)
    (folder / "index.md").write_text(PAGE, encoding="utf-8")
    parts = ["myst_parser", "sphinx_exercise", "unrolled_book.finishing.ask"]
    assert small_site.build(folder, fresh=True, extensions=parts, html_baseurl=SITE) == ""
    page = (folder / "out" / "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(page, "html.parser")


def test_each_section_begins_an_issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = build(tmp_path, TRACKER, monkeypatch)
    links = {a.parent.parent["id"]: a for a in page.select("section > p.ask > a")}
    assert list(links) == ["the-x-page", "first-last", "deeper", "second"]
    assert links["first-last"]["href"] == TRACKER.new_issue(
        "The x page: First & <last>",
        f"Page: {SITE}index.html#first-last\nSection: First & <last>\n\n",
    )
    assert links["first-last"].get_text() == "Ask or report a mistake: First & <last>"
    assert links["the-x-page"]["href"] == TRACKER.new_issue(
        "The x page", f"Page: {SITE}index.html#the-x-page\nSection: The x page\n\n"
    )
    assert links["second"].parent.find_previous_sibling("p").get_text() == "Three."
    assert not page.select("p.ask [onclick], p.ask script, p.ask button")


def test_nobody_is_asked_where_there_is_no_tracker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = build(tmp_path, Origin("", "", "main"), monkeypatch)
    assert len(page.select("section")) == 5  # with that of the exercise
    assert not page.select(".ask")


def test_neither_the_search_nor_its_words_know_the_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, TRACKER, monkeypatch)
    index = (tmp_path / "out" / "searchindex.js").read_text(encoding="utf-8")
    assert "deeper" in index
    assert "report" not in index


def test_a_section_has_its_link_behind_its_own_text() -> None:
    body = (
        '<section class="x" id="a"><h1>A</h1><section id="content"><p>a</p></section>'
        '<section id="b"><h2>B</h2><section><p>b</p></section></section><p>foot</p></section>'
    )
    assert ask.with_links(body, {"a": "[A]", "b": "[B]"}) == (
        '<section class="x" id="a"><h1>A</h1><section id="content"><p>a</p></section>[A]'
        '<section id="b"><h2>B</h2><section><p>b</p></section>[B]</section><p>foot</p></section>'
    )


def test_where_the_site_has_no_address_an_issue_names_the_file() -> None:
    titles = {"a": "A", "b": "B"}
    address = ask.issue(TRACKER, titles, "b", "", "book/a.md")
    assert address.endswith("?title=A%3A%20B&body=Page%3A%20book%2Fa.md%0ASection%3A%20B%0A%0A")
