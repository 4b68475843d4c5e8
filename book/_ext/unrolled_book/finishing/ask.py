"""Put a link at the foot of each section: to ask, or to report a mistake.

It begins an issue on the tracker of the repository that the book is built from, a fork's own in a
fork, and fills in page and section. It is a plain link: nobody is asked anything before it is
followed. Where the repository has no address there is none.

The links are put into the HTML, not into the page's tree: so neither the search nor a notebook
takes their words for the author's.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from docutils import nodes

from unrolled_book.origin import Origin, source

EDGE = re.compile(r'<section\b(?:[^>]*\bid="(?P<id>[^"]+)")?[^>]*>|</section>')
LINK = (
    '<p class="ask"><a href="{address}" rel="nofollow">Ask or report'
    '<span class="visually-hidden"> a mistake: {section}</span></a></p>\n'
)


def titles(doctree: nodes.document) -> dict[str, str]:
    """Return the headings of a page by the ids of their sections, the page's own first.

    What sphinx-exercise makes a section of has no heading, and is none.
    """
    headed = (section for section in doctree.findall(nodes.section) if section.children)
    return {
        section["ids"][0]: section[0].astext()
        for section in headed
        if isinstance(section[0], nodes.title)
    }


def issue(origin: Origin, titles: Mapping[str, str], place: str, address: str, file: str) -> str:
    """Return where an issue about a section begins.

    Args:
        origin: whose tracker it is.
        titles: of the page's sections.
        place: the id of the section.
        address: of the page; empty if the site has none.
        file: the source of the page.
    """
    page, section = next(iter(titles.values())), titles[place]
    title = page if page == section else f"{page}: {section}"
    where = f"{address}#{place}" if address else file
    return origin.new_issue(title, f"Page: {where}\nSection: {section}\n\n")


def with_links(body: str, links: Mapping[str, str]) -> str:
    """Return the HTML of a page with a link, by the section's id, behind each one's own text."""
    waiting: list[str] = []  # of each open section, the link that is still to come

    def edge(tag: re.Match[str]) -> str:
        link = ""
        if tag[0] == "</section>":
            link = waiting.pop()
        elif tag["id"] not in links:
            waiting.append("")
        else:
            if waiting:
                link, waiting[-1] = waiting[-1], ""
            waiting.append(links[tag["id"]])
        return link + tag[0]

    return EDGE.sub(edge, body)


def add_links(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Put the links into a page that an author has written."""
    origin, home = source(app.config), app.config.html_baseurl
    if tree is None or app.builder.format != "html" or not origin.address:
        return
    named = titles(tree)
    address = f"{home}{app.builder.get_target_uri(page)}" if home else ""
    file = f"{page}{context['page_source_suffix']}"
    links = {
        place: LINK.format(
            address=escape(issue(origin, named, place, address, file)), section=escape(section)
        )
        for place, section in named.items()
    }
    context["body"] = with_links(context["body"], links)


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("html-page-context", add_links)
