"""Say at the foot of each page how long its cells took to run.

MyST-NB records the time of a run, and jupyter-cache keeps it with the outputs, so the line is also
right on a page whose outputs come from the cache.
"""

from typing import Any

from docutils import nodes
from execution_cache import budget


def sentence(seconds: float, budget: str) -> str:
    """Return the line for a run of `seconds` at `budget`."""
    if seconds < 1:
        time = "less than a second"
    elif seconds < 100:
        time = f"{seconds:.0f} s"
    else:
        time = "{} min {} s".format(*divmod(round(seconds), 60))
    return f"The cells of this page ran in {time}, at the {budget} budget."


def add_line(app: Any, doctree: nodes.document) -> None:
    """Append the line to a page that ran."""
    data = app.env.nb_metadata.get(app.env.docname, {}).get("exec_data")
    if data and data["runtime"] is not None:
        line = nodes.paragraph(classes=["page-runtime"])
        line += nodes.emphasis(text=sentence(data["runtime"], budget()))
        body = doctree.next_node(nodes.section) or doctree
        body += [nodes.transition(), line]


def setup(app: Any) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("doctree-read", add_line)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
