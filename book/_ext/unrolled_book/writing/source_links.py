"""Link from a page to a file of the repository: the role `source`, which takes its path.

The site that GitHub Actions builds links to the files at the commit that it is built from; any
other to the configured branch. Where the repository has no address, the path is said in full, for
whoever has the files. A path that is not there is a warning, and so it fails the build.
"""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import ReferenceRole

from unrolled_book import origin


class Source(ReferenceRole):
    """A link to a file or a folder; the text is its name if none is given."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the link, or else its text."""
        if not (origin.ROOT / self.target).exists():
            message = self.inliner.reporter.warning(f"no file {self.target}", line=self.lineno)
            return [], [message]
        book = origin.source(self.config)
        name = Path(self.target).name if book.address else self.target
        inside = nodes.Text(self.title) if self.has_explicit_title else nodes.literal(name, name)
        if not book.address:
            return [inside], []
        address = book.file(self.target)
        return [nodes.reference("", "", inside, refuri=address, internal=False)], []


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_role("source", Source())
