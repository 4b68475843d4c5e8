"""Formulas of the built site: none is left as TeX, the font has all, nothing moves or leaves."""

import base64
import io
import re
import time
from pathlib import Path

import browser
import pikepdf
import pytest
import visits
from bs4 import BeautifulSoup, NavigableString, Tag
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser, Page, Route
from site_checks import parse
from unrolled_book.printing import paper
from unrolled_book.writing import formulas

HEAVY = ("theory/rnn.html#backpropagation-through-time", "theory/cells.html#lstm")
PHONE = {"width": 390, "height": 844}
LEFT_OVER = re.compile(r"\\[(\[]|\$\$|\\[a-z]{2,}")  # delimiters and commands
TEX = ("mathcal", "operatorname", "tfrac", "lvert", "qquad")  # words that no chapter uses

# Formulas that leave the page to the right, and those that neither scroll nor fit.
OUTSIDE = """() => [...document.querySelectorAll("math")].filter((formula) => {
  const { right, width } = formula.getBoundingClientRect();
  const box = formula.closest("div.math, .wide, .pst-scrollable-table-container, .text_html, pre");
  return width > 0 && right > innerWidth + 1 && !box;
}).map((formula) => formula.querySelector("annotation").textContent)"""
SCROLLERS = """() => [...document.querySelectorAll("div.math")]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => [box.tabIndex, box.getAttribute("aria-label"),
    box.querySelector("math").getBoundingClientRect().left >= 0])"""


def pages(site: Path) -> list[str]:
    """The pages of the book that hold formulas."""
    return [name for name in browser.pages(site) if parse(site / name).find("math")]


def broken(formula: Tag) -> bool:
    """Tell whether it is not one element of MathML, with its TeX in it where it is in the text."""
    in_text = formula.find_parent("article") is not None
    kinds = ("math", "math > semantics > annotation")
    return [len(formula.select(kind)) for kind in kinds] != [1, in_text]


def faults(page: BeautifulSoup) -> list[str]:
    """What is no formula in MathML, though it should be one."""
    findings = [str(tag) for tag in page.select(".math") if broken(tag)]
    for text in (page.find("article") or page).find_all(string=LEFT_OVER):
        unseen = text.find_parent(["pre", "code", "script", "annotation"])
        if type(text) is NavigableString and not unseen:
            findings.append(str(text))
    return findings + ["MathJax"] * ("cdn.jsdelivr" in str(page) or "window.MathJax" in str(page))


def test_every_formula_became_mathml(site: Path) -> None:
    count = 0
    for name in browser.pages(site):
        page = parse(site / name)
        assert faults(page) == [], name
        count += len(page.select("math"))
    assert count > 2000


@pytest.mark.parametrize(
    "bad",
    [
        r"<p>\(x\)</p>",
        r"<p>\frac12</p>",
        '<p><span class="math">x</span></p>',
        '<p><span class="math"><math><mi>x</mi></math></span></p>',
        "<script>window.MathJax = {}</script>",
    ],
)
def test_what_is_left_of_tex_is_found(bad: str) -> None:
    assert faults(BeautifulSoup(f"<article>{bad}</article>", "html.parser"))


def test_the_font_has_every_character_and_is_light(site: Path) -> None:
    sheet = (site / "_static" / formulas.SHEET).read_text(encoding="utf-8")
    data = base64.b64decode(re.search(r"base64,([^\"]+)", sheet)[1])
    assert len(data) < 30_000
    with TTFont(io.BytesIO(data)) as font:
        known = {chr(code) for code in font.getBestCmap()}
    assert formulas.characters(site) - known == set()
    for name in browser.pages(site):
        page = parse(site / name)
        linked = bool(page.select(f'link[href*="{formulas.SHEET}"]'))
        assert linked == bool(page.select("article math")), name


