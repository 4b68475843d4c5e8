"""Convert the notebooks of the book to .ipynb, for tools that read only that.

usage: pages.py OUT
"""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat

ROOT = Path(__file__).resolve().parents[1]


def is_notebook(page: Path) -> bool:
    """Tell whether a page has code cells."""
    return "{code-cell}" in page.read_text(encoding="utf-8")


def notebooks(book: Path) -> Iterator[Path]:
    """Yield the pages that have code cells, in a stable order."""
    yield from (page for page in sorted(book.rglob("*.md")) if is_notebook(page))


def mirror(book: Path, out: Path) -> list[Path]:
    """Write every notebook of `book` under `out`, which is emptied first, and return the files.

    Files that are not pages are copied too, so that relative paths keep working.
    """
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(book, out, ignore=shutil.ignore_patterns("*.md", "_ext", "__pycache__"))
    written = []
    for page in notebooks(book):
        target = out / page.relative_to(book).with_suffix(".ipynb")
        target.parent.mkdir(parents=True, exist_ok=True)
        notebook = jupytext.read(page)
        notebook.metadata["language_info"] = {"name": "python"}  # or ruff would skip it
        nbformat.write(notebook, target)
        written.append(target)
    return written


if __name__ == "__main__":
    mirror(ROOT / "book", Path(sys.argv[1]).resolve())
