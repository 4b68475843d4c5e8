"""A small site of a few pages, built in this process to see what an extension makes of them."""

import io
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace


def build(source: Path, *, fresh: bool = False, **config: Any) -> str:
    """Build the pages in `source` into its folder `out`; return the warnings.

    Sphinx registers nodes and directives with docutils for the whole process. Here it does so for
    this build alone, or the next one would warn of each.
    """
    warnings = io.StringIO()
    folders = (source, None, source / "out", source / "trees")
    streams = {"status": None, "warning": warnings}
    with docutils_namespace():
        config = {"html_theme": "basic", **config}
        Sphinx(*folders, "html", config, freshenv=fresh, **streams).build()
    return warnings.getvalue()
