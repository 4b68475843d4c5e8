"""Find, in the files of a site, addresses of other hosts that a browser would fetch by itself.

A link that a reader follows is none of them.
"""

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from site_checks import parse

REMOTE = re.compile(r"^\s*(?:https?:)?//", re.IGNORECASE)
FETCHED = ("src", "srcset", "data", "poster", "background", "action", "xlink:href")
LINKS = {"stylesheet", "icon", "manifest", "apple-touch-icon", "mask-icon"}
LINKS |= {"preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "prerender"}
HINTS = {"image", "use", "script"}  # elements of SVG that fetch what `href` names
STYLE = re.compile(r"(?:@import\s+|url\(\s*)[\"']?\s*((?:https?:)?//[^\"')\s]+)", re.IGNORECASE)
READ = (".html", ".css", ".js", ".mjs")  # a picture fetches nothing
CODE = re.compile(
    r"(?:\bimport\b|\bfrom\b|\bfetch\b|\bimportScripts\b|\bWorker\b|\.src\s*=)"
    r"\s*\(?\s*[\"'`]((?:https?:)?//[^\"'`]+)"
)


def _of_tag(tag: Tag) -> list[str]:
    names = [*FETCHED]
    if tag.name in HINTS or (tag.name == "link" and LINKS & {*(tag.get("rel") or [])}):
        names.append("href")
    addresses = [str(tag[name]) for name in names if REMOTE.match(str(tag.get(name, "")))]
    return addresses + STYLE.findall(str(tag.get("style", "")))


def of_page(soup: BeautifulSoup) -> list[str]:
    """Return such addresses in a page, its styles and its inline scripts."""
    addresses = [address for tag in soup.find_all(True) for address in _of_tag(tag)]
    addresses += [address for tag in soup.find_all("style") for address in of_css(tag.get_text())]
    scripts = soup.find_all("script")
    return addresses + [address for tag in scripts for address in of_code(tag.get_text())]


def of_css(style: str) -> list[str]:
    """Return such addresses in a style sheet."""
    return STYLE.findall(style)


def of_code(code: str) -> list[str]:
    """Return such addresses in a script, as far as they stand where they are fetched."""
    return CODE.findall(code)


def handlers(soup: BeautifulSoup) -> list[str]:
    """Return the inline event handlers of a page."""
    names = ((tag.name, name) for tag in soup.find_all(True) for name in tag.attrs)
    return [f"<{tag} {name}>" for tag, name in names if name.lower().startswith("on")]


def of_file(path: Path) -> list[str]:
    """Return such addresses in a file of the site."""
    if path.suffix == ".html":
        return of_page(parse(path))
    text = path.read_text(encoding="utf-8")
    return of_css(text) if path.suffix == ".css" else of_code(text)


def of_site(site: Path) -> dict[str, list[str]]:
    """Return such addresses in all files of a built site, by file."""
    files = [path for path in sorted(site.rglob("*")) if path.suffix in READ]
    by_file = {path.relative_to(site).as_posix(): of_file(path) for path in files}
    return {name: addresses for name, addresses in by_file.items() if addresses}
