"""The book's extension of Sphinx connects all of its parts."""

from importlib import import_module
from pkgutil import walk_packages

import unrolled_book


def test_every_part_is_connected() -> None:
    package = unrolled_book.__name__
    names = [module.name for module in walk_packages(unrolled_book.__path__, f"{package}.")]
    parts = {name for name in names if hasattr(import_module(name), "setup")}
    assert parts == {f"{package}.{part}" for part in unrolled_book.PARTS}
