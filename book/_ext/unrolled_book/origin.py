"""Where the book comes from: the address of its repository, and what is found there.

GitHub Actions say it where they build the repository; else `repository` in pyproject.toml does,
under `[tool.unrolled]`; else the remote `origin` of the checkout. Where none of them names GitHub
or a GitLab, as in a folder that was unpacked from a zip, there is no address. Then nothing leads to
a repository: no link, no button, no line to install from.

`setup.py` asks here, too, so this needs nothing but Python.
"""

import os
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parents[3]
BRANCH = "notebooks"  # of the repository, for those who open a notebook elsewhere
REMOTE = re.compile(
    r"(?:(?P<scheme>https?|ssh|git)://)?"
    r"(?:[^/]*@)?"  # whoever asks; nobody else is told
    r"(?:(?:www|ssh|altssh)\.)?(?P<host>(?P<forge>github|gitlab)\.[a-z\d.-]+)"
    r"(?(scheme)(?P<port>:\d+)?/|:/?)"
    r"(?P<path>[\w.-]+(?:/[\w.-]+?)+)(?:\.git)?/?",
    re.ASCII | re.IGNORECASE,
)
BUTTONS = ("use_repository_button", "use_edit_page_button", "use_issues_button")


class Origin(NamedTuple):
    """Where the book comes from.

    Attributes:
        address: of the repository, such as https://github.com/OWNER/NAME; empty if nobody knows.
        forge: what serves it, "github" or "gitlab".
        commit: from which the book is built, or its branch.
        published: whether Actions build the branch, and so the branch of notebooks as well.
    """

    address: str
    forge: str
    commit: str
    published: bool = False

    @property
    def path(self) -> str:
        """Return owner and name of the repository."""
        return urlsplit(self.address).path.strip("/")

    @property
    def issues(self) -> str:
        """Return where questions and mistakes are reported."""
        return f"{self._inside}/issues"

    @property
    def package(self) -> str:
        """Return what pip installs the package from, where there is no git too."""
        name = f"{self.path.rpartition('/')[2]}-" if self.forge == "gitlab" else ""
        folder = f"{self.commit}/" if self.forge == "gitlab" else ""
        return f"{self._inside}/archive/{folder}{name}{self.commit}.zip"

    @property
    def _inside(self) -> str:
        return self.address + ("/-" if self.forge == "gitlab" else "")

    def file(self, path: str) -> str:
        """Return where a file or a folder of the repository is shown."""
        return f"{self._inside}/tree/{self.commit}/{path}"

    def new_issue(self, title: str, body: str) -> str:
        """Return where a new issue begins with these words."""
        name, text = {
            "github": ("title", "body"),
            "gitlab": ("issue[title]", "issue[description]"),
        }[self.forge]
        return f"{self.issues}/new?{name}={quote(title, safe='')}&{text}={quote(body, safe='')}"

    def places(self, notebook: str) -> dict[str, str]:
        """Return where a notebook of the branch opens, by the name of the place."""
        binder, lab = "https://mybinder.org/v2", f"{BRANCH}?urlpath=lab/tree/{notebook}"
        if self.address == f"https://gitlab.com/{self.path}":
            return {"Binder": f"{binder}/gl/{quote(self.path, safe='')}/{lab}"}
        if self.address == f"https://github.com/{self.path}":
            colab = f"https://colab.research.google.com/github/{self.path}/blob/{BRANCH}/{notebook}"
            return {"Colab": colab, "Binder": f"{binder}/gh/{self.path}/{lab}"}
        return {}


def recognised(remote: str) -> tuple[str, str]:
    """Return the address of a repository and what serves it; empty if it is of no known form.

    Args:
        remote: as git takes it, by https or ssh. What else it holds, such as a password, is lost.
    """
    match = REMOTE.fullmatch(remote.strip())
    if not match or (match["forge"].lower() == "github" and match["path"].count("/") != 1):
        return "", ""
    web = (match["scheme"] or "").lower().startswith("http")
    scheme, port = (match["scheme"].lower(), match["port"] or "") if web else ("https", "")
    return f"{scheme}://{match['host'].lower()}{port}/{match['path']}", match["forge"].lower()


def configured(root: Path) -> tuple[str, str]:
    """Return what pyproject.toml sets.

    Raises:
        ValueError: it is no address of a repository.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    named = settings["tool"]["unrolled"]["repository"]
    address, forge = recognised(named)
    if named and not address:
        raise ValueError(
            f"{named!r} is not the address of a repository; give `repository` in pyproject.toml "
            "the form https://github.com/OWNER/NAME or https://gitlab.com/OWNER/NAME"
        )
    return address, forge


def remote(root: Path) -> str:
    """Return the remote `origin` of a checkout; empty without one, or without git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        own = root.samefile(git("rev-parse", "--show-toplevel"))
        return git("remote", "get-url", "origin") if own else ""
    except (OSError, subprocess.CalledProcessError):
        return ""


def origin(branch: str, environment: Mapping[str, str] = os.environ, root: Path = ROOT) -> Origin:
    """Return where the book in a folder comes from.

    The commit of a pull request does not last, so a trial of it speaks of the branch.

    Raises:
        ValueError: pyproject.toml sets what is no address of a repository.
    """
    workspace = environment.get("GITHUB_WORKSPACE")
    if workspace and Path(workspace).resolve() == root.resolve():  # another's run builds it, too
        address = f"{environment['GITHUB_SERVER_URL']}/{environment['GITHUB_REPOSITORY']}"
        published = environment["GITHUB_REF"] == f"refs/heads/{branch}"
        commit = environment["GITHUB_SHA"] if published else branch
        return Origin(address, "github", commit, published)
    address, forge = configured(root)
    if not address:
        address, forge = recognised(remote(root))
    return Origin(address, forge, branch)


def source(config: Any) -> Origin:
    """Return where the configured book comes from."""
    return Origin(*config.origin)


def share_origin(app: Any, config: Any) -> None:
    """Tell every part, and the theme, whose buttons are there where they lead somewhere."""
    options = config.html_theme_options
    book = origin(options["repository_branch"])
    config.origin = list(book)
    options |= {"repository_url": book.address, "repository_provider": book.forge}
    options |= dict.fromkeys(BUTTONS, bool(book.address))


def setup(app: Any) -> None:
    """Connect to Sphinx. The pages are read anew when they are to speak of another commit."""
    app.add_config_value("origin", [], "env")
    app.connect("config-inited", share_origin, priority=100)
