"""What the book adds to Sphinx, as one extension: its rooms are the packages here.

Each part has a `setup` of its own, which connects that part alone. Where one must act before
another, the priority of its event says so; the order here decides nothing.
"""

from importlib import import_module
from typing import Any

PARTS = (
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
    # The number changes with what a part leaves in the pages as they are kept between builds, so
    # that they are read again.
    return {"env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
