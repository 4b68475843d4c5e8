"""The types of recurrent networks: by shape, by structure, by descent, by year."""

from unrolled.figures import Figure


def shapes() -> Figure:
    """One to one, one to many, many to one, many to many aligned and unaligned."""
    raise NotImplementedError


def structure(name: str) -> Figure:
    """How cells are joined, where no other diagram shows it: "residual" or "tree-structured"."""
    raise NotImplementedError


def family_tree() -> Figure:
    """Which cell changes what of which."""
    raise NotImplementedError


def time_line() -> Figure:
    """All cells and structures by year, from above."""
    raise NotImplementedError
