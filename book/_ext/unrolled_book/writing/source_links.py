"""Link from a page to a file of the repository: the role `source`, which takes its path.

A site built by GitHub Actions links to the files at the commit and in the repository that it is
built from; any other to the configured branch. A path that does not exist is a warning, and so
fails the build.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import ReferenceRole

from unrolled_book import origin


class Source(ReferenceRole):
    """A link to a file or a folder; the text is the path if none is given."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link."""
        if not (origin.ROOT / self.target).exists():
            message = self.inliner.reporter.warning(f"no file {self.target}", line=self.lineno)
            return [], [message]
        book = origin.source(self.config)
        address = f"https://github.com/{book.repository}/tree/{book.commit}/{self.target}"
        text = self.title if self.has_explicit_title else Path(self.target).name
        inside = nodes.Text(text) if self.has_explicit_title else nodes.literal(text, text)
        return [nodes.reference("", "", inside, refuri=address, internal=False)], []


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_role("source", Source())
