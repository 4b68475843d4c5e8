"""Values on their way from a cell into the prose of its page."""

from typing import Any


def glue(**values: Any) -> None:
    """Hands values and figures, by name, to the text of the page.

    Outside the book there is no page to show them, and this does nothing.
    """
    try:
        from myst_nb import glue as hand_over
    except ImportError:
        return
    for name, value in values.items():
        hand_over(name, value, display=False)
