"""List every page of the contents in the site map, with the date of its last change.

sphinx-sitemap lists what the present build has written. That is all of it in a fresh build, but
only what changed in the next one; and the search and the page for missing pages would be in it.

A map holds whole addresses alone, so a site whose address is not known has none.
"""

from pathlib import Path
from typing import Any

import sphinx_sitemap

from unrolled_book.finishing.lean import disconnect


def want_address(app: Any, config: Any) -> None:
    """Let nothing be written, and no warning given, where the site has no address."""
    if not config.html_baseurl:
        disconnect(app, sphinx_sitemap.__name__)


def list_all(app: Any, exception: Exception | None) -> None:
    """List all pages instead of those just written."""
    if exception is not None or app.builder.name != "html":
        return
    if not app.config.html_baseurl:
        Path(app.outdir, app.config.sitemap_filename).unlink(missing_ok=True)  # of another build
        return
    links = app.sitemap_links
    while not links.empty():
        links.get()
    for page in sorted(app.env.found_docs):
        sphinx_sitemap.add_html_link(app, page, "", {}, None)


def setup(app: Any) -> None:
    """Connect to Sphinx, after the address is shared and before the map is written."""
    app.setup_extension("sphinx_sitemap")
    app.connect("config-inited", want_address)
    app.connect("build-finished", list_all, priority=400)
