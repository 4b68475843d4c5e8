"""Lay out the files of the branch `notebooks`, from a built site.

Colab, Binder and a JupyterHub open notebooks from a repository, but none are kept with the pages.
So each publication puts these files, and nothing else, into their own branch: the notebooks, the
environment that runs them, and a page that says what they are.

Where the repository has no address, the notebooks are laid out for whoever is given the folder: the
environment stays away, for it installs the package from the repository.

usage: python -m unrolled_book.notebooks.branch SITE OUT
"""

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import nbformat
import yaml

from unrolled_book.notebooks.take_home import BOOK
from unrolled_book.origin import BRANCH, ROOT, Origin, origin

LOCK = "-r ../requirements.lock\n"
POST_BUILD = """\
#!/bin/sh
set -eu
pip install --no-deps --no-build-isolation "unrolled @ {package}"
"""
HEADING = "# Notebooks of the book *Unrolled*\n"
README = """\
{heading}
{about}

| notebook | opens in |
|---|---|
{rows}

{install}, in Python 3.11, 3.12 or
3.13, then open a notebook in Jupyter. It downloads nothing while it runs.

{hub}\
The code is under the MIT licence, the prose and figures under CC BY 4.0; see [LICENSE](LICENSE).
"""
ABOUT = """\
The chapters of [the book]({address}), executed. Each publication of the book
writes this branch anew, here from commit `{commit}`; changes belong into the pages of the book."""
INSTALL = 'Without Colab and Binder: `pip install "unrolled[torch,keras] @ {package}"`'
HUB = """\
For a class, `.binder/` is the environment of a JupyterHub, built by repo2docker:

```
repo2docker --no-run --ref {branch} --image-name NAME {address}
```

A link of the hub then brings the notebooks to whoever follows it, and keeps what they changed. A
publication replaces this branch by one new commit, which such a link cannot follow; so first copy
it to a branch that stays, here `course`:

```
git push {address} origin/{branch}:refs/heads/course
https://HUB/hub/user-redirect/git-pull?repo={quoted}&branch=course&urlpath=lab%2Ftree%2F{folder}
```

"""
ABOUT_FOLDER = "The chapters of the book, executed; changes belong into the pages of the book."
INSTALL_FOLDER = 'First `pip install ".[torch,keras]"` in the folder of the book'


class BranchError(Exception):
    """There is nothing to lay out; the message says why in one line."""


def title(path: Path) -> str:
    """Return the heading of a notebook."""
    first: str = nbformat.read(path, 4).cells[0].source
    return first.partition("\n")[0].lstrip("# ")


def readme(out: Path, names: Iterable[str], source: Origin) -> str:
    """Return the page that describes the branch."""

    def row(name: str) -> str:
        places = [f"[{place}]({url})" for place, url in source.places(name).items()]
        return f"| [{title(out / name)}]({name}) | {', '.join(places) or 'Jupyter'} |"

    rows = "\n".join(map(row, names))
    if not source.address:
        about, install, hub = ABOUT_FOLDER, INSTALL_FOLDER, ""
    else:
        about = ABOUT.format(address=source.address, commit=source.commit)
        install = INSTALL.format(package=source.package)
        folder = source.path.rpartition("/")[2]
        quoted = quote(source.address, safe="")
        hub = HUB.format(address=source.address, branch=BRANCH, quoted=quoted, folder=folder)
    return README.format(heading=HEADING, about=about, rows=rows, install=install, hub=hub)


def empty(out: Path) -> None:
    """Remove the files of an earlier layout.

    Raises:
        BranchError: the folder holds something else.
    """
    if out.exists() and any(out.iterdir()):
        said = out / "README.md"
        if not (said.is_file() and said.read_text("utf-8").startswith(HEADING)):
            raise BranchError(f"{out} holds other files; name another folder: make notebooks OUT=…")
        shutil.rmtree(out)


def lay_out_environment(out: Path, source: Origin) -> None:
    """Write the environment, with the versions of the lock and the package of the repository."""
    shutil.copytree(ROOT / ".binder", out)
    environment = out / "requirements.txt"
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    environment.write_text(environment.read_text("utf-8").replace(LOCK, lock), "utf-8")
    (out / "postBuild").write_text(POST_BUILD.format(package=source.package), "utf-8")


def lay_out(site: Path, out: Path, source: Origin) -> list[str]:
    """Write the files of the branch into `out`; return the names of the notebooks.

    Raises:
        BranchError: the site is not built, or the folder holds something else.
    """
    pages = site / "_sources" / BOOK
    names = sorted(path.relative_to(pages).as_posix() for path in pages.rglob("*.ipynb"))
    if not names:
        raise BranchError(f"there are no notebooks in {site}; run `make book` first")
    empty(out)
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pages / name, out / name)
    if source.address:
        lay_out_environment(out / ".binder", source)
    shutil.copyfile(ROOT / "LICENSE", out / "LICENSE")
    (out / "README.md").write_text(readme(out, names, source), "utf-8")
    return names


def main(arguments: list[str]) -> None:
    """Run as a command."""
    site, out = map(Path, arguments)
    configured = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["repository"]
    try:
        lay_out(site, out, origin(configured["branch"]))
    except (BranchError, ValueError) as error:
        sys.exit(f"unrolled: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
