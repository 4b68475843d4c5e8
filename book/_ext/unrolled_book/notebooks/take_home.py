"""Let a reader take a chapter home: the executed notebook, and buttons that open it elsewhere.

MyST-NB leaves each notebook in `_build/jupyter_execute`, with the MyST of the page in its Markdown
cells. Here its code cells, with their outputs, are combined with the text of the page in plain
Markdown. The result is written next to the page's source, where the theme's download button
looks for it.

A site that GitHub Actions builds also gets buttons for Colab and Binder. They open the copies in
the branch `notebooks`, which `branch.py` lays out.

Where neither the site nor the repository has an address, a notebook leads to neither: links become
their text, and the package is installed from the folder of the book.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import nbformat
from jupyter_cache import get_cache
from myst_nb.core.utils import coalesce_streams
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from unrolled_book.notebooks.plain_markdown import Block, Cell, Writer, linked
from unrolled_book.origin import Origin, source

BOOK = "book/"  # the folder of the pages, which the branch does not have
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
HEADER = """\
*This notebook is {page} of the book {book}, with what its cells gave when the book was built. The \
code is under the MIT licence, the prose and the figures are under \
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). {first}:*

```
pip install "{package}"
```"""
FIRST = "Colab and Binder install what it needs; on a machine of your own do that first"
FROM_FOLDER = "Install what it needs first, in the folder of the book"
INSTALL = """\
import sys

if "google.colab" in sys.modules:  # it has PyTorch and TensorFlow already
    %pip install --quiet "unrolled @ {package}"\
"""
LOGOS = {"Colab": "logo_colab.png", "Binder": "logo_binder.svg"}  # of the theme
INPUT = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
OUTPUT = {"hide-cell", "hide-output", "remove-cell", "remove-output"}


def joined(blocks: Iterable[Block]) -> Iterator[Block]:
    """Join adjacent text; a heading starts a new cell, so that Jupyter can fold what follows."""
    text: list[str] = []
    for block in blocks:
        if text and (isinstance(block, Cell) or block.startswith("#")):
            yield "\n\n".join(text)
            text = []
        if isinstance(block, Cell):
            yield block
        else:
            text.append(block)
    if text:
        yield "\n\n".join(text)


def is_glue(kind: str) -> bool:
    """Tell whether an output is a value glued into the text, which Jupyter cannot show."""
    return kind.startswith("application/papermill.record")


def code_cell(cell: NotebookNode, folded: bool) -> NotebookNode:
    """Return a cell of the executed notebook, folded if the page hides it."""
    tags = set(cell.metadata.get("tags", []))
    hidden = {"source_hidden": INPUT, "outputs_hidden": OUTPUT}
    jupyter = {name: True for name, why in hidden.items() if folded or tags & why}
    metadata: dict[str, Any] = {"tags": sorted(tags)} if tags else {}
    if jupyter:
        metadata["jupyter"] = jupyter
    if "source_hidden" in jupyter:
        metadata["cellView"] = "form"  # the same for Colab
    outputs = [one for one in cell.outputs if not all(map(is_glue, one.get("data", ["shown"])))]
    return new_code_cell(
        cell.source,
        outputs=coalesce_streams(outputs),
        execution_count=cell.execution_count,
        metadata=metadata,
    )


def with_removed(blocks: Sequence[Block], executed: NotebookNode) -> Iterator[Block]:
    """Put back the cells that the page leaves out, each after the cell that it follows."""
    shown = {block.index for block in blocks if isinstance(block, Cell)}
    code = [n for n, cell in enumerate(executed.cells) if cell.cell_type == "code"]

    def removed(after: int) -> Iterator[Cell]:
        return map(Cell, takewhile(lambda n: n not in shown, (n for n in code if n > after)))

    yield from removed(-1)
    for block in blocks:
        yield block
        if isinstance(block, Cell):
            yield from removed(block.index)


def header(origin: Origin, book: str, home: str, page: str) -> str:
    """Return what stands under the title; the addresses of the site and the page may be empty."""
    names = {"book": linked(book, home), "page": linked("a page", page)}
    if origin.address:
        package = f"unrolled[torch,keras] @ {origin.package}"
        return HEADER.format(**names, first=FIRST, package=package)
    return HEADER.format(**names, first=FROM_FOLDER, package=".[torch,keras]")


def notebook(
    blocks: Sequence[Block], executed: NotebookNode, origin: Origin, **names: str
) -> NotebookNode:
    """Return the notebook of a page.

    Args:
        blocks: the page; its title comes first.
        executed: the cells of the page with their outputs.
        origin: where the package is installed from.
        names: what the header speaks of.
    """
    title, *rest = blocks
    cells = [new_markdown_cell(f"{title}\n\n{header(origin, **names)}")]
    if origin.address:
        cells.append(new_code_cell(INSTALL.format(package=origin.package)))
    for block in with_removed(list(joined(rest)), executed):
        if isinstance(block, Cell):
            cells.append(code_cell(executed.cells[block.index], block.folded))
        else:
            cells.append(new_markdown_cell(block))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(
        cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )


def buttons(places: Mapping[str, str]) -> dict[str, Any]:
    """Return the theme's group of buttons that open a page elsewhere, in these places."""
    links = [
        {
            "type": "link",
            "text": name,
            "tooltip": f"Open in {name}",
            "icon": f"_static/images/{LOGOS[name]}",
            "url": url,
            "label": f"launch-{name.lower()}-button",
        }
        for name, url in places.items()
    ]
    return {
        "type": "group",
        "tooltip": "Run this page elsewhere",
        "icon": "fas fa-rocket",
        "buttons": links,
        "label": "launch-buttons",
    }


def take_home(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Write the notebook of a page that has cells, and point the theme to it."""
    path = Path(app.outdir).parent / "jupyter_execute" / f"{page}.ipynb"
    cells = tree is not None and "kernelspec" in app.env.metadata[page]
    if app.builder.name != "html" or not cells:
        return
    home, images = app.config.html_baseurl, app.builder.images
    address = f"{home}{app.builder.get_target_uri(page)}"
    names = {"book": app.config.project, "home": home, "page": address}
    numbers = {
        name: app.config.numfig_format[kind] % ".".join(map(str, number))
        for kind, found in app.env.toc_fignumbers.get(page, {}).items()
        for name, number in found.items()
    }
    blocks = Writer(address, lambda uri: f"{home}_images/{images[uri]}", numbers).blocks(tree)
    # When the page comes from the cache, MyST-NB's own copy lacks the outputs.
    cache = get_cache(app.config.nb_execution_cache_path)
    _, executed = cache.merge_match_into_notebook(nbformat.read(path, 4))
    target = Path(app.outdir) / "_sources" / f"{page}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(blocks, executed, source(app.config), **names), target)
    context["ipynb_source"] = f"{page}.ipynb"


def add_buttons(app: Any, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Put the buttons before the theme's own."""
    origin = source(app.config)
    places = origin.places(f"{page.removeprefix(BOOK)}.ipynb")
    if "ipynb_source" in context and origin.published and places:
        context["header_buttons"].insert(0, buttons(places))


def setup(app: Any) -> None:
    """Connect to Sphinx, before and after the theme makes its buttons (501)."""
    app.connect("html-page-context", take_home, priority=400)
    app.connect("html-page-context", add_buttons, priority=600)
