"""What the book adds to Sphinx, as one extension, with one package here for each purpose.

Each part has its own `setup`, which connects that part only. If one must act before another, the
priority of its event ensures it; the order here does not matter.
"""

from importlib import import_module
from typing import Any

PARTS = (
    "origin",
    "writing.cell_code",
    "writing.cell_table",
    "writing.formulas",
    "writing.reading_time",
    "writing.source_links",
    "notebooks.execution_cache",
    "notebooks.take_home",
    "explorer.directive",
    "explorer.weights",
    "finding.address",
    "finding.cards",
    "finding.dois",
    "finding.search_terms",
    "finding.site_map",
    "finishing.ask",
    "finishing.finish",
    "finishing.icons",
    "finishing.lean",
    "finishing.page_runtime",
    "printing.paper",
)


def setup(app: Any) -> dict[str, Any]:
    """Connect all parts to Sphinx."""
    for part in PARTS:
        import_module(f"{__name__}.{part}").setup(app)
    # Change the number when a part changes what it leaves in the pages cached between builds, so
    # that all of them are read again.
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
