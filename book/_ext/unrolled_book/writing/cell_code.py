"""Fold away the code of one recurrent layer, with a tab for each framework.

`{cell-code} gated LSTM` becomes a dropdown with the class `LSTM` of
`unrolled/{torch,keras,numpy}/cells/gated.py`, each included from the tested file.
"""

from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

PACKAGES = {"PyTorch": "torch", "Keras": "keras", "NumPy": "numpy"}
TAB = """\
````{{tab-item}} {title}
:sync: {sync}
```{{literalinclude}} /code/unrolled/{package}/{module}.py
:language: python
:pyobject: {name}
```
````
"""


def path(module: str) -> str:
    """The path of a family of cells, or of the trees, within a framework's package."""
    return module if module == "trees" else f"cells/{module}"


def markdown(module: str, name: str) -> str:
    """The dropdown with its tabs, in MyST."""
    tabs = "".join(
        TAB.format(title=title, sync=title.lower(), package=package, module=module, name=name)
        for title, package in PACKAGES.items()
    )
    title = f"``````{{dropdown}} {name} in PyTorch, Keras and NumPy"
    return f"{title}\n`````{{tab-set}}\n:sync-group: framework\n{tabs}`````\n``````\n"


class CellCode(SphinxDirective):
    """The family of a cell, or a module of the package, and the name of the class."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        module, name = self.arguments
        return self.parse_text_to_nodes(markdown(path(module), name))


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_directive("cell-code", CellCode)
