"""List every page of the contents in the site map, with the date of its last change.

sphinx-sitemap lists what the present build has written: all pages in a fresh build, but only the
changed ones in the next; and it would include the search and the 404 page.
"""

from typing import Any

import sphinx_sitemap


def list_all(app: Any, exception: Exception | None) -> None:
    """List all pages instead of those just written."""
    if exception is not None or app.builder.name != "html":
        return
    links = app.sitemap_links
    while not links.empty():
        links.get()
    for page in sorted(app.env.found_docs):
        sphinx_sitemap.add_html_link(app, page, "", {}, None)


def setup(app: Any) -> None:
    """Connect to Sphinx, before the map is written."""
    app.setup_extension("sphinx_sitemap")
    app.connect("build-finished", list_all, priority=400)
