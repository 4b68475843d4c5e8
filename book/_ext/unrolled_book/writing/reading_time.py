"""Say how long a page takes to read: the role `reading-time`, which takes the name of a page.

MyST counts the words of each page as it reads it. Formulas and code are not counted, so the pace is
that of a text interspersed with formulas.
"""

from typing import Any

from docutils import nodes
from sphinx.util import docname_join, logging
from sphinx.util.docutils import SphinxRole

PACE = 120  # words per minute; a novel is read at twice that
ROUND = 5  # minutes
MARK = "reading_time"


def minutes(words: int) -> int:
    """Return the minutes that so many words take, to the nearest five, and at least five."""
    return max(ROUND, ROUND * round(words / PACE / ROUND))


class ReadingTime(SphinxRole):
    """Leave a placeholder for the time, which is known once all pages have been read."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the placeholder."""
        here = self.env.docname
        self.env.metadata[here][MARK] = True
        return [nodes.inline("", "", **{MARK: docname_join(here, self.text)})], []


def fill(app: Any, doctree: nodes.document, _docname: str) -> None:
    """Write the times into a page."""
    for place in doctree.findall(lambda node: isinstance(node, nodes.inline) and MARK in node):
        counted = app.env.metadata.get(place[MARK], {}).get("wordcount")
        if counted is None:
            logging.getLogger(__name__).warning("no page %s", place[MARK], location=place)
        else:
            place += nodes.Text(f"{minutes(counted['words'])} min")


def again(app: Any, env: Any) -> list[str]:
    """Return the pages that show a time, to be rewritten if the time of any page has changed."""
    counted = {name: data.get("wordcount") for name, data in env.metadata.items()}
    times = {name: minutes(count["words"]) for name, count in counted.items() if count}
    before, env.reading_times = getattr(env, "reading_times", None), times
    return [name for name, data in env.metadata.items() if data.get(MARK) and times != before]


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_role("reading-time", ReadingTime())
    app.connect("doctree-resolved", fill)
    app.connect("env-updated", again)
