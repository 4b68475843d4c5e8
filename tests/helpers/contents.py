"""The pages of the book as its contents name them, such as book/practice/basic-rnn."""

import yaml
from places import ROOT


def documents(contents: object) -> list[str]:
    """Return the names of all pages in the contents, at whatever depth."""
    if isinstance(contents, dict):
        own = [str(value) for key, value in contents.items() if key in ("root", "file")]
        return own + [name for value in contents.values() for name in documents(value)]
    return (
        [name for item in contents for name in documents(item)]
        if isinstance(contents, list)
        else []
    )


PAGES = documents(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
