"""Print pages of the built site, or the whole book, as PDF, and link to the files.

`paper_pages` in `_config.yml` maps pages to files next to the site's front page. They are printed
if the build finds a Chromium; without one there is neither file nor link. The whole book,
`paper_book`, takes a minute, and is printed only with UNROLLED_PDF=1 (`make pdf`).
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from docutils import nodes
from sphinx.errors import ConfigError, ExtensionError

from unrolled_book.printing import binding

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
LIMIT = 300  # seconds
WANTED = "UNROLLED_PDF"
BOUND = "_whole-book.html"  # at the root of the site while it is printed


class PaperError(Exception):
    """Printing failed; the message says why in one line."""


def browser(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the Chromium named by `CHROMIUM`, or one of the usual ones; None if there is none."""
    search = environment.get("PATH")
    names = [environment["CHROMIUM"]] if environment.get("CHROMIUM") else [*NAMES, MACOS]
    return next((found for name in names if (found := shutil.which(name, path=search))), None)


def print_page(
    page: Path, paper: Path, chromium: str | None, contents: Iterable[binding.Entry] = ()
) -> None:
    """Print a built page, with these contents as the outline.

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
        _pack(fresh, paper, contents)


def _pack(fresh: Path, paper: Path, contents: Iterable[binding.Entry]) -> None:
    """Write the PDF in a third of the space, with its outline.

    Chromium can write an outline too, but repeats every title that is at the top of a page.
    """
    with pikepdf.open(fresh) as pdf:
        with pdf.open_outline() as outline:
            for entry in contents:
                siblings = outline.root
                for _ in range(entry.level):
                    siblings = siblings[-1].children
                item = pikepdf.OutlineItem(entry.text, pdf.Root.Dests[f"/{entry.place}"])
                item.is_closed = True
                siblings.append(item)
        pdf.save(paper, object_stream_mode=pikepdf.ObjectStreamMode.generate, linearize=True)


def find_browser(app: Any, config: Any) -> None:
    """Make Sphinx rewrite the pages when a Chromium comes or goes, or the book is requested."""
    config.paper_browser = browser() or ""
    if os.environ.get(WANTED) != "1":
        config.paper_book = ""
    elif not config.paper_browser:
        raise ConfigError(
            f"{WANTED}=1 asks for the book as a PDF, and no Chromium was found to print it; "
            "install chromium or Google Chrome, or name one by the variable CHROMIUM"
        )


def link(app: Any, doctree: nodes.document, docname: str) -> None:
    """Put a line with the link under the title of a page that is printed."""
    config = app.config
    name, text = config.paper_pages.get(docname), "This page as a PDF"
    if config.paper_book and docname == config.root_doc:
        name, text = config.paper_book, "The whole book as a PDF"
    title = doctree.next_node(nodes.title)
    if name is None or title is None or not config.paper_browser:
        return
    up = "../" * docname.count("/")
    line = nodes.paragraph(classes=["paper-link"])
    line += nodes.reference("", text, refuri=up + name, internal=True)
    title.parent.insert(title.parent.index(title) + 1, line)


def print_papers(app: Any, exception: Exception | None) -> None:
    """Print the files that are missing or older than their pages."""
    config = app.config
    if exception is not None or app.builder.format != "html" or not config.paper_browser:
        return
    out = Path(app.outdir)
    try:
        for docname in config.paper_pages.keys() & app.env.found_docs:
            page, paper = out / f"{docname}.html", out / config.paper_pages[docname]
            if _outdated(paper, [page]):
                print_page(page, paper, config.paper_browser)
        pages = [out / f"{docname}.html" for docname in app.env.found_docs]
        if config.paper_book and _outdated(out / config.paper_book, pages):
            _print_book(out, config)
    except PaperError as error:
        raise ExtensionError(f"{error}; with CHROMIUM=none there is no paper") from None


def _outdated(paper: Path, pages: list[Path]) -> bool:
    newest = max(page.stat().st_mtime for page in pages)
    return not paper.is_file() or paper.stat().st_mtime < newest


def _print_book(out: Path, config: Any) -> None:
    date = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    about = "".join(f"<p>{line}</p>" for line in (config.author, date, config.html_baseurl) if line)
    bound = out / BOUND
    try:
        book = binding.bind(out, config.root_doc, config.project, about, config.html_baseurl)
        bound.write_text(book.html, encoding="utf-8")
        print_page(bound, out / config.paper_book, config.paper_browser, book.contents)
    finally:
        bound.unlink(missing_ok=True)


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_config_value("paper_pages", {}, "html")
    app.add_config_value("paper_book", "", "html")
    app.add_config_value("paper_browser", "", "html")
    app.connect("config-inited", find_browser)
    app.connect("doctree-resolved", link)
    app.connect("build-finished", print_papers, priority=600)  # once the site is complete
