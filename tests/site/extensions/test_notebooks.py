"""A page becomes a notebook in plain Markdown, and a site becomes the branch `notebooks`."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from places import ROOT
from sphinx_design.dropdown import dropdown_main, dropdown_title
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_title, solution_node
from sphinx_exercise.nodes import solution_title as of_solution
from unrolled_book.notebooks import branch, take_home
from unrolled_book.notebooks.plain_markdown import Cell, Writer
from unrolled_book.origin import Origin

PAGE = "https://example.org/book/a/page.html"
NAMES = {"book": "B", "home": "https://example.org/", "page": PAGE}
SOURCE = Origin("https://github.com/me/fork", "github", "abc", True)
UNKNOWN = Origin("", "", "main")


def writer() -> Writer:
    return Writer(PAGE, lambda uri: f"https://example.org/_images/{uri}", {"e1": "Exercise 3"})


def paragraph(*children: nodes.Node | str) -> nodes.paragraph:
    return nodes.paragraph("", "", *[nodes.Text(c) if isinstance(c, str) else c for c in children])


ICON = nodes.raw("", "<svg></svg>", format="html")


def cell(index: int) -> nodes.container:
    return nodes.container(nb_element="cell_code", cell_index=index)


def table(*rows: list[nodes.Node]) -> nodes.table:
    group = nodes.tgroup(cols=len(rows[0]))
    head, body = nodes.thead(), nodes.tbody()
    for part, lines in ((head, rows[:1]), (body, rows[1:])):
        for line in lines:
            part += nodes.row("", *[nodes.entry("", paragraph(child)) for child in line])
    group += [*[nodes.colspec() for _ in rows[0]], head, body]
    return nodes.table("", group)


@pytest.mark.parametrize(
    ("node", "markdown"),
    [
        (paragraph("a\nb  c"), "a b c"),
        (paragraph("2 * 3, a_b, _c, 5 $, <b>, &lt;"), r"2 \* 3, a_b, \_c, 5 \$, \<b>, \&lt;"),
        (paragraph("1. not a list"), r"1\. not a list"),
        (paragraph("- neither"), r"\- neither"),
        (paragraph(nodes.emphasis("", "so"), " ", nodes.strong("", "it")), "*so* **it**"),
        (paragraph(nodes.literal("", "a*b")), "`a*b`"),
        (paragraph(nodes.literal("", "a`b")), "`` a`b ``"),
        (paragraph(nodes.math("", "a_1 * b")), "$a_1 * b$"),
        (paragraph(nodes.math("", "plain", tex="\\alpha")), "$\\alpha$"),
        (nodes.math_block("", "x = 1"), "$$\nx = 1\n$$"),
        (
            nodes.math_block("", "x = 1 \\\\ y = 2"),
            "$$\n\\begin{aligned}\nx = 1 \\\\ y = 2\n\\end{aligned}\n$$",
        ),
        (nodes.literal_block("", "x = 1\n", language="python"), "```python\nx = 1\n```"),
        (nodes.literal_block("", "```", language="default"), "````\n```\n````"),
        (
            paragraph(nodes.reference("", "there", refuri="../b.html#c_d")),
            "[there](https://example.org/book/b.html#c_d)",
        ),
        (paragraph(nodes.reference("", "here", refid="id1")), f"[here]({PAGE}#id1)"),
        (paragraph(nodes.reference("", "out", refuri="https://a.b/c")), "[out](https://a.b/c)"),
        (nodes.image(uri="a.png", alt="A box."), "![A box.](https://example.org/_images/a.png)"),
        (
            nodes.bullet_list("", *[nodes.list_item("", paragraph(c)) for c in "ab"]),
            "- a\n- b",
        ),
        (
            nodes.enumerated_list("", nodes.list_item("", paragraph("a"), paragraph("b"))),
            "1. a\n\n   b",
        ),
        (
            nodes.enumerated_list("", nodes.list_item("", *map(paragraph, "ab")), start=10),
            "10. a\n\n    b",
        ),
        (nodes.note("", paragraph("a"), paragraph("b")), "> **Note**\n>\n> a\n>\n> b"),
        (
            nodes.admonition("", nodes.title("", "T"), paragraph("a")),
            "> **T**\n>\n> a",
        ),
        (
            exercise_enumerable_node("", exercise_title("", " (Why)"), paragraph("a"), ids=["e1"]),
            "> **Exercise 3 (Why)**\n>\n> a",
        ),
        (
            dropdown_main(
                "",
                dropdown_title("", "", nodes.Text("a < "), nodes.math("", "b"), ICON),
                paragraph("c"),
            ),
            "<details>\n<summary>a &lt; $b$</summary>\n\nc\n\n</details>",
        ),
        (
            table(
                [nodes.Text("a"), nodes.Text("b")],
                [nodes.literal("", "x|y"), nodes.math("", r"\|x\| + |y|")],
            ),
            "| a | b |\n| --- | --- |\n| `x\\|y` | $\\Vert x\\Vert  + \\vert y\\vert $ |",
        ),
        (nodes.raw("", "<div id=live></div>", format="html"), f"*This part works on [the page of "
         f"the site]({PAGE}).*"),
        (nodes.comment("", "x"), ""),
        (nodes.paragraph("", "The cells ran", classes=["page-runtime"]), ""),
    ],
)  # fmt: skip
def test_a_node_is_written_in_plain_markdown(node: nodes.Node, markdown: str) -> None:
    assert "\n\n".join(map(str, writer().blocks(node))) == markdown


def test_sections_become_headings() -> None:
    inner = nodes.section("", nodes.title("", "In"), paragraph("b"))
    outer = nodes.section("", nodes.title("", "Out"), paragraph("a"), inner)
    assert writer().blocks(outer) == ["# Out", "a", "## In", "b"]


def test_a_solution_is_folded_around_its_cells() -> None:
    title = of_solution("", "Solution to Exercise 3")
    node = solution_node("", title, paragraph("a"), cell(4), paragraph("b"), cell(6))
    first, four, second, six = writer().blocks(node)
    assert (four, six) == (Cell(4, folded=True), Cell(6, folded=True))
    assert first == ("<details>\n<summary>Solution to Exercise 3</summary>\n\na\n\n</details>")
    assert "Solution to Exercise 3, continued" in str(second)
    silent, _ = writer().blocks(solution_node("", title, cell(4)))
    assert "The next cell holds it" in str(silent)


GLUED = new_output("display_data", data={"application/papermill.record/text/plain": "1"})
EXECUTED = new_notebook(
    cells=[
        new_code_cell("import numpy", metadata={"tags": ["remove-cell"]}),
        new_markdown_cell("{glue:text}`x`"),
        new_code_cell("1 + 1", execution_count=2, outputs=[new_output("stream", text="2")]),
        new_code_cell(
            "from unrolled.glue import glue\n\nglue(x=1)",
            metadata={"tags": ["remove-cell"]},
            outputs=[GLUED],
        ),
        new_code_cell("draw()", metadata={"tags": ["remove-input"], "mystnb": {"image": {}}}),
        new_code_cell("answer"),
    ]
)
BLOCKS = ["# Title", "One.", Cell(2), "Two.", "## More", Cell(4), Cell(5, folded=True)]


@pytest.fixture
def made() -> nbformat.NotebookNode:
    return take_home.notebook(BLOCKS, EXECUTED, SOURCE, **NAMES)


def test_a_notebook_holds_every_cell_in_its_order(made: nbformat.NotebookNode) -> None:
    nbformat.validate(made)
    texts = [c.source for c in made.cells if c.cell_type == "markdown"]
    assert texts[0].startswith("# Title\n\n*This notebook is [a page](https://example.org/book/a")
    assert texts[1:] == ["One.", "Two.", "## More"]
    _, *code = [c for c in made.cells if c.cell_type == "code"]
    assert [c.source.splitlines()[0] for c in code] == [
        "import numpy",
        "1 + 1",
        "from unrolled.glue import glue",
        "draw()",
        "answer",
    ]
    assert [len(c.outputs) for c in code] == [0, 1, 0, 0, 0]
    assert made == take_home.notebook(BLOCKS, EXECUTED, SOURCE, **NAMES)


def test_what_a_page_hides_is_collapsed(made: nbformat.NotebookNode) -> None:
    code = {c.source.split("\n")[0]: c.metadata for c in made.cells if c.cell_type == "code"}
    assert code["1 + 1"] == {}
    assert code["draw()"] == {
        "tags": ["remove-input"],
        "jupyter": {"source_hidden": True},
        "cellView": "form",
    }
    for whole in ("import numpy", "answer"):
        assert code[whole]["jupyter"] == {"source_hidden": True, "outputs_hidden": True}


def test_glue_needs_nothing_that_builds_books(
    made: nbformat.NotebookNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "myst_nb", None)  # as if it were not installed
    (source,) = (c.source for c in made.cells if "glue(" in c.source)
    exec(source, {})


def test_the_package_is_installed_on_colab_alone(made: nbformat.NotebookNode) -> None:
    assert made.cells[1].source == (
        'import sys\n\nif "google.colab" in sys.modules:  # it has PyTorch and TensorFlow already\n'
        '    %pip install --quiet "unrolled @ https://github.com/me/fork/archive/abc.zip"'
    )
    (line,) = (line for line in made.cells[0].source.splitlines() if line.startswith("pip"))
    assert line == (
        'pip install "unrolled[torch,keras] @ https://github.com/me/fork/archive/abc.zip"'
    )


def test_without_addresses_a_notebook_leads_to_nobody() -> None:
    names = {"book": "B", "home": "", "page": "book/a/page.html"}
    made = take_home.notebook(BLOCKS, EXECUTED, UNKNOWN, **names)
    nbformat.validate(made)
    first, *rest = made.cells
    assert first.source.startswith("# Title\n\n*This notebook is a page of the book B, with what")
    assert "). Install what it needs first, in the folder of the book:*\n\n```\n" in first.source
    assert first.source.endswith('```\npip install ".[torch,keras]"\n```')
    assert first.source.count("://") == 1  # the licence
    assert [cell.source for cell in rest][:2] == ["import numpy", "One."]


def test_without_an_address_links_become_their_text() -> None:
    relative = Writer("book/a/page.html", lambda uri: f"_images/{uri}", {})
    assert relative.blocks(paragraph(nodes.reference("", "there", refuri="../b.html#c"))) == [
        "there"
    ]
    assert relative.blocks(paragraph(nodes.reference("", "here", refid="id1"))) == ["here"]
    assert relative.blocks(nodes.image(uri="a.png", alt="A box.")) == ["A box."]
    raw = nodes.raw("", "<div id=live></div>", format="html")
    assert relative.blocks(raw) == ["*This part works on the page of the site.*"]
    out = paragraph(nodes.reference("", "out", refuri="https://a.b/c"))
    assert relative.blocks(out) == ["[out](https://a.b/c)"]


def test_the_buttons_lead_to_the_branch() -> None:
    group = take_home.buttons(SOURCE.places("practice/basic-rnn.ipynb"))
    assert [(one["text"], one["url"]) for one in group["buttons"]] == [
        (
            "Colab",
            "https://colab.research.google.com/github/me/fork/blob/notebooks/practice/basic-rnn.ipynb",
        ),
        (
            "Binder",
            "https://mybinder.org/v2/gh/me/fork/notebooks?urlpath=lab/tree/practice/basic-rnn.ipynb",
        ),
    ]


@pytest.mark.parametrize(
    ("origin", "buttons"),
    [
        (SOURCE, 1),
        (SOURCE._replace(published=False), 0),
        (SOURCE._replace(address="https://github.example.edu/me/fork"), 0),
        (UNKNOWN, 0),
    ],
)
def test_only_a_published_page_has_buttons(origin: Origin, buttons: int) -> None:
    app = SimpleNamespace(config=SimpleNamespace(origin=list(origin)))
    with_cells = {"header_buttons": ["downloads"], "ipynb_source": "book/a.ipynb"}
    without = {"header_buttons": ["downloads"]}
    for context in (with_cells, without):
        take_home.add_buttons(app, "book/a", "page.html", context, None)
    assert without["header_buttons"] == ["downloads"]
    assert len(with_cells["header_buttons"]) == 1 + buttons


@pytest.fixture
def built(tmp_path: Path, made: nbformat.NotebookNode) -> Path:
    page = tmp_path / "html" / "_sources" / "book" / "theory" / "rnn.ipynb"
    page.parent.mkdir(parents=True)
    nbformat.write(made, page)
    (page.parent / "rnn.md").touch()
    return tmp_path / "html"


FILES = [
    ".binder/postBuild",
    ".binder/requirements.txt",
    ".binder/runtime.txt",
    "LICENSE",
    "README.md",
    "theory/rnn.ipynb",
]


def test_the_branch_holds_the_notebooks_and_their_environment(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "branch"
    for _ in range(2):  # over its own files it writes again
        assert branch.lay_out(built, out, SOURCE) == ["theory/rnn.ipynb"]
    files = [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()]
    assert sorted(files) == FILES
    readme = (out / "README.md").read_text("utf-8")
    assert "[the book](https://github.com/me/fork)" in readme
    assert (
        "?repo=https%3A%2F%2Fgithub.com%2Fme%2Ffork&branch=course&urlpath=lab%2Ftree%2Ffork\n"
        in readme
    )
    assert "| [Title](theory/rnn.ipynb) | [Colab](https://colab.research.google.com/" in readme
    assert "`abc`" in readme
    assert "{" not in readme
    environment = (out / ".binder" / "requirements.txt").read_text("utf-8")
    lines = environment.splitlines()
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in lines
    assert not [line for line in lines if line.startswith(("-r", "-c", "-e"))]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert lock in environment
    post_build = out / ".binder" / "postBuild"
    assert "unrolled @ https://github.com/me/fork/archive/abc.zip" in post_build.read_text("utf-8")


def test_without_an_address_the_notebooks_are_for_whoever_gets_the_folder(
    built: Path, tmp_path: Path
) -> None:
    out = tmp_path / "branch"
    assert branch.lay_out(built, out, SOURCE) == branch.lay_out(built, out, UNKNOWN)
    files = [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()]
    assert sorted(files) == ["LICENSE", "README.md", "theory/rnn.ipynb"]
    readme = (out / "README.md").read_text("utf-8")
    assert "| [Title](theory/rnn.ipynb) | Jupyter |" in readme
    assert 'First `pip install ".[torch,keras]"` in the folder of the book, in' in readme
    assert "://" not in readme
    assert "{" not in readme


@pytest.mark.skipif(os.name == "nt", reason="files carry no mode")
def test_git_keeps_what_binder_runs_runnable(built: Path, tmp_path: Path) -> None:
    out = tmp_path / "branch"
    branch.lay_out(built, out, SOURCE)
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=out, check=True)
    command = ["git", "ls-files", "--stage"]
    listed = subprocess.run(command, cwd=out, check=True, capture_output=True, text=True).stdout
    modes = {name: mode.split()[0] for mode, name in (x.split("\t") for x in listed.splitlines())}
    assert sorted(modes) == FILES  # none is ignored
    assert modes[".binder/postBuild"] == "100755"


def test_a_folder_with_other_files_is_left_alone(built: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("# Mine")
    with pytest.raises(branch.BranchError, match="holds other files"):
        branch.lay_out(built, tmp_path / "mine", SOURCE)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["README.md"]


def test_without_a_site_one_line_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_REF", raising=False)
    with pytest.raises(SystemExit, match=r"there are no notebooks in .*; run `make book` first"):
        branch.main([str(tmp_path), str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_the_environment_of_the_main_branch_is_the_same_lock() -> None:
    assert branch.LOCK in (ROOT / ".binder" / "requirements.txt").read_text("utf-8")
    runtime = (ROOT / ".binder" / "runtime.txt").read_text("utf-8").strip()
    assert runtime in {"python-3.11", "python-3.12", "python-3.13"}
