"""All other pages for every reader; the keyboard; and for each check what it must catch."""

from pathlib import Path

import accessibility
import browser
import pytest
from playwright.sync_api import Page, expect

CHAPTER = "book/practice/basic-rnn.html"


@pytest.fixture
def chapter(screen: Page, address: str) -> Page:
    screen.goto(address + CHAPTER)
    return screen


@pytest.mark.slow
def test_all_other_pages_are_there_for_every_reader(screen: Page, site: Path, address: str) -> None:
    elsewhere = ("book/theory/", "book/practice/")  # in files of their own, side by side with this
    names = [name for name in browser.pages(site) if not name.startswith(elsewhere)]
    assert {"404.html", "genindex.html", "search.html", "book/index.html"} < set(names)
    assert accessibility.of_pages(screen, address, names) == {}


@pytest.mark.parametrize("size", [accessibility.WIDE, accessibility.PHONE])
def test_focus_is_seen_at_every_stop(chapter: Page, size: tuple[int, int]) -> None:
    accessibility.sized(chapter, size)
    assert accessibility.unseen(chapter) == []


def test_the_first_stop_skips_to_the_text(chapter: Page) -> None:
    chapter.keyboard.press("Tab")
    expect(chapter.locator("#pst-skip-link")).to_be_in_viewport(ratio=1)
    chapter.keyboard.press("Enter")
    chapter.keyboard.press("Tab")
    assert chapter.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize(
    ("size", "button", "dialog"),
    [
        (accessibility.WIDE, ".search-button-field", "#pst-search-dialog"),
        (accessibility.PHONE, ".bd-header-article .search-button", "#pst-search-dialog"),
        (accessibility.PHONE, ".primary-toggle", "#pst-primary-sidebar-modal"),
        (accessibility.PHONE, ".secondary-toggle", "#pst-secondary-sidebar-modal"),
    ],
)
def test_a_dialog_gives_the_focus_back(
    chapter: Page, size: tuple[int, int], button: str, dialog: str
) -> None:
    accessibility.sized(chapter, size)
    chapter.locator(button).focus()
    chapter.keyboard.press("Enter")
    expect(chapter.locator(dialog)).to_be_visible()
    assert chapter.evaluate("document.activeElement.closest('dialog') !== null")
    chapter.keyboard.press("Escape")
    expect(chapter.locator(dialog)).to_be_hidden()
    expect(chapter.locator(button)).to_be_focused()


def test_the_switch_of_colours_keeps_the_focus(chapter: Page) -> None:
    switch = chapter.locator(".theme-switch-button")
    before = chapter.evaluate("document.documentElement.dataset.mode")
    switch.focus()
    chapter.keyboard.press("Enter")
    assert chapter.evaluate("document.documentElement.dataset.mode") != before
    expect(switch).to_be_focused()


def test_tabs_turn_by_arrow_keys(chapter: Page) -> None:
    tabs = chapter.locator(".sd-tab-set").first
    tabs.locator("input").first.focus()
    chapter.keyboard.press("ArrowRight")
    expect(tabs.locator(".sd-tab-content").nth(1)).to_be_visible()
    expect(tabs.locator(".sd-tab-content").nth(0)).to_be_hidden()


def test_code_scrolls_by_arrow_keys_on_a_phone(chapter: Page) -> None:
    accessibility.sized(chapter, accessibility.PHONE)
    code = chapter.locator("pre[aria-label^=Code]").first
    code.focus()
    for _ in range(4):
        chapter.keyboard.press("ArrowRight")
    chapter.wait_for_function("code => code.scrollLeft > 0", arg=code.element_handle())


def test_a_solution_opens_by_key_and_says_what_it_is(chapter: Page) -> None:
    button = chapter.get_by_role("button", name="Solution to Exercise").first
    solution = chapter.locator(".solution").first
    hidden = solution.locator("p").last
    expect(hidden).to_be_hidden()
    button.focus()
    chapter.keyboard.press("Enter")
    expect(hidden).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")


