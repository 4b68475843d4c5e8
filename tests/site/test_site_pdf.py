"""The whole book as a PDF: every chapter is in it, and its links work."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import browser
import pikepdf
import pytest
import site_checks
import yaml
from contents import PAGES
from places import ROOT


@pytest.fixture(scope="module")
def book(site: Path) -> Iterator[pikepdf.Pdf]:
    browser.chromium()  # without one there is no PDF, and the test is skipped
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    with pikepdf.open(site / config["sphinx"]["config"]["paper_book"]) as pdf:
        yield pdf


def links(book: pikepdf.Pdf) -> list[pikepdf.Object]:
    return [
        one
        for page in book.pages
        for one in page.get("/Annots", [])
        if one.get("/Subtype") == "/Link"
    ]


def test_every_chapter_stands_in_the_outline_once(book: pikepdf.Pdf, site: Path) -> None:
    with book.open_outline() as outline:
        titles = [item.title for item in outline.root if not item.children]
        titles += [child.title for item in outline.root for child in item.children]
    for page in PAGES[1:]:
        title = site_checks.article(site_checks.parse(site / f"{page}.html")).h1
        text = " ".join(title.get_text().removesuffix("#").split())
        assert titles.count(text) == 1, text


def test_links_inside_the_book_lead_to_a_page(book: pikepdf.Pdf) -> None:
    names = book.Root.get("/Dests", {})
    inside = [one["/Dest"] for one in links(book) if "/Dest" in one]
    assert len(inside) > 500
    for target in inside:
        place = names[str(target)] if isinstance(target, pikepdf.Name) else target
        assert place[0].get("/Type") == "/Page"


def test_links_out_of_the_book_lead_to_the_web_alone(book: pikepdf.Pdf) -> None:
    outside = [str(one.A.URI) for one in links(book) if "/A" in one and "/URI" in one.A]
    assert len(outside) > 50
    assert {urlsplit(address).scheme for address in outside} <= {"http", "https", "mailto"}


def test_it_is_tagged_for_those_who_hear_it_and_small_enough_to_send(
    book: pikepdf.Pdf, site: Path
) -> None:
    assert book.Root.MarkInfo.Marked
    assert (site / "unrolled.pdf").stat().st_size < 15_000_000
    assert len(book.pages) > 200
