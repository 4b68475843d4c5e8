"""A page as a browser prints it: all that it holds, on white, and nothing wider than the paper."""

import pytest
from playwright.sync_api import Page

TABBED = "book/practice/basic-rnn.html"
PAGES = (
    TABBED,
    "book/practice/hybrid.html",
    "book/practice/report.html",
    "book/theory/cells.html",
    "book/theory/types-of-rnn.html",
    "book/explorer/index.html",
)
PAPER = {"width": 665, "height": 1000}  # the room on A4 between its margins

# What is not seen, or is wider than the column.
FAULTS = """() => {
  const kinds = `article :is(pre, .cell_output, .unrolled-figure, div.math, .sd-tab-set > label,
    .sd-tab-content, .solution p):not(.explorer-live *)`;
  const { right } = document.querySelector("article").getBoundingClientRect();
  const faults = [];
  for (const one of document.querySelectorAll(kinds)) {
    const what = `${one.className || one.tagName}: ${one.textContent.trim().slice(0, 60)}`;
    const box = one.getBoundingClientRect();
    const seen = one.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!seen || box.height === 0) faults.push(`not seen: ${what}`);
    if (box.right > right + 1) faults.push(`leaves the column: ${what}`);
    if (one.scrollWidth > one.clientWidth + 1 && one.matches("pre")) faults.push(`cut: ${what}`);
  }
  return faults;
}"""
FURNITURE = """() => [...document.querySelectorAll(`.bd-header-article, .bd-sidebar-primary,
  .bd-sidebar-secondary, .copybtn, .toggle-button, .sd-tab-set > input, .headerlink`)]
  .filter((one) => one.checkVisibility()).map((one) => one.className)"""
TABS = """() => [...document.querySelectorAll(".sd-tab-set")].map((set) =>
  [...set.querySelectorAll(":scope > :is(label, .sd-tab-content)")].map((part) =>
    [part.tagName, part.getBoundingClientRect().top]))"""


@pytest.mark.parametrize("name", PAGES)
def test_all_that_a_page_holds_is_seen_and_fits(page: Page, address: str, name: str) -> None:
    page.set_viewport_size(PAPER)
    page.goto(address + name)
    page.emulate_media(media="print")
    assert page.evaluate(FAULTS) == []
    assert page.evaluate(FURNITURE) == []


def test_what_paper_would_miss_is_found(page: Page, address: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address + TABBED)
    found = page.evaluate(FAULTS)
    assert {fault.split(":")[0] for fault in found} == {"not seen", "cut"}
    for hidden in ("sd-tab-content", "cell_output", "P"):  # of a tab, and of a solution
        assert any(fault.startswith(f"not seen: {hidden}") for fault in found), hidden
    assert page.evaluate(FURNITURE) != []


def test_each_tab_stands_below_its_label(page: Page, address: str) -> None:
    page.goto(address + TABBED)
    page.emulate_media(media="print")
    sets = page.evaluate(TABS)
    assert len(sets) > 2
    for parts in sets:
        kinds, tops = zip(*parts, strict=True)
        assert kinds == ("LABEL", "DIV") * (len(parts) // 2)
        assert list(tops) == sorted(set(tops))


def test_paper_is_light_in_the_dark(page: Page, address: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(address + TABBED)
    theme = "document.documentElement.dataset.theme"
    page.evaluate(f"() => addEventListener('beforeprint', () => {{ window.printed = {theme} }})")
    assert page.evaluate(theme) == "dark"
    assert page.pdf()
    assert page.evaluate("window.printed") == "light"
    assert page.evaluate(theme) == "dark"