PAGE = """<!DOCTYPE html><html lang="en" data-theme="light"><head><title>T</title></head>
<body style="margin: 0"><main><h1>T</h1>{body}</main></body></html>"""
WIDE_BOX = '<div style="width: 700px">A wide line</div>'


FAULTS = {
    '<p style="color: #999">Faint</p>': "light, 1280 wide: color-contrast (serious): p",
    '<b style="background: #444">Dark on dark</b>': "light, 390 wide: color-contrast (serious): b",
    "<style>[data-theme=dark] i { color: #ccc }</style><i>Faint</i>": "dark, 390 wide: color-contr",
    '<pre><span style="color: #999">for</span></pre>': "color-contrast (serious): span",
    '<details><summary>More</summary><img src="x.png"></details>': "image-alt (critical)",
    '<div class="sd-tab-content" style="display: none"><button></button></div>': "button-name",
    '<svg role="img" aria-label="A"><text y="9" fill="#999">A</text></svg>': "light: faint, 2.8: A",
    "<h3>Too deep</h3>": "heading-order (moderate)",
    "<table><tr><th></th><th>A</th></tr><tr><td>1</td><td>2</td></tr></table>": "empty-table-head",
    WIDE_BOX: "at 390: wider than the page by 310: div. A wide line",
    f'<div style="overflow: hidden">{WIDE_BOX}</div>': "at 320: cut off by 380: div.",
    f'<div style="overflow: auto">{WIDE_BOX}</div>': "at 320: scrolls, but not by key: div.",
    f'<div tabindex="0" style="overflow: auto">{WIDE_BOX}</div>': "scrolls without a name: div.",
    '<div tabindex="0" aria-label="A" style="overflow: auto; display: flex; justify-content: '
    f'center"><div style="flex: none">{WIDE_BOX}</div></div>': "at 320: begins out of reach: div.",
    '<p style="width: 9em; white-space: nowrap; overflow: hidden">Just wide enough</p>': (
        "with more space: cut off"
    ),
}


def test_each_fault_is_found(screen: Page, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(PAGE.format(body="".join(FAULTS)), encoding="utf-8")
    with browser.served(tmp_path) as address:
        findings = accessibility.of_pages(screen, address, ["a.html"])["a.html"]
    assert [fault for fault in FAULTS.values() if not any(fault in line for line in findings)] == []


def test_a_good_page_passes_and_one_that_leads_away_is_left_out(
    screen: Page, tmp_path: Path
) -> None:
    good = PAGE.format(
        body="<p>Text and <code>code</code></p><table><tr><th><math><mi>x</mi></math></th></tr>"
        '<tr><td>1</td></tr></table><svg role="img" aria-label="A"><text y="9">clear</text></svg>'
        f'<div tabindex="0" role="group" aria-label="A" style="overflow: auto">{WIDE_BOX}</div>'
    )
    (tmp_path / "a.html").write_text(good, encoding="utf-8")
    (tmp_path / "index.html").write_text('<meta http-equiv="Refresh" content="0; a.html">')
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "c.html").write_text("<p>a part of the theme</p>")
    with browser.served(tmp_path) as address:
        assert browser.pages(tmp_path) == ["a.html"]
        assert accessibility.of_pages(screen, address, ["a.html"]) == {}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<button style="outline: none">Go</button>', "focus is not seen"),
        ('<p style="position: fixed; inset: 0">Over</p><button>Go</button>', "is covered"),
    ],
)
def test_focus_that_nobody_sees_is_found(screen: Page, body: str, fault: str) -> None:
    ring = "<style>:focus-visible { outline: 3px solid }</style>"
    screen.set_content(PAGE.format(body=ring + body))
    (finding,) = accessibility.unseen(screen)
    assert finding.endswith(fault)
    screen.set_content(PAGE.format(body=ring + "<button>Go</button>"))
    assert accessibility.unseen(screen) == []
