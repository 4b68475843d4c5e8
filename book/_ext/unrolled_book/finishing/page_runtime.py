"""Say at the foot of each page when it was last changed and how long its cells took to run.

The date is from git; a page that is not committed yet has none. MyST-NB records the time of a run,
and jupyter-cache keeps it with the outputs, so the line is also right if they come from the cache.
"""

from datetime import UTC, datetime
from typing import Any

from docutils import nodes

from unrolled_book.notebooks.execution_cache import budget


def changed(timestamp: float) -> str:
    """Return the sentence for a page whose last change is `timestamp` seconds after 1970."""
    day = datetime.fromtimestamp(timestamp, UTC)
    return f"This page was last changed on {day.day} {day:%B %Y}."


def ran(seconds: float, budget: str) -> str:
    """Return the sentence for a run of `seconds` at `budget`."""
    if seconds < 1:
        time = "less than a second"
    elif seconds < 100:
        time = f"{seconds:.0f} s"
    else:
        time = "{} min {} s".format(*divmod(round(seconds), 60))
    return f"The cells of this page ran in {time}, at the {budget} budget."


def fill_days(app: Any, env: Any) -> None:
    """Replace git's missing answers by an empty date, which the site map can handle."""
    unknown = [name for name, answer in env.git_last_updated.items() if answer is None]
    env.git_last_updated |= dict.fromkeys(unknown, (None, True))


def add_line(app: Any, doctree: nodes.document, docname: str) -> None:
    """Append the line to a page."""
    timestamp, _ = app.env.git_last_updated.get(docname) or (None, None)
    data = app.env.nb_metadata.get(docname, {}).get("exec_data")
    sentences = [changed(float(timestamp))] if timestamp else []
    if data and data["runtime"] is not None:
        sentences.append(ran(data["runtime"], budget()))
    if sentences:
        line = nodes.paragraph(classes=["page-runtime"])
        line += nodes.emphasis(text=" ".join(sentences))
        body = doctree.next_node(nodes.section) or doctree
        body += [nodes.transition(), line]


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.setup_extension("sphinx_last_updated_by_git")
    app.connect("env-updated", fill_days, priority=600)  # after git has been read
    app.connect("doctree-resolved", add_line)
