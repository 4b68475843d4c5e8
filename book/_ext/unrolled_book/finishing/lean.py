"""Leave out of the pages what they do not use, and whatever would contact a third party.

- sphinx-thebe runs cells on someone else's server and loads its script from one. Jupyter Book
  always loads the extension and offers no switch, so it is disconnected here.
- The theme's `fontawesome.js` draws each icon of its font a second time, as SVG, from half a
  megabyte of paths. Without it the font draws them.
- The theme loads the search index on every page, for a search as you type, which is off. The
  dialog sends the reader to the search page, and only that page needs the index.
- Some extensions add the same inline script twice.
"""

import re
from pathlib import Path
from typing import Any

UNUSED = ("fontawesome.js",)
SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
SCRIPT = re.compile(r"<script\b(?P<attributes>[^>]*)>(?P<code>.*?)</script\s*>", re.DOTALL)
SOURCE = re.compile(r'\bsrc="(?:[^"?]*/)?(?P<name>[^"?/]+)[^"]*"')


def leave_out_scripts(html: str, page: str) -> str:
    """Drop the scripts that a page does not use, and repetitions of inline ones."""
    unused = UNUSED if page == "search" else UNUSED + SEARCH
    seen: set[str] = set()

    def keep(found: re.Match[str]) -> str:
        source = SOURCE.search(found["attributes"])
        if source:
            return "" if source["name"] in unused else found[0]
        repeated = found[0] in seen
        seen.add(found[0])
        return "" if repeated else found[0]

    return SCRIPT.sub(keep, html)


def disconnect(app: Any, extension: str) -> None:
    """Disconnect an extension from its events, and remove the styles that it added."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__ == extension:
                app.disconnect(listener.id)
    style = extension.replace("_", "-") + ".css"
    app.registry.css_files[:] = [file for file in app.registry.css_files if file[0] != style]


def remove_files(app: Any, exception: Exception | None) -> None:
    """Remove from the built site the files that no page requests any more."""
    for path in Path(app.outdir, "_static").glob("scripts/fontawesome.js*"):
        path.unlink()


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    disconnect(app, "sphinx_thebe")
    app.connect("build-finished", remove_files, priority=400)  # before icons are searched for