def test_the_search_does_not_know_tex(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert '"gradient"' in index
    assert [word for word in TEX if f'"{word}"' in index] == []


@pytest.mark.parametrize("name", HEAVY)
def test_nothing_moves_though_the_font_comes_late(
    chromium: Browser, address: str, name: str
) -> None:
    """As a file of its own the font moved these places of a phone's screen by up to 0.13."""

    def late(route: Route) -> None:
        time.sleep(1)
        route.continue_()

    seen = visits.Visit()
    with visits.watched(chromium, address, seen) as page:
        page.route(f"**/{formulas.SHEET}*", late)
        page.set_viewport_size(PHONE)
        page.goto(f"{address}book/{name}", wait_until="load")
        page.wait_for_timeout(300)
        assert page.evaluate("document.fonts.check('16px \"STIX Two Math\"')")
        moved = page.evaluate("window.seen.moved")
        print(f"{name}: moved {moved:.4f}")
        assert moved < 0.02
        page.evaluate("document.querySelectorAll('math').forEach((m) => m.style.fontSize = '3em')")
        page.wait_for_function("() => window.seen.moved > 0.02")  # it would be seen


def test_wide_formulas_scroll_inside_themselves_on_a_phone(
    page: Page, address: str, site: Path
) -> None:
    page.set_viewport_size(PHONE)
    scrolling = 0
    for name in pages(site):
        page.goto(address + name, wait_until="load")
        page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        page.wait_for_timeout(100)
        assert page.evaluate(OUTSIDE) == [], name
        boxes = page.evaluate(SCROLLERS)
        scrolling += len(boxes)
        expected = [0, "Formula, scrolls sideways", True]
        assert [box for box in boxes if box != expected] == [], name
    assert scrolling > 10

    page.evaluate(
        "() => { const line = document.querySelector('article p');"
        " line.append(document.querySelector('math').cloneNode(true));"
        " line.style.paddingLeft = '500px'; line.style.width = '900px'; }"
    )
    assert page.evaluate(OUTSIDE) != []


def test_the_keyboard_scrolls_a_wide_formula(page: Page, address: str) -> None:
    page.set_viewport_size(PHONE)
    page.goto(address + "book/theory/cells.html", wait_until="load")
    box = page.locator("div.math[tabindex='0']").first
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


@pytest.fixture
def reading(page: Page, address: str) -> Page:
    """A page with formulas, whose reader may copy."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address + "book/theory/rnn.html", wait_until="load")
    return page


def copied(page: Page) -> str:
    """What a reader has on the clipboard after the keys for it."""
    page.keyboard.press("Control+c")
    return page.evaluate("navigator.clipboard.readText()").replace("\r\n", "\n")


def selected(page: Page, first: str, last: str = "") -> str:
    """What is copied from the beginning of one element to the end of another, or of the same."""
    page.evaluate(
        """([first, last]) => {
          const [from, to] = [first, last || first].map((one) => document.querySelector(one));
          getSelection().setBaseAndExtent(from, 0, to, to.childNodes.length);
        }""",
        [first, last],
    )
    return copied(page)


def test_formulas_are_copied_as_tex(reading: Page) -> None:
    assert "keeps a hidden state $h_t$, its summary" in selected(reading, "p:has(math)")
    assert "$" not in selected(reading, "article p:not(:has(math))")


INLINE, BLOCK = "article p span.math:has(msub)", "article div.math:has(mtable)"


@pytest.mark.parametrize("part", ["", " math", " msub", " msub > mi"])
def test_a_formula_by_itself_or_a_part_of_it_is_copied_as_its_tex(reading: Page, part: str) -> None:
    assert selected(reading, INLINE + part) == "$x_1, x_2, \\dots, x_T$"
    whole = selected(reading, BLOCK + part)
    assert whole.startswith(r"$$\begin{aligned} a_t &= W x_t")
    assert whole.endswith(r"\end{aligned}$$")


def test_a_formula_under_the_mouse_is_copied_as_its_tex(reading: Page) -> None:
    for clicks in (2, 3):  # a word, a paragraph
        reading.locator(BLOCK).first.locator("mi").first.click(click_count=clicks)
        text = copied(reading)  # the browser may take the colon before a formula for a part of it
        assert re.fullmatch(r"[:\s]*\$\$\\begin\{aligned\} a_t &= W x_t.*aligned\}\$\$", text), text


def test_a_selection_from_one_formula_to_another_holds_both(reading: Page) -> None:
    last = "article p:has(span.math ~ span.math) span.math:last-of-type mi"
    text = selected(reading, INLINE + " mi", last)
    assert text.startswith("$x_1, x_2, \\dots, x_T$")
    assert text.endswith("$")
    assert text.count("$") % 2 == 0
    assert text.count("$") > 4


def test_a_row_of_a_table_is_copied_with_tabs_between_its_cells(reading: Page) -> None:
    row = "article table tr:has(td math)"
    assert selected(reading, row) == "$x_t$\tinput at step $t$\t$D$"
    assert selected(reading, f"{row} math", f"{row} td:nth-child(2)") == "$x_t$\tinput at step $t$"


def test_what_is_copied_holds_mathml_for_whoever_pastes_it_as_that(reading: Page) -> None:
    selected(reading, INLINE + " mi")
    html = reading.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          return (await item.getType("text/html")).text();
        }"""
    )
    assert "<msub>" in html


def test_copying_leaves_the_page_as_it_is(reading: Page) -> None:
    state = """() => [document.body.children.length, document.body.textContent.length,
      ...[...document.querySelectorAll("input, details")].map((one) => one.checked ?? one.open)]"""
    reading.locator(".sd-tab-set > label >> text=Keras").first.click()
    before = reading.evaluate(state)
    reading.keyboard.press("Control+a")
    assert "$h_t$" in copied(reading)
    assert reading.evaluate(state) == before
    assert True in before


def test_with_nothing_selected_nothing_is_copied(reading: Page) -> None:
    selected(reading, "article h1")
    reading.evaluate("getSelection().collapse(document.querySelector('article math mi'), 0)")
    assert "$" not in copied(reading)


def test_tex_is_neither_seen_nor_read_aloud(reading: Page) -> None:
    shown = "document.querySelectorAll('annotation').values().map((tex) => tex.checkVisibility())"
    assert {*reading.evaluate(f"[...{shown}]")} == {False}
    tree = reading.context.new_cdp_session(reading).send("Accessibility.getFullAXTree")
    names = [node["name"]["value"] for node in tree["nodes"] if "name" in node]
    assert any("summary of everything" in str(name) for name in names)
    assert [name for name in names if "x_1, x_2" in str(name)] == []


def test_paper_has_the_font(site: Path, tmp_path: Path) -> None:
    printed = tmp_path / "page.pdf"
    paper.print_page(site / "book" / "notation.html", printed, browser.chromium())
    with pikepdf.open(printed) as pdf:
        fonts = {
            str(font.BaseFont)
            for sheet in pdf.pages
            for font in dict(sheet.Resources.get("/Font", {})).values()
        }
    assert any("STIXTwoMath" in font for font in fonts), fonts
