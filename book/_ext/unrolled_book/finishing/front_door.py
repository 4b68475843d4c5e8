"""Lead from the root of the site to its front page, by a whole page under the site's policy.

Without it the contents' extension leaves a bare line there, without a title or a link to follow.
"""

from html import escape
from pathlib import Path
from typing import Any

from unrolled_book.finishing.finish import finish

PAGE = """\
<!DOCTYPE html>
<html lang="{language}">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>{title}</title>
    <meta http-equiv="refresh" content="0; url={page}.html" />
  </head>
  <body>
    <main><h1><a href="{page}.html">{title}</a></h1></main>
  </body>
</html>
"""


def door(title: str, language: str, page: str) -> str:
    """Return the page that leads to another one."""
    return PAGE.format(title=escape(title), language=escape(language), page=escape(page))


def write_door(app: Any, exception: Exception | None) -> None:
    """Write the page, unless the front page itself stands at the root."""
    config = app.config
    if exception is None and app.builder.format == "html" and config.master_doc != "index":
        html = door(config.project, config.language, config.master_doc)
        Path(app.outdir, "index.html").write_text(finish(html, "index"), encoding="utf-8")


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("build-finished", write_door, priority=400)  # before the contents' extension
