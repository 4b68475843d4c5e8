"""What a reader's browser asks for, and what it refuses, on a visit to a page of the built site."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from browser import BASE, foreign
from playwright.sync_api import Browser, Page

PACKED = {".woff2", ".png", ".jpg", ".webp", ".pdf", ".safetensors"}  # sent as they are
WATCH = """
window.seen = {refused: [], moved: 0};
document.addEventListener("securitypolicyviolation", (event) => {
  window.seen.refused.push(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
});
new PerformanceObserver((shifts) => {
  for (const shift of shifts.getEntries()) window.seen.moved += shift.value;
}).observe({type: "layout-shift", buffered: true});
"""
OPEN_ALL = """() => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  window.scrollTo(0, document.body.scrollHeight);
}"""
WIDE = """() => {
  for (const tab of document.querySelectorAll(".sd-tab-content")) tab.style.display = "block";
  return [...document.querySelectorAll("div.highlight pre")]
    .filter((code) => code.scrollWidth > code.clientWidth)
    .map((code) => `${code.scrollWidth - code.clientWidth}: ${code.textContent.slice(0, 60)}`);
}"""
ASIDE = """() => [...document.querySelectorAll(".unrolled-figure")].flatMap((figure) => {
  const [column, drawn] = [figure, figure.firstElementChild].map((b) => b.getBoundingClientRect());
  const off = (drawn.left + drawn.right - column.left - column.right) / 2;
  const about = figure.firstElementChild.getAttribute("aria-label").slice(0, 60);
  return Math.abs(off) > 1 && drawn.width < column.width ? [`${Math.round(off)}: ${about}`] : [];
})"""
SETTLED = """() => new Promise((done) => requestAnimationFrame(
  () => requestAnimationFrame(() => setTimeout(done, 60))
))"""


@dataclass
class Visit:
    """What was seen; `weights` holds the bytes of each file of the first load."""

    foreign: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    wide: list[str] = field(default_factory=list)  # code that scrolls sideways
    aside: list[str] = field(default_factory=list)  # figures beside the middle of their column
    moved: float = 0.0  # the cumulative shift of the layout


@cache
def weight(path: Path) -> int:
    """Return the bytes of a file on the wire."""
    data = path.read_bytes()
    return len(data) if path.suffix in PACKED else len(gzip.compress(data, 6))


def local(url: str, site: Path) -> Path | None:
    """Return the file behind an address of the site."""
    path = unquote(urlsplit(url).path)
    file = site / path.removeprefix(BASE)
    return file if path.startswith(BASE) and file.is_file() else None


@contextmanager
def watched(chromium: Browser, address: str, visit: Visit) -> Iterator[Page]:
    """Yield a page in a new profile whose faults are noted in the visit."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.add_init_script(WATCH)
    page = context.new_page()
    visit.foreign = foreign(page, address)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    try:
        yield page
    finally:
        context.close()


def refused(page: Page) -> list[str]:
    """Return what the policy refused so far."""
    return page.evaluate("window.seen.refused")


def visit(chromium: Browser, address: str, name: str, site: Path) -> Visit:
    """Load a page afresh, read it to the end with all that folds open, then in the dark."""
    result = Visit()
    asked: list[str] = []
    with watched(chromium, address, result) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address + name, wait_until="load")
        page.evaluate(SETTLED)
        files = {url: local(url, site) for url in asked}
        result.weights = {url: weight(file) for url, file in files.items() if file}
        result.moved = page.evaluate("window.seen.moved")
        page.evaluate(OPEN_ALL)
        page.emulate_media(color_scheme="dark")
        page.evaluate(SETTLED)
        result.refused = refused(page)
        result.wide = page.evaluate(WIDE)
        result.aside = page.evaluate(ASIDE)
    return result
