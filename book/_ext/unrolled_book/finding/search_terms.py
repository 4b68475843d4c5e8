"""Let a search for a glossary term find the chapters that explain it.

Each definition says where its term is explained, and the search uses that: the term becomes an
index entry for those chapters, next to the glossary's own. Sphinx reads index entries only from
the pages of the present build, so all of them are passed on again each time.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util import docname_join


def explained(doctree: nodes.document, docname: str) -> Iterator[tuple[str, str]]:
    """Yield each term of a glossary with each page that its definition names."""
    for item in doctree.findall(nodes.definition_list_item):
        terms = [term.astext() for term in item.findall(nodes.term)]
        for link in item.findall(addnodes.pending_xref):
            if link["reftype"] == "doc":
                yield from ((term, docname_join(docname, link["reftarget"])) for term in terms)


def entries(env: Any) -> dict[str, set[tuple[str, str, str]]]:
    """Return the entries of each page: the words, their id on the page, and `main` or nothing."""
    found: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
    for page, of_page in env.domains["index"].entries.items():
        found[page] |= {(value, place, main) for _, value, place, main, _ in of_page}
        if any(main for _, _, main in found[page]):
            for term, chapter in explained(env.get_doctree(page), page):
                found[chapter].add((term, "", "main"))
    return found


def hand_over(app: Any) -> list[Any]:
    """Pass the entries to the search before its index is written; add no page."""
    indexer = getattr(app.builder, "indexer", None)
    if indexer is not None:
        for page, of_page in entries(app.env).items():
            indexer._index_entries[page] = sorted(of_page)
    return []


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("html-collect-pages", hand_over)
