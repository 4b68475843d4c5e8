"""A page on paper: printed where there is a Chromium, and never linked where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import paper
import pytest

# Writes what it was asked for, as Chromium does.
FAKE = """\
#!{python}
import sys
out = next(a.split("=", 1)[1] for a in sys.argv if a.startswith("--print-to-pdf="))
open(out, "w").write("printed " + sys.argv[-1])
"""
CONFIG = """\
import sys
sys.path.insert(0, {ext!r})
extensions = ["paper"]
paper_pages = {{"part/report": "report.pdf"}}
"""


@pytest.fixture
def chromium(tmp_path: Path) -> str:
    script = tmp_path / "a browser"
    script.write_text(FAKE.format(python=sys.executable))
    script.chmod(0o755)
    return str(script)


@pytest.fixture
def source(tmp_path: Path, root: Path) -> Path:
    source = tmp_path / "source"
    (source / "part").mkdir(parents=True)
    (source / "conf.py").write_text(CONFIG.format(ext=str(root / "book" / "_ext")))
    (source / "index.rst").write_text("Front\n=====\n\n.. toctree::\n\n   part/report\n")
    (source / "part" / "report.rst").write_text("Report\n======\n\nText.\n")
    return source


def build(source: Path, chromium: str) -> Path:
    out = source.parent / "out"
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-qW", str(source), str(out)],
        env=os.environ | {"CHROMIUM": chromium},
        check=True,
    )
    return out


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Chromium is a script")
def test_a_page_is_printed_and_linked(source: Path, chromium: str) -> None:
    out = build(source, chromium)
    assert (out / "report.pdf").read_text().endswith("/out/part/report.html")
    page = (out / "part" / "report.html").read_text()
    assert page.index("<h1>Report") < page.index('href="../report.pdf"') < page.index("Text.")
    assert "report.pdf" not in (out / "index.html").read_text()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Chromium is a script")
def test_a_page_that_has_not_changed_is_not_printed_again(source: Path, chromium: str) -> None:
    printed = build(source, chromium) / "report.pdf"
    printed.write_text("as it was")
    build(source, chromium)
    assert printed.read_text() == "as it was"
    (source / "part" / "report.rst").write_text("Report\n======\n\nOther text.\n")
    build(source, chromium)
    assert printed.read_text() != "as it was"


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


def test_without_arguments_it_tells_how_to_call_it(root: Path) -> None:
    command = [sys.executable, str(root / "book" / "_ext" / "paper.py")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr.strip() == "usage: paper.py PAGE.html PAPER.pdf"
