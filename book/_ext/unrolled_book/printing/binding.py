"""Bind the pages of the built site into one page, from which the whole book is printed.

Each page keeps its article. Its ids are prefixed with the page's name, so that no two pages share
one, and a link from page to page becomes a link inside the book.
"""

import posixpath
import re
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

ID_LISTS = ("aria-controls", "aria-describedby", "aria-labelledby", "for", "headers")
ADDRESSES = ("href", "src", "xlink:href", "srcset")
STYLED = "T_"  # pandas names its tables so, each with a number of its own, and styles them by it
LEFT_OUT = (
    "script, template, annotation, .headerlink, .paper-link, .ask, .copybtn, .sd-stretched-link"
)
BOOK = """<!DOCTYPE html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<title>{title}</title>
{styles}
</head>
<body class="whole-book">
<header class="cover"><h1>{title}</h1>{about}</header>
<nav class="book-contents" aria-label="Contents">{contents}</nav>
<main>{chapters}</main>
</body>
</html>
"""


class Entry(NamedTuple):
    """A line of the contents: its level, its title in HTML, and the id that it leads to."""

    level: int
    title: str
    place: str

    @property
    def text(self) -> str:
        """The title without markup."""
        return " ".join(BeautifulSoup(self.title, "html.parser").get_text().split())


class Book(NamedTuple):
    """The bound book: one HTML page, and its contents."""

    html: str
    contents: list[Entry]


class Page(NamedTuple):
    """A page of the book: the part that it belongs to, and its name without `.html`."""

    part: str
    name: str


def parse(path: Path) -> BeautifulSoup:
    """Read a built page."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def pages(front: BeautifulSoup, name: str) -> Iterator[Page]:
    """Yield the pages in the order of the contents in the front page's side bar."""
    part = ""
    for tag in front.select("nav.bd-links p.caption, nav.bd-links a.reference.internal"):
        if tag.name == "p":
            part = tag.get_text(strip=True)
        else:
            yield Page(part, _target(name, str(tag["href"]).partition("#")[0])[0] or name)


def anchor(name: str, place: str = "") -> str:
    """The id of a page in the book, or of a place on the page."""
    return "--".join(filter(None, [name.replace("/", "-"), place]))


def _target(name: str, address: str) -> tuple[str, str]:
    """The page (without `.html`) or file that an address on a page refers to, and the id in it."""
    url = urlsplit(address)
    folder = posixpath.dirname(name)
    path = posixpath.normpath(posixpath.join(folder, url.path)) if url.path else ""
    return path.removesuffix(".html"), url.fragment


def _renamed(name: str, place: str) -> str:
    return place if place.startswith(STYLED) else anchor(name, place)


def _address(name: str, address: str, names: frozenset[str], base: str) -> str | None:
    """An address on a page, converted for the book; None if it leads nowhere on paper."""
    url = urlsplit(address)
    if url.scheme or url.netloc:
        return address
    path, place = _target(name, address)
    page = path or name
    if page in names:
        return "#" + (_renamed(page, place) if place else anchor(page))
    return urljoin(base, path + ("#" + place if place else "")) if base else None


def _rewrite(tag: Tag, name: str, names: frozenset[str], base: str) -> None:
    for key, value in list(tag.attrs.items()):
        text = " ".join(value) if isinstance(value, list) else str(value)
        if key == "id":
            tag[key] = _renamed(name, text)
        elif key in ID_LISTS:
            tag[key] = " ".join(_renamed(name, one) for one in text.split())
        elif tag.name == "a" and key == "href":
            tag[key] = _address(name, text, names, base)
        elif key in ADDRESSES and text.startswith("#"):
            tag[key] = "#" + _renamed(name, text[1:])
        elif key in ADDRESSES and not urlsplit(text).scheme:
            tag[key] = posixpath.normpath(posixpath.join(posixpath.dirname(name), text))
        elif "url(#" in text:
            tag[key] = re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{_renamed(name, m[1])})", text)


def chapter(soup: BeautifulSoup, name: str, names: frozenset[str], base: str) -> Tag:
    """The article of a page, rewritten for the book."""
    article = soup.select_one("article")
    if article is None:
        raise ValueError(f"{name} has no article")
    for tag in article.select(LEFT_OUT):
        tag.decompose()
    for tag in article.find_all(True):
        _rewrite(tag, name, names, base)
        if tag.name == "details":
            tag["open"] = ""
        if tag.name == "a" and tag.get("href") is None:
            tag.unwrap()
    article["id"] = anchor(name)
    return article


def _heading(tag: Tag) -> str:
    """The text of a heading with its formulas, without ids or links."""
    inner = BeautifulSoup(tag.decode_contents(), "html.parser")
    for one in inner.find_all(True):
        if one.name in ("a", "span"):
            one.unwrap()
        else:
            one.attrs.pop("id", None)
    return str(inner).strip()


def _entries(article: Tag, level: int) -> Iterator[Entry]:
    """The lines of the contents for one chapter: its title and its sections."""
    yield Entry(level, _heading(article.h1), str(article["id"]))
    for section in article.select("section[id] > section[id]"):
        if (head := section.find("h2", recursive=False)) is not None:
            yield Entry(level + 1, _heading(head), str(section["id"]))


def _nested(entries: list[Entry]) -> str:
    """The contents as nested lists."""
    if not entries:
        return ""
    starts = [i for i, entry in enumerate(entries) if entry.level == entries[0].level]
    items = []
    for start, end in pairwise([*starts, len(entries)]):
        head, inner = entries[start], _nested(entries[start + 1 : end])
        items.append(f'<li><a href="#{escape(head.place)}">{head.title}</a>{inner}</li>')
    return f"<ol>{''.join(items)}</ol>"


def _styles(soup: BeautifulSoup, name: str) -> dict[str, Tag]:
    """The links to the style sheets of a page, by address relative to the root of the site."""
    styles = {}
    for link in soup.select('link[rel="stylesheet"]'):
        path, mark, version = str(link["href"]).partition("?")
        link["href"] = _target(name, path)[0] + mark + version
        styles[link["href"]] = link
    return styles


def bind(site: Path, front: str, title: str, about: str = "", base: str = "") -> Book:
    """The whole book as one HTML page, to be placed at the root of the site.

    Args:
        site: the folder of the built site.
        front: the name of its front page, without `.html`.
        title: of the book.
        about: HTML for the cover, below the title.
        base: the address of the published site. A link to anything but a page of the book, such as
            a notebook, leads there; without a base such a link is dropped.
    """
    soup = parse(site / f"{front}.html")
    order = list(pages(soup, front))
    names = frozenset(page.name for page in order)
    styles: dict[str, Tag] = {}  # from all pages: only those with formulas load the font for them
    contents: list[Entry] = []
    chapters: list[str] = []
    part = ""
    for page in order:
        soup = parse(site / f"{page.name}.html")
        styles |= _styles(soup, page.name)
        article = chapter(soup, page.name, names, base)
        if page.part != part:
            part = page.part
            contents.append(Entry(0, escape(part), str(article["id"])))
        contents += _entries(article, 1 if part else 0)
        above = f'<p class="part">{escape(part or title)}</p>'
        article.insert(0, BeautifulSoup(above, "html.parser"))
        chapters.append(str(article))
    filled = {
        "title": escape(title),
        "about": about,
        "styles": "\n".join(map(str, styles.values())),
        "contents": _nested(contents),
        "chapters": "\n".join(chapters),
    }
    return Book(BOOK.format(**filled), contents)
