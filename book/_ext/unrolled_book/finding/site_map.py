"""List every page of the contents in the site map, with the day of its last change.

sphinx-sitemap lists what the present build has written. That is all of it in a fresh build, but
only what changed in the next one; and the search and the page for missing pages would be in it.
"""

from typing import Any

import sphinx_sitemap


def list_all(app: Any, exception: Exception | None) -> None:
    """Put all pages in the place of those just written."""
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
