"""Every address in the files of a built site, and whether it leads to something.

`faults` reads pages, style sheets and modules: links, pictures and their variants, `url(...)`,
imports, and whole addresses of the site itself, such as a card's picture. Other hosts are left to
`make links`.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from own_address import OWN

PLAIN = ("href", "xlink:href", "src", "poster", "action")
OWN_META = ("og:image", "og:url")
URL = re.compile(r"""url\(\s*['"]?(?!data:|#)([^'")]+)['"]?\s*\)""")
SHEET = re.compile(r"""@import\s+['"]([^'"]+)""")
IMPORT = re.compile(
    r"""(?:\bfrom\s*|\bimport\s*\(?\s*|new\s+URL\(\s*)["'](\.[^"']*)["']""",
)
TEMPLATES = ("webpack-macros.html", "sbt-webpack-macros.html")  # of the theme, which no page shows


class Reader(HTMLParser):
    """Collects the addresses that a page names, and the places in it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        self.addresses += [given[name] for name in PLAIN if name in given]
        self.addresses += URL.findall(given.get("style", ""))
        self.addresses += [part.split()[0] for part in given.get("srcset", "").split(",") if part]
        if tag == "object":
            self.addresses.append(given.get("data", ""))
        if given.get("property") in OWN_META:
            self.addresses.append(given.get("content", ""))


class Site(NamedTuple):
    """A built site: its folder, and the address that it is published under, if it has one."""

    folder: Path
    address: str


def built(folder: Path) -> Site:
    """Return the book's site as it was built into a folder."""
    return Site(folder, OWN)


def read(page: Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader


def named(path: Path, pages: dict[Path, Reader]) -> list[str]:
    """Return the addresses that a file names."""
    if path in pages:
        return pages[path].addresses
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".xml":
        return [tag.text or "" for tag in ElementTree.fromstring(text).iter() if "loc" in tag.tag]
    return (
        URL.findall(text) + SHEET.findall(text) if path.suffix == ".css" else IMPORT.findall(text)
    )


def target(address: str, path: Path, site: Site) -> Path | None:
    """Return the file that an address of a file leads to; None where it leaves the site."""
    root = urlsplit(site.address).path or "/"
    if site.address and address.startswith(site.address):
        address = root + address.removeprefix(site.address)
    url = urlsplit(address)
    if url.scheme or url.netloc:
        return None
    inside = url.path.removeprefix(root)
    if not url.path:
        file = path
    elif url.path.startswith("/"):
        outside = site.folder / "outside the site"
        file = outside if inside == url.path else site.folder / unquote(inside)
    else:
        file = path.parent / unquote(url.path)
    file = file.resolve()
    return file / "index.html" if file.is_dir() else file


def faults(site: Site) -> Iterator[str]:
    """Yield the addresses of a site that lead nowhere, each with the file that names it."""
    files = [path for path in site.folder.rglob("*") if "_sources" not in path.parts]
    html = [path for path in files if path.suffix == ".html" and path.name not in TEMPLATES]
    pages = {path.resolve(): read(path) for path in html}
    assets = [path.resolve() for path in files if path.suffix in (".css", ".mjs", ".xml")]
    for path in [*pages, *assets]:
        for address in dict.fromkeys(named(path, pages)):
            file = target(address, path, site)
            place = unquote(urlsplit(address).fragment)
            if file is None:
                continue
            if not file.is_file():
                yield f"{path.relative_to(site.folder.resolve())}: no such file: {address}"
            elif place and file in pages and place not in pages[file].places:
                yield f"{path.relative_to(site.folder.resolve())}: no such place: {address}"
