"""Ask the register of DOIs for a DOI, and not the publisher that it leads to.

Many publishers answer a program with a refusal, so a link that works for readers would count as
broken. The register answers whether the DOI exists, which is all that can break it.
"""

from typing import Any

RESOLVER = "https://doi.org/"


def entry(app: Any, address: str) -> str | None:
    """Return where the register answers for a DOI; None leaves any other address as it is."""
    if not address.startswith(f"{RESOLVER}10."):
        return None
    return f"{RESOLVER}api/handles/{address.removeprefix(RESOLVER)}"


def setup(app: Any) -> None:
    """Connect to Sphinx; `make links` follows the links."""
    app.setup_extension("sphinx.builders.linkcheck")
    app.connect("linkcheck-process-uri", entry)
