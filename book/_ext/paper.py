"""Print pages of the built site as PDF, and link to the paper from the page.

`paper_pages` in `_config.yml` names them: page, and file beside the site's front page. Where the
build finds no Chromium, there is neither a paper nor a link to one.

usage: paper.py PAGE.html PAPER.pdf
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import ExtensionError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
LIMIT = 120  # seconds


class PaperError(Exception):
    """No paper came out; the message says why in one line."""


def browser(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the Chromium that `CHROMIUM` names, or one of the usual ones; None without any."""
    search = environment.get("PATH")
    names = [environment["CHROMIUM"]] if environment.get("CHROMIUM") else [*NAMES, MACOS]
    return next((found for name in names if (found := shutil.which(name, path=search))), None)


def print_page(page: Path, paper: Path, chromium: str | None) -> None:
    """Print a built page.

    Raises:
        PaperError: there is no Chromium, no page, or Chromium wrote nothing.
    """
    if chromium is None:
        raise PaperError(
            "no Chromium was found to print with; install chromium or Google Chrome, "
            "or name one by the variable CHROMIUM"
        )
    if not page.is_file():
        raise PaperError(f"there is no page {page}; run `make book` first")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        fresh = Path(profile) / "paper.pdf"
        options = ["--headless", "--disable-gpu", "--no-sandbox", "--no-first-run"]  # our own page
        options += [f"--user-data-dir={profile}/user", "--virtual-time-budget=10000"]
        options += ["--no-pdf-header-footer", f"--print-to-pdf={fresh}"]
        command = [chromium, *options, page.resolve().as_uri()]
        try:
            told = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PaperError(f"{chromium} did not print {page}: {error}") from None
        if not fresh.is_file():
            last = (told.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise PaperError(f"{chromium} wrote no PDF of {page}: {last}")
        shutil.copyfile(fresh, paper)


def find_browser(app: Any, config: Any) -> None:
    """Let the pages be written anew when a Chromium comes or goes."""
    config.paper_browser = browser() or ""


def link(app: Any, doctree: nodes.document, docname: str) -> None:
    """Put the line with the link under the title of a page that is printed."""
    name = app.config.paper_pages.get(docname)
    title = doctree.next_node(nodes.title)
    if name is None or title is None or not app.config.paper_browser:
        return
    up = "../" * docname.count("/")
    line = nodes.paragraph(classes=["paper-link"])
    line += nodes.reference("", "This page as a PDF", refuri=up + name, internal=True)
    title.parent.insert(title.parent.index(title) + 1, line)


def print_pages(app: Any, exception: Exception | None) -> None:
    """Print every page whose paper is missing or older than the page."""
    if exception is not None or app.builder.format != "html" or not app.config.paper_browser:
        return
    out = Path(app.outdir)
    pages = app.config.paper_pages
    for docname, name in ((page, pages[page]) for page in pages if page in app.env.found_docs):
        page, paper = out / f"{docname}.html", out / name
        if paper.is_file() and paper.stat().st_mtime >= page.stat().st_mtime:
            continue
        try:
            print_page(page, paper, app.config.paper_browser)
        except PaperError as error:
            raise ExtensionError(f"{error}; with CHROMIUM=none there is no paper") from None


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.add_config_value("paper_pages", {}, "html")
    app.add_config_value("paper_browser", "", "html")
    app.connect("config-inited", find_browser)
    app.connect("doctree-resolved", link)
    app.connect("build-finished", print_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[-1])
    try:
        print_page(Path(sys.argv[1]), Path(sys.argv[2]), browser())
    except PaperError as error:
        sys.exit(str(error))
    print(sys.argv[2])
