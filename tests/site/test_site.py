"""The built site, page by page; and, for each check, a page that it must catch."""

from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
import pytest
import site_checks
from bs4 import BeautifulSoup
from contents import PAGES
from pages import is_notebook
from places import ROOT


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole(site: Path, page: str) -> None:
    path = site / f"{page}.html"
    soup = site_checks.parse(path)
    faults = [fault for check in site_checks.CHECKS for fault in check(soup)]
    assert faults == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_with_cells_was_executed_and_can_be_downloaded(site: Path, page: str) -> None:
    if not is_notebook(ROOT / f"{page}.md"):
        assert not site_checks.parse(site / f"{page}.html").select("div.cell")
        return
    soup = site_checks.parse(site / f"{page}.html")
    assert soup.select("div.cell .cell_output")
    (download,) = soup.select('a[href$=".ipynb"]:not([href^="http"])')
    assert (site / f"{page}.html").parent.joinpath(str(download["href"])).is_file()


@pytest.mark.parametrize("page", [page for page in PAGES if is_notebook(ROOT / f"{page}.md")])
def test_every_cell_of_a_page_ran_without_an_error(site: Path, page: str) -> None:
    written = jupytext.read(ROOT / f"{page}.md")
    executed = nbformat.read(site.parent / "jupyter_execute" / f"{page}.ipynb", 4)
    cells, ran = (
        [cell for cell in notebook.cells if cell.cell_type == "code"]
        for notebook in (written, executed)
    )
    assert [cell.source for cell in ran] == [cell.source for cell in cells]
    assert [cell.execution_count for cell in ran] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in ran for output in cell.outputs}
    assert "error" not in kinds


@pytest.mark.parametrize("page", PAGES)
def test_every_number_that_a_page_glues_is_there(site: Path, page: str) -> None:
    """A value that its format does not fit, such as a NumPy scalar, vanishes without a warning."""
    wanted = (ROOT / f"{page}.md").read_text(encoding="utf-8").count("{glue:text}`")
    spans = site_checks.parse(site / f"{page}.html").select("span.pasted-text")
    assert len([span for span in spans if span.get_text(strip=True)]) == wanted


def test_the_front_door_leads_to_the_front_page(site: Path) -> None:
    assert f"url={PAGES[0]}.html" in (site / "index.html").read_text(encoding="utf-8")
    assert "index" not in PAGES  # the door would stand in its place


CELL = '<div class="cell {tags}"><div class="cell_input"><pre>{source}</pre></div>{output}</div>'
OUTPUT = '<div class="cell_output"><pre class="output">4</pre></div>'
LINE = '<p class="page-runtime">The cells of this page ran in 3 s, at the live budget.</p>'


def cell(source: str, output: str = "", tags: str = "") -> str:
    return CELL.format(source=source, output=output, tags=tags)


def page(body: str) -> BeautifulSoup:
    html = f"<title>T</title><article><h1>T</h1>{body}</article>"
    return BeautifulSoup(html, "html.parser")


@pytest.mark.parametrize(
    ("check", "body"),
    [
        (site_checks.errors, '<div class="cell_output"><div class="traceback">E</div></div>'),
        (site_checks.errors, '<pre class="cell_output">Traceback (most recent call last)</pre>'),
        (site_checks.errors, '<div class="cell_output"><pre class="stderr">W</pre></div>'),
        (site_checks.errors, '<aside class="system-message">unknown role</aside>'),
        (site_checks.raw_markup, "<p>The error is {glue:text}`per`.</p>"),
        (site_checks.raw_markup, "<p>:::{note}</p>"),
        (site_checks.raw_markup, "<p>```{tab-set}</p>"),
        (site_checks.raw_markup, "<p>{{ name }}</p>"),
        (site_checks.raw_markup, "<p>$$ x = 1 $$</p>"),
        (site_checks.missing_outputs, OUTPUT + cell("2 + 2")),
        (site_checks.missing_outputs, OUTPUT + cell("for x in y:\n    print(x)")),
        (site_checks.missing_outputs, cell("x = 1")),
        (site_checks.missing_outputs, '<div class="cell"></div>'),
        (site_checks.missing_runtime, cell("x = 1")),
        (site_checks.missing_runtime, cell("x = 1") + '<p class="page-runtime"></p>'),
        (site_checks.missing_title, "<h1>Another</h1>"),
        (site_checks.missing_alt, '<img src="a.png">'),
        (site_checks.missing_alt, '<img src="a.png" alt=" ">'),
        (site_checks.missing_alt, '<img src="a.png" alt="../../_images/a.png">'),
        (site_checks.missing_alt, '<svg><path d="M0 0"/></svg>'),
    ],
)
def test_a_fault_is_found(check: Callable[[BeautifulSoup], list[str]], body: str) -> None:
    assert check(page(body)) != []


def test_a_page_without_title_is_found() -> None:
    assert site_checks.missing_title(BeautifulSoup("<title></title><h1>T</h1>", "html.parser"))


@pytest.mark.parametrize(
    "body",
    [
        "<p>Prose, 3:1, {braces} and <code>```</code>.</p>",
        cell("2 + 2", OUTPUT) + cell("x = 1") + cell("x;") + cell("glue('x', 1)") + LINE,
        cell("2 + 2", tags="tag_remove-output") + cell("print(1)", OUTPUT) + LINE,
        cell("%timeit x\nx", OUTPUT) + LINE,
        cell("def f():\n    print(1)") + cell("f()", OUTPUT) + LINE,
        '<img src="a.png" alt="Two boxes, joined.">',
        '<svg role="img" aria-label="Two boxes."></svg><svg aria-hidden="true"></svg>',
    ],
)
def test_a_whole_page_passes(body: str) -> None:
    assert [fault for check in site_checks.CHECKS for fault in check(page(body))] == []
