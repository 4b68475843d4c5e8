"""Put all cells into one table: the directive `{cell-table}`.

The name of a cell, its year, its source and what it changes come from the package's catalogue of
cells; its state, its parameters and whether all steps can be computed at once come from its
section of the page of cells.
"""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from unrolled import cells

PAGE = "theory/cells.md"  # in the parent of the folder of the page with the table
HEAD = "| cell | what it changes | state | parameters | at once |\n|---|---|---|---|---|\n"
ROW = "| {{ref}}`{title} <cell-{name}>` {year} {{cite}}`{source}` | {idea} | {facts} |\n"
# The label of a section, and its line of facts without the products and the source.
SECTION = re.compile(
    r"^\(cell-([\w-]+)\)=\n(?:(?!^\().*\n)*?"
    r"\| (\$[^|]+\$) \| (\$[^|]+\$) \| \$[^|]+\$ \| ([\w ]+) \| [^|]+ \|$",
    re.M,
)


def markdown(page: str) -> str:
    """Return the table, in MyST.

    Args:
        page: the text of the page of cells.

    Raises:
        KeyError: a cell of the catalogue has no section there, or its line of facts is missing.
    """
    facts = {name: " | ".join(row) for name, *row in SECTION.findall(page)}
    return HEAD + "".join(
        ROW.format(facts=facts[name], **vars(cell)) for name, cell in cells.CELLS.items()
    )


class CellTable(SphinxDirective):
    """A row for each cell of the catalogue, in its order."""

    def run(self) -> list[nodes.Node]:
        path = Path(self.env.srcdir, "book", PAGE)
        for file in (path, cells.__file__):
            self.env.note_dependency(str(file))
        return self.parse_text_to_nodes(markdown(path.read_text(encoding="utf-8")))


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_directive("cell-table", CellTable)
