"""What keeps a page from a reader who cannot see, holds no mouse, or has a small screen.

`faults` looks at one page: light and dark, wide and on a phone. It first shows all that a reader
could bring to light, so that nothing escapes: solutions, dropdowns, every tab, the explorer.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
ALL = {"type": "tag", "values": TAGS}
COLOURS = {"type": "rule", "values": ("color-contrast", "link-in-text-block")}
WIDE, PHONE, NARROW = (1280, 900), (390, 844), (320, 844)
WAITING = "unrolled-explorer:not(.live)"
READER = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")

axe = Axe()


def screens(browser: Browser) -> Iterator[Page]:
    """Yield an empty page for a reader who wants nothing to move, and close it afterwards."""
    context = browser.new_context(
        viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce"
    )
    yield context.new_page()
    context.close()


def opened(page: Page, address: str) -> None:
    """Go to a page and bring to light what it holds."""
    page.goto(address)
    while waiting := page.query_selector(WAITING):
        waiting.scroll_into_view_if_needed()
        page.wait_for_function("explorer => explorer.matches('.live')", arg=waiting)
    page.evaluate(READER)
    page.evaluate("reader.open()")


def settled(page: Page) -> None:
    """Give the page the time to fit itself to what has changed."""
    page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 50)))")


def sized(page: Page, size: tuple[int, int]) -> None:
    """Give the window a size, at the top of the page, where its header covers nothing."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("scrollTo(0, 0)")
    settled(page)


def axe_faults(page: Page, rules: dict[str, Any]) -> list[str]:
    """Return what axe-core finds by these rules, serious or not."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    return [
        f"{rule['id']} ({rule['impact']}): {node['target'][-1]} {node['html'][:80]}"
        for rule in axe.run(page, options=options).response["violations"]
        for node in rule["nodes"]
        # axe does not read MathML, and takes a heading that is a formula for empty
        if not (rule["id"] == "empty-table-header" and "<math" in node["html"])
    ]


def unseen(page: Page, stops: int = 400) -> list[str]:
    """Return the stops of Tab, from the top on, at which nobody sees where the focus is."""
    page.evaluate(READER)
    findings = []
    for _ in range(stops):
        page.keyboard.press("Tab")
        fault = page.evaluate("reader.focus()")
        if fault is None:
            return findings
        findings += [fault] if fault else []
    return [*findings, f"no end after {stops} stops"]


def faults(page: Page, address: str) -> list[str]:
    """Return all faults of a page."""
    opened(page, address)
    findings = []
    for size in (NARROW, PHONE):
        sized(page, size)
        findings += [f"at {size[0]}: {fault}" for fault in page.evaluate("reader.sideways()")]
    page.evaluate("reader.spread()")
    settled(page)
    findings += [f"with more space: {fault}" for fault in page.evaluate("reader.sideways()")]
    page.evaluate("reader.tighten()")
    for theme in ("light", "dark"):
        page.evaluate("theme => reader.paint(theme)", theme)
        findings += [f"{theme}: {fault}" for fault in page.evaluate("reader.faint()")]
    page.evaluate("reader.thin()")
    for size in (PHONE, WIDE):
        sized(page, size)
        for theme, rules in (("light", ALL), ("dark", COLOURS)):  # nothing else differs
            page.evaluate("theme => reader.paint(theme)", theme)
            findings += [f"{theme}, {size[0]} wide: {fault}" for fault in axe_faults(page, rules)]
    return findings


def of_pages(page: Page, address: str, pages: list[str]) -> dict[str, list[str]]:
    """Return the faults of several pages, by name; those without are left out."""
    findings = {name: faults(page, address + name) for name in pages}
    return {name: each for name, each in findings.items() if each}
