"""Check a DOI with the DOI registry, not with the publisher that it leads to.

Many publishers refuse requests from programs, so a link that works for readers would count as
broken. The registry says whether the DOI exists, which is all that can go wrong with it.
"""

from typing import Any

RESOLVER = "https://doi.org/"


def entry(app: Any, address: str) -> str | None:
    """Return the registry's address for a DOI; None leaves any other address unchanged."""
    if not address.startswith(f"{RESOLVER}10."):
        return None
    return f"{RESOLVER}api/handles/{address.removeprefix(RESOLVER)}"


def setup(app: Any) -> None:
    """Connect to Sphinx; `make links` follows the links."""
    app.setup_extension("sphinx.builders.linkcheck")
    app.connect("linkcheck-process-uri", entry)
