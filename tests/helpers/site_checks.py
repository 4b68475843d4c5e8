"""What a built page must hold. Each check takes a page and returns its faults, one line each."""

import ast
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bs4 import BeautifulSoup, Tag

RAW = re.compile(
    r"`{3}|:{3}|~{3}|\{[a-z][\w:.-]*\}`|^\{[a-z][\w:.-]*\}\s|\{\{|\}\}|\$\$|^%\s", re.MULTILINE
)
FAILED = ".traceback, .system-message, .docutils.error, span.problematic"
FILE_NAME = re.compile(r"\.(png|svg|jpe?g|gif|webp)$", re.IGNORECASE)


@cache
def parse(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def article(soup: BeautifulSoup) -> Tag:
    """Return the part that the author wrote."""
    return soup.find("article") or soup


def short(tag: Tag | str) -> str:
    return " ".join((tag if isinstance(tag, str) else tag.get_text(" ")).split())[:100]


def errors(soup: BeautifulSoup) -> list[str]:
    """Error blocks, tracebacks, and anything that a cell wrote to stderr."""
    faults = [f"error: {short(tag)}" for tag in article(soup).select(FAILED)]
    for output in article(soup).select(".cell_output"):
        if "Traceback (most recent call last)" in output.get_text():
            faults.append(f"traceback: {short(output)}")
        faults += [f"stderr: {short(tag)}" for tag in output.select(".stderr")]
    return faults


def raw_markup(soup: BeautifulSoup) -> list[str]:
    """Directives, roles and mathematics that were shown and not understood."""
    text = BeautifulSoup(str(article(soup)), "html.parser")
    for tag in text.select("pre, code, script, style, .math, .cell_output"):
        tag.decompose()
    return [
        f"raw markup: {short(line)}" for line in text.get_text().splitlines() if RAW.search(line)
    ]


def shows_something(source: str) -> bool:
    """Tell whether a cell ends in a value or prints one."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return False
    run = [node for node in body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    called = {
        ast.unparse(call.func)
        for node in run
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    }
    last = body[-1] if body else None
    ends_in_value = isinstance(last, ast.Expr) and not source.rstrip().endswith(";")
    return "print" in called or (ends_in_value and not ast.unparse(last).startswith("glue("))


def missing_outputs(soup: BeautifulSoup) -> list[str]:
    """Cells without the output that their source promises, and pages where no cell gave any."""
    faults = []
    for cell in article(soup).select("div.cell:not(.tag_remove-output)"):
        source = cell.select_one(".cell_input")
        promised = source is None or shows_something(source.get_text())
        if promised and not cell.select(".cell_output *"):
            faults.append(f"no output: {short(cell)}")
    if soup.select("div.cell") and not soup.select(".cell_output"):
        faults.append("no cell of the page has an output")
    return faults


def missing_runtime(soup: BeautifulSoup) -> list[str]:
    """Pages with cells that do not say how long they ran."""
    line = soup.select_one("article .page-runtime")
    says = line is not None and "ran in" in short(line)
    return [] if says or not soup.select("article div.cell") else ["no line with the run time"]


def missing_title(soup: BeautifulSoup) -> list[str]:
    """Pages without a title in the tab or a heading on the page."""
    title, headings = soup.find("title"), article(soup).find_all("h1")
    faults = [] if title and title.get_text(strip=True) else ["no <title>"]
    return faults if len(headings) == 1 else [*faults, f"{len(headings)} first headings"]


def missing_alt(soup: BeautifulSoup) -> list[str]:
    """Pictures that say nothing to a reader who cannot see them; a file's name says nothing."""
    faults = []
    for image in article(soup).find_all("img"):
        alt = str(image.get("alt", "")).strip()
        if not alt or FILE_NAME.search(alt):
            faults.append(f"no alt text: {image.get('src', '')[:80]}")
    for svg in article(soup).find_all("svg"):
        label = svg.get("aria-label") or svg.get("aria-labelledby") or svg.find("title")
        if not label and svg.get("aria-hidden") != "true" and not svg.find_parent("a"):
            faults.append(f"no label: {short(str(svg))}")
    return faults


CHECKS: list[Callable[[BeautifulSoup], list[str]]] = [
    errors,
    raw_markup,
    missing_outputs,
    missing_runtime,
    missing_title,
    missing_alt,
]
