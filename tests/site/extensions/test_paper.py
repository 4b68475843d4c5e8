"""A page and the book on paper: printed where there is a Chromium, linked only where printed."""

import os
import subprocess
import sys
from pathlib import Path

import pikepdf
import pytest
from places import BOOK
from unrolled_book.printing import paper

# Writes what it was asked for, as Chromium does.
FAKE = """\
#!{python}
import sys
import pikepdf
out = next(a.split("=", 1)[1] for a in sys.argv if a.startswith("--print-to-pdf="))
with pikepdf.new() as pdf:
    pdf.add_blank_page()
    pdf.docinfo["/Title"] = "printed " + sys.argv[-1]
    pdf.save(out)
"""
CONFIG = """\
import sys
sys.path.insert(0, {ext!r})
extensions = ["unrolled_book.printing.paper"]
paper_pages = {{"part/report": "report.pdf"}}
paper_book = "book.pdf"
"""
# The pages are bound by binding.py, which knows the theme of the book and has tests of its own.
BOUND = """
from unrolled_book.printing import binding
binding.bind = lambda *_: binding.Book("<p>all pages</p>", [])
"""


@pytest.fixture
def chromium(tmp_path: Path) -> str:
    script = tmp_path / "a browser"
    script.write_text(FAKE.format(python=sys.executable))
    script.chmod(0o755)
    return str(script)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    (source / "part").mkdir(parents=True)
    (source / "conf.py").write_text(CONFIG.format(ext=str(BOOK / "_ext")))
    (source / "index.rst").write_text("Front\n=====\n\n.. toctree::\n\n   part/report\n")
    (source / "part" / "report.rst").write_text("Report\n======\n\nText.\n")
    return source


def build(source: Path, chromium: str, whole: str = "") -> Path:
    out = source.parent / "out"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-qW", str(source), str(out)],
        env=os.environ | {"CHROMIUM": chromium, paper.WANTED: whole},
        capture_output=True,
        text=True,
        check=True,
    )
    return out


def printed(file: Path) -> str:
    """The page that a PDF was printed from."""
    with pikepdf.open(file) as pdf:
        return str(pdf.docinfo["/Title"])


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Chromium is a script")
def test_a_page_is_printed_and_linked(source: Path, chromium: str) -> None:
    out = build(source, chromium)
    assert printed(out / "report.pdf").endswith("/out/part/report.html")
    page = (out / "part" / "report.html").read_text()
    assert page.index("<h1>Report") < page.index('href="../report.pdf"') < page.index("Text.")
    assert "report.pdf" not in (out / "index.html").read_text()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Chromium is a script")
def test_a_page_that_has_not_changed_is_not_printed_again(source: Path, chromium: str) -> None:
    paper = build(source, chromium) / "report.pdf"
    paper.write_text("as it was")
    build(source, chromium)
    assert paper.read_text() == "as it was"
    (source / "part" / "report.rst").write_text("Report\n======\n\nOther text.\n")
    build(source, chromium)
    assert printed(paper)


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Chromium is a script")
def test_the_link_goes_with_chromium(source: Path, chromium: str) -> None:
    build(source, chromium)
    out = build(source, "none")
    assert "report.pdf" not in (out / "part" / "report.html").read_text()


def test_without_chromium_the_message_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(paper.PaperError, match="install chromium"):
        paper.print_page(tmp_path / "page.html", tmp_path / "page.pdf", None)


def test_without_a_page_the_message_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(paper.PaperError, match="make book"):
        paper.print_page(tmp_path / "page.html", tmp_path / "page.pdf", sys.executable)


def test_a_chromium_that_prints_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>Text</p>")
    with pytest.raises(paper.PaperError, match="wrote no PDF"):
        paper.print_page(tmp_path / "page.html", tmp_path / "page.pdf", sys.executable)
    assert not (tmp_path / "page.pdf").exists()


def test_the_variable_names_the_browser(chromium: str) -> None:
    assert paper.browser({"CHROMIUM": chromium, "PATH": ""}) == chromium
    assert paper.browser({"CHROMIUM": "none", "PATH": os.environ["PATH"]}) is None


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Chromium is a script")
def test_the_whole_book_is_printed_and_linked_where_it_is_asked_for(
    source: Path, chromium: str
) -> None:
    out = build(source, chromium)
    assert not (out / "book.pdf").exists()
    assert "book.pdf" not in (out / "index.html").read_text()
    (source / "conf.py").write_text((source / "conf.py").read_text() + BOUND)
    build(source, chromium, whole="1")
    assert printed(out / "book.pdf").endswith(f"/out/{paper.BOUND}")
    assert not (out / paper.BOUND).exists()
    assert 'href="book.pdf"' in (out / "index.html").read_text()


def test_the_whole_book_without_a_chromium_is_refused(source: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        build(source, "none", whole="1")
    assert "install chromium" in failed.value.stderr
