"""Let models of the book run live in a page.

`{explorer} basic-lstm bidirectional-lstm` becomes an element that `book/live/explorer/loader.mjs`
brings to life when the reader comes near. The content of the directive is shown until then, and
wherever nothing can run: on paper, without JavaScript, in a page opened from the disk. A
definition list in it holds words to try, each with a sentence that says what to look at.
"""

import json
from functools import cache
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective
from unrolled.experiments import readings
from unrolled.pictures import diagrams, plots
from unrolled.tasks.pronunciation import read_cmudict
from unrolled.tasks.pronunciation.dictionary import SILENT
from unrolled.tasks.pronunciation.families import part_of

from unrolled_book.explorer.weights import MODELS

NOTE = (
    "The models answer live where this page is served and JavaScript is on; "
    "in a checkout, `make serve` serves it."
)


class explorer(nodes.General, nodes.Element):  # noqa: N801 docutils names nodes in lower case
    """The element; its children are the prepared content."""


@cache
def dictionary() -> dict[str, Any]:
    """Return the pronunciations of each word."""
    return read_cmudict()


def entries(words: list[str]) -> dict[str, dict[str, Any]]:
    """Return the dictionary's pronunciations of the words, and whether they were trained on."""
    said = {word: dictionary().get(word, ()) for word in words}
    return {
        word: {"readings": [" ".join(one) for one in some], "trained": part_of(word) == "train"}
        for word, some in said.items()
        if some
    }


class Explorer(SphinxDirective):
    """The names of the models, and the word shown first."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec = {  # noqa: RUF012
        "word": directives.unchanged_required,
        "wide": directives.flag,  # the page has room for it, without contents at its side
    }
    has_content = True

    def run(self) -> list[nodes.Node]:
        models = self.arguments[0].split()
        if unknown := [name for name in models if name not in MODELS]:
            raise self.error(f"no model {unknown[0]!r} is exported; there are {', '.join(MODELS)}")
        word = self.options.get("word", "hate")
        element = explorer("", models=" ".join(models), word=word)
        self.state.nested_parse(self.content, self.content_offset, element)
        words = [term.astext() for term in element.findall(nodes.term)]
        element["titles"] = json.dumps({name: readings.title(name) for name in models})
        element["silent"] = json.dumps(
            {"tag": SILENT, "shown": diagrams.DASH, "spoken": plots.silent_as_words(SILENT)}
        )
        element["dictionary"] = json.dumps(entries([word, *words]))
        element["up"] = "../" * self.env.docname.count("/")
        element["classes"] = [f"explorer-of-{len(models)}"]
        element["classes"] += ["explorer-wide"] if "wide" in self.options else []
        return [element]


def visit(translator: Any, node: explorer) -> None:
    """Open the element; the first one on a page also loads the loader and the styles."""
    first = next(iter(node.document.findall(explorer))) is node if node.document else True
    if first:
        folder = f"{node['up']}live/explorer"
        for sheet in ("explorer.css", "figure.css"):
            translator.body.append(f'<link rel="stylesheet" href="{folder}/{sheet}">\n')
        translator.body.append(f'<script type="module" src="{folder}/loader.mjs"></script>\n')
    names = ("models", "titles", "silent", "word", "dictionary")
    given = {name: node[name] for name in names}
    translator.body.append(translator.starttag(node, "unrolled-explorer", **given))
    translator.body.append('<div class="explorer-prepared">\n')


def depart(translator: Any, node: explorer) -> None:
    """Close it, with a line that says where the models run."""
    note = NOTE.replace("`make serve`", "<code>make serve</code>")
    translator.body.append(f'<p class="explorer-note">{note}</p></div></unrolled-explorer>\n')


def skip(translator: Any, node: explorer) -> None:
    """Write the prepared content and nothing else."""


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_node(explorer, html=(visit, depart), latex=(skip, skip), text=(skip, skip))
    app.add_directive("explorer", Explorer)
