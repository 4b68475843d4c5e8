"""The pages of a site bound into one: ids kept apart, links inside the book, the contents."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from unrolled_book.printing import binding

BASE = "https://example.org/book/"
NAV = """
<nav class="bd-links"><a class="reference internal" href="#">Front</a>
<p class="caption">Theory</p><a class="reference internal" href="theory/one.html">One</a>
<p class="caption">Practice</p><a class="reference internal" href="practice/two.html">Two</a></nav>
"""
FRONT = f"""<html><head><link rel="stylesheet" href="../_static/book.css?v=1"></head><body>{NAV}
<article><section id="front"><h1>Front<a class="headerlink" href="#front">#</a></h1>
<a href="theory/one.html">first</a> <a href="theory/one.html#end">its end</a>
<a href="theory/one.ipynb">notebook</a> <a href="https://example.com/x">out</a></section></article>
"""
ONE = """<article><section id="one"><h1>One, <span class="math"><math><mi>x</mi></math></span></h1>
<section id="end"><h2>The end</h2><a href="#one">up</a> <a href="../practice/two.html#end">on</a>
<img src="../../_images/a.png" alt="a"><img src="data:image/png;base64,x" alt="b">
<svg aria-labelledby="t s"><title id="t">T</title><defs><path id="p"/></defs>
<use xlink:href="#p"/><g clip-path="url(#p)"/></svg>
<table id="T_1"><tr><td headers="h">1</td></tr></table>
<details><summary>More</summary>text</details><script>1</script></section></section></article>
"""
TWO = '<article><section id="two"><h1>Two</h1><p id="end">other</p></section></article>'


@pytest.fixture
def book(tmp_path: Path) -> BeautifulSoup:
    pages = {"index": FRONT, "theory/one": ONE, "practice/two": TWO}
    for name, html in pages.items():
        path = tmp_path / "book" / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    bound = binding.bind(tmp_path, "book/index", "A <book>", "<p>Who</p>", BASE)
    return BeautifulSoup(bound.html, "html.parser")


def test_pages_stand_in_the_order_of_the_contents(book: BeautifulSoup) -> None:
    ids = [article["id"] for article in book.select("article")]
    assert ids == ["book-index", "book-theory-one", "book-practice-two"]
    above = [article.select_one(".part").get_text() for article in book.select("article")]
    assert above == ["A <book>", "Theory", "Practice"]
    assert book.title.get_text() == "A <book>"
    assert book.select_one(".cover p").get_text() == "Who"


def test_no_two_places_share_an_id(book: BeautifulSoup) -> None:
    ids = [tag["id"] for tag in book.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {"book-theory-one--end", "book-practice-two--end"} <= set(ids)


def test_every_link_inside_the_book_leads_somewhere(book: BeautifulSoup) -> None:
    ids = {tag["id"] for tag in book.find_all(id=True)}
    inside = [str(tag["href"]) for tag in book.select('a[href^="#"]')]
    assert {link[1:] for link in inside} <= ids
    assert "#book-theory-one" in inside
    assert inside.count("#book-theory-one--end") == 2  # from the front page and the contents
    assert "#book-practice-two--end" in inside


def test_what_is_no_page_of_the_book_is_looked_for_where_it_is_published(
    book: BeautifulSoup,
) -> None:
    outside = [str(tag["href"]) for tag in book.select("a") if not tag["href"].startswith("#")]
    assert outside == [f"{BASE}book/theory/one.ipynb", "https://example.com/x"]


def test_without_an_address_a_link_that_leads_out_of_the_book_is_dropped(tmp_path: Path) -> None:
    soup = BeautifulSoup(FRONT, "html.parser")
    names = frozenset({"book/index", "book/theory/one"})
    article = binding.chapter(soup, "book/index", names, "")
    assert [tag["href"] for tag in article.select("a")] == [
        "#book-theory-one",
        "#book-theory-one--end",
        "https://example.com/x",
    ]
    assert "notebook" in article.get_text()


def test_pictures_and_their_parts_are_found(book: BeautifulSoup) -> None:
    assert [tag["src"] for tag in book.select("img")] == [
        "_images/a.png",
        "data:image/png;base64,x",
    ]
    svg = book.select_one("svg")
    assert svg["aria-labelledby"] == "book-theory-one--t book-theory-one--s"
    assert svg.use["xlink:href"] == "#book-theory-one--p"
    assert svg.g["clip-path"] == "url(#book-theory-one--p)"
    assert book.link["href"] == "_static/book.css?v=1"


def test_what_folds_is_open_and_scripts_are_left_out(book: BeautifulSoup) -> None:
    assert book.details.has_attr("open")
    assert not book.select("script, .headerlink")


def test_tables_keep_the_names_that_their_style_uses(book: BeautifulSoup) -> None:
    assert book.table["id"] == "T_1"


def test_the_contents_hold_parts_chapters_and_sections_with_their_formulas(
    book: BeautifulSoup,
) -> None:
    lines = [
        (len(link.find_parents("ol")), link.get_text(), str(link["href"]))
        for link in book.select(".book-contents a")
    ]
    assert lines == [
        (1, "Front", "#book-index"),
        (1, "Theory", "#book-theory-one"),
        (2, "One, x", "#book-theory-one"),
        (3, "The end", "#book-theory-one--end"),
        (1, "Practice", "#book-practice-two"),
        (2, "Two", "#book-practice-two"),
    ]
    assert book.select_one(".book-contents math")


def test_a_line_of_the_outline_has_no_markup() -> None:
    assert binding.Entry(0, "One <em>two</em> &amp;\n three", "x").text == "One two & three"


def test_a_page_without_an_article_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="part/page"):
        binding.chapter(BeautifulSoup("<p>x</p>", "html.parser"), "part/page", frozenset(), "")
