"""The notebooks that a reader downloads: plain Markdown, whole, and running without a checkout."""

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from pages import is_notebook
from places import BOOK, ROOT
from unrolled_book.origin import origin

ORIGIN = origin("main")
CODE = re.compile(
    r"^(`{3,})(?!`).*?^\1$|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$", re.MULTILINE | re.DOTALL
)
RAW = re.compile(
    r"^`{3,}\{|^:{3,}|\{[a-z][\w:.-]*\}`|^\{[.#a-z]|\{\{|\}\}|^%\s|^\([\w-]+\)=$"  # MyST
    r"|&lt;/?[a-z]+\b|<\w+ object at",
    re.MULTILINE,
)
LINK = re.compile(r"\]\(([^)\s]*)\)")


def faults(notebook: nbformat.NotebookNode) -> list[str]:
    """What of a notebook's text is not for a reader outside of the site."""
    findings = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        fences = [line for line in cell.source.splitlines() if line.startswith("```{")]
        text = CODE.sub("`", cell.source)
        findings += [f"raw: {one}" for one in fences]
        findings += [f"raw: {one.group()}" for one in RAW.finditer(text)]
        links = [one for one in LINK.findall(text) if not one.startswith(("https://", "http://"))]
        findings += [f"link: {one}" for one in links]
        opened, closed = text.count("<details>"), text.count("</details>")
        findings += [f"folds: {opened} opened, {closed} closed"] if opened != closed else []
    return findings


@pytest.mark.parametrize(
    "text",
    [
        "so {glue:text}`per:.1f` %",
        ":::{note}\nx\n:::",
        "```{tab-set}\n```",
        "{{ name }}",
        "% a comment",
        "(a-label)=",
        "{.front}",
        "[there](../rnn.html)",
        "[there](#id1)",
        "<details>\n<summary>x</summary>",
        "<summary>x&lt;svg width=1&gt;</summary>",
    ],
)
def test_what_only_the_site_understands_is_found(text: str) -> None:
    assert faults(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]))


def test_plain_markdown_passes() -> None:
    text = "`{doc}` $x_{\\text{a}}$ [a](https://b.c)\n\n```python\n{{1: 2}}\n```\n\n$$\n{{x}}\n$$"
    assert not faults(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)]))


def downloads(site: Path) -> dict[str, Path]:
    """The notebooks of a site by the names of their pages."""
    folder = site / "_sources"
    files = sorted((folder / "book").rglob("*.ipynb"))
    return {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}


def test_every_page_with_cells_has_a_notebook(site: Path) -> None:
    pages = [path.relative_to(ROOT) for path in sorted((BOOK).rglob("*.md"))]
    wanted = {page.with_suffix("").as_posix() for page in pages if is_notebook(ROOT / page)}
    assert set(downloads(site)) == wanted


def test_notebooks_hold_text_and_outputs_that_are_read_anywhere(site: Path) -> None:
    wrong = {}
    for name, path in downloads(site).items():
        notebook = nbformat.read(path, 4)
        nbformat.validate(notebook)
        wrong[name] = faults(notebook)
        wrong[name] += [] if any(cell.get("outputs") for cell in notebook.cells) else ["no output"]
        assert notebook.metadata.kernelspec.name == "python3"
        assert notebook.cells[0].source.startswith("# ")
        assert ("google.colab" in notebook.cells[1].source) == bool(ORIGIN.address)
    assert not any(wrong.values()), wrong


def test_notebooks_hold_the_code_and_the_headings_of_their_pages(site: Path) -> None:
    for name, path in downloads(site).items():
        notebook = nbformat.read(path, 4)
        page = (ROOT / f"{name}.md").read_text("utf-8")
        written = re.findall(r"^```\{code-cell\}.*?^```$", page, re.MULTILINE | re.DOTALL)
        last = [cell.splitlines()[-2] for cell in written]
        own = notebook.cells[2 if ORIGIN.address else 1 :]  # behind the header and its installation
        code = [cell.source for cell in own if cell.cell_type == "code"]
        assert [source.splitlines()[-1] for source in code] == last, name
        texts = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        plain = CODE.sub("", "\n".join(texts))
        article = (site / f"{name}.html").read_text("utf-8").partition("<article")[2]
        headings = re.findall(r"<h[1-3]\b", article.partition("</article")[0])
        assert len(re.findall(r"^#{1,3} ", plain, re.MULTILINE)) == len(headings), name


def test_a_page_takes_its_reader_to_the_notebook(site: Path) -> None:
    for name in downloads(site):
        page = site / f"{name}.html"
        links = re.findall(r'<a\b[^>]*\bhref="([^"]*\.ipynb)"', page.read_text("utf-8"))
        (own,) = [link for link in links if not link.startswith("https://")]
        assert (page.parent / own).is_file()
        places = ORIGIN.places("a.ipynb") if ORIGIN.published else {}
        assert len(links) == 1 + len(places)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it would be uploaded, unpacked; the checkout stays as it is."""
    folder = tmp_path_factory.mktemp("source")
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    listing = subprocess.run(listed, cwd=ROOT, check=False, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("this is no checkout")
    for name in listing.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / "copy" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / "copy" / name)
    build = "import setuptools.build_meta as b; b.build_sdist('..')"
    command = [sys.executable, "-c", build]
    subprocess.run(command, cwd=folder / "copy", check=True, capture_output=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder / "out", filter="data")
    (unpacked,) = (folder / "out").iterdir()
    return unpacked


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package alone, built from its source without a network."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([*pip, *options, str(source)], check=True, capture_output=True)
    return folder


def test_the_source_of_the_package_is_complete(source: Path) -> None:
    command = ["git", "ls-files"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    names = [n for n in listing.stdout.splitlines() if not n.startswith((".ci/", ".git"))]
    missing = [n for n in names if (ROOT / n).is_file() and not (source / n).is_file()]
    assert missing == []


def test_the_package_brings_the_recorded_runs(installed: Path) -> None:
    def results(folder: Path) -> dict[str, bytes]:
        kinds = (".json", ".jsonl", ".safetensors")
        files = (path for path in folder.rglob("*") if path.suffix in kinds)
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    assert results(installed / "unrolled" / "results") == results(BOOK / "results")


@pytest.fixture
def elsewhere(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of a reader who has installed the package, and has no checkout."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("UNROLLED_BUDGET", "smoke")
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index", "practice/basic-rnn", "theory/cells"])
def test_a_download_runs_by_itself(site: Path, installed: Path, elsewhere: Path, name: str) -> None:
    notebook = nbformat.read(downloads(site)[f"book/{name}"], 4)
    notebook.cells.append(nbformat.v4.new_code_cell("import unrolled; print(unrolled.__file__)"))
    place = {"metadata": {"path": str(elsewhere)}}
    NotebookClient(notebook, timeout=200, resources=place).execute()
    (output,) = notebook.cells[-1].outputs
    assert Path(output.text.strip()) == installed / "unrolled" / "__init__.py"
    assert list(elsewhere.iterdir()) == []
