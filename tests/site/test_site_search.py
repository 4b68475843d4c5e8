"""The search finds what a student types, and shows the passage that has it; in a real browser."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import browser
import pytest
from docutils import nodes
from playwright.sync_api import Browser, Page
from sphinx import addnodes
from unrolled_book.finding import search_terms

# For each search, pages that a teacher would name: the first one listed among the first three
# results, or as the very first where the page is named after the words or explains the term.
FIRST = {
    "vanishing gradient": "theory/rnn",
    "vanishing gradients": "theory/rnn",
    "exploding gradient": "theory/rnn",
    "truncated backpropagation": "theory/rnn",
    "teacher forcing": "theory/rnn",
    "padding mask": "theory/rnn",
    "return_sequences": "practice/stacked-rnn",
    "LSTM": "theory/cells",
    "what is a GRU?": "theory/cells",
    "attention": "theory/hybrid-architectures",
    "encoder decoder": "theory/hybrid-architectures",
    "CTC": "theory/hybrid-architectures",
    "word error rate": "practice/pronunciation",
    "beam search": "practice/hybrid",
    "types of recurrent networks": "theory/types-of-rnn",
}
AMONG_THREE = {
    "bidirectional": "practice/bidirectional-rnn",
    "stacked": "practice/stacked-rnn",
    "LSTM": "glossary",
    "batch_first": "theory/rnn",
    "num_layers": "practice/stacked-rnn",
}
PASSAGES = {  # a word of the passage that must be shown for the first result
    "vanishing gradient": "gradient",
    "return_sequences": "Keras",
    "truncated backpropagation": "window",
    "CTC": "symbol",
}
# All passages are there, or those of the first three pages.
SHOWN = "ul.search[aria-busy=false], ul.search > li:nth-child(3) p.context"
GARBAGE = (r"\(", r"\frac", "$", "{", "</", "viewBox", "import ")


@pytest.fixture(scope="module")
def reader(chromium: Browser, address: str) -> Iterator[Page]:
    """One reader for all searches, on whose pages nothing may go wrong."""
    with browser.watched(chromium, address) as (page, faults):
        yield page
    assert faults == []


def search(page: Page, address: str, words: str) -> list[dict[str, str]]:
    """Search, wait for the first passages, and return the results in their order."""
    page.goto(f"{address}search.html")
    page.locator(".bd-search-container input").fill(words)
    page.keyboard.press("Enter")
    page.locator(SHOWN).first.wait_for(state="attached")
    return page.locator("ul.search > li").evaluate_all(
        """items => items.map(item => ({
            page: item.firstChild.getAttribute("href"),
            passage: item.querySelector("p.context")?.textContent ?? "",
            section: item.querySelector("div.context a")?.href ?? "",
        }))"""
    )


@pytest.mark.parametrize("words", FIRST)
def test_the_page_that_explains_it_comes_first(reader: Page, address: str, words: str) -> None:
    results = search(reader, address, words)
    assert results[0]["page"].split("#")[0] == f"book/{FIRST[words]}.html"
    for result in results[:3]:
        assert result["passage"], "a result shows no passage"
        assert len(result["passage"]) < 260
        assert not [sign for sign in GARBAGE if sign in result["passage"]], result["passage"]
    assert PASSAGES.get(words, "") in results[0]["passage"]
    pages = [result["page"].split("#")[0] for result in results]
    assert len(pages) == len(set(pages)), "a page stands twice in the list"


@pytest.mark.parametrize("words", AMONG_THREE)
def test_a_page_is_among_the_first_three(reader: Page, address: str, words: str) -> None:
    pages = [result["page"].split("#")[0] for result in search(reader, address, words)[:3]]
    assert f"book/{AMONG_THREE[words]}.html" in pages


def test_a_result_leads_to_the_section(reader: Page, address: str) -> None:
    (first, *_) = search(reader, address, "truncated backpropagation")
    assert first["section"].endswith("theory/rnn.html#truncated-backpropagation")
    reader.locator("ul.search div.context a").first.click()
    reader.locator("#truncated-backpropagation > h2").wait_for(state="visible")
    reader.wait_for_timeout(100)  # Sphinx would mark the words of the search a moment later
    assert reader.locator(".highlighted, .highlight-link").count() == 0


def test_a_miss_is_said_calmly(reader: Page, address: str) -> None:
    assert search(reader, address, "zzzqqq") == []
    status = reader.get_by_role("status")
    assert status.inner_text() == "Nothing found for “zzzqqq”."
    assert reader.locator("#search-results a").evaluate_all("links => links.map(l => l.href)") == [
        f"{address}book/glossary.html",
        f"{address}genindex.html",
    ]
    assert search(reader, address, "vanishing zzzqqq")[0]["page"].startswith("book/theory/rnn")
    assert status.inner_text().startswith("No page has all of “vanishing zzzqqq”.")


def test_what_is_typed_is_not_run(reader: Page, address: str) -> None:
    search(reader, address, "<img src=none onerror=alert(1)>")
    assert reader.locator("#search-results img").count() == 0


def test_the_dialog_of_any_page_leads_to_the_results(reader: Page, address: str) -> None:
    reader.goto(f"{address}book/theory/rnn.html")
    reader.keyboard.press("Control+k")
    reader.locator("dialog[open] input[type=search]").fill("teacher forcing")
    reader.keyboard.press("Enter")
    reader.locator("ul.search[aria-busy=false]").wait_for(state="attached")
    assert reader.url == f"{address}search.html?q=teacher+forcing"
    assert reader.locator("ul.search > li").count() > 1


def glossary() -> nodes.document:
    """A glossary with one term, which one page explains."""
    link = addnodes.pending_xref(reftype="doc", reftarget="theory/rnn")
    definition = nodes.definition("", nodes.paragraph("", "", link))
    item = nodes.definition_list_item("", nodes.term("", "gate"), definition)
    document: nodes.document = nodes.document(None, None)
    document += nodes.definition_list("", item)
    return document


def test_a_term_stands_for_the_chapter_that_its_definition_names() -> None:
    entry = ("single", "gate", "term-gate", "main", "")
    index = SimpleNamespace(entries={"book/glossary": [entry]})
    env: Any = SimpleNamespace(domains={"index": index}, get_doctree=lambda page: glossary())
    assert search_terms.entries(env) == {
        "book/glossary": {("gate", "term-gate", "main")},
        "book/theory/rnn": {("gate", "", "main")},
    }
