"""What the tests of the explorer share: its pages, and how a reader uses them."""

from collections.abc import Iterator
from contextlib import contextmanager

from browser import watched
from playwright.sync_api import Browser, Page

TITLES = ("Basic LSTM", "Stacked LSTM", "Bidirectional LSTM", "Attention LSTM")
PAGE = "book/explorer/index.html"
CHAPTER = "book/practice/basic-rnn.html"
LIVE = "unrolled-explorer.live"
SHOWN = """() => Object.fromEntries([...document.querySelectorAll(".explorer-model")].map(
  (model) => [
  model.getAttribute("aria-label"),
  [...model.querySelectorAll(".explorer-cells li")].map((cell) => {
    const tag = cell.querySelector(".explorer-tag");
    const sure = cell.querySelector(".explorer-sure");
    const heard = tag.querySelector(".visually-hidden");
    return [heard ? heard.textContent : tag.textContent, sure && sure.textContent];
  }),
]))"""
# axe adds a style element, which the policy refuses, and looks for a sheet in a wrong folder.
AXE = ("style-src-elem", "/book/basic.css")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def come(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("unrolled-explorer").scroll_into_view_if_needed()
    page.wait_for_selector(LIVE)


@contextmanager
def opened(chromium: Browser, address: str) -> Iterator[Page]:
    """The page of the explorer, on which nothing may go wrong; a test begins by writing a word."""
    with watched(chromium, address) as (page, faults):
        come(page, address + PAGE)
        yield page
    assert [fault for fault in faults if not any(own in fault for own in AXE)] == []


def write(page: Page, word: str) -> None:
    page.get_by_label("Your word").fill(word)


def shown(page: Page) -> dict[str, list[str]]:
    """The tag that stands under each letter, by model."""
    return {title: [tag for tag, _ in cells] for title, cells in page.evaluate(SHOWN).items()}
