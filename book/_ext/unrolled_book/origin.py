"""Where the book comes from: its repository, as configured or as GitHub Actions reports it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[3]
BRANCH = "notebooks"  # of the repository, for opening a notebook elsewhere


class Origin(NamedTuple):
    """The origin of the book: owner/name of the repository, commit, whether Actions built it."""

    repository: str
    commit: str
    published: bool

    @property
    def package(self) -> str:
        """Return what pip installs the package from, even without git."""
        return f"https://github.com/{self.repository}/archive/{self.commit}.zip"

    def places(self, notebook: str) -> dict[str, str]:
        """Return the addresses that open a notebook of the branch, by the name of the service."""
        colab, binder = "https://colab.research.google.com/github", "https://mybinder.org/v2/gh"
        return {
            "Colab": f"{colab}/{self.repository}/blob/{BRANCH}/{notebook}",
            "Binder": f"{binder}/{self.repository}/{BRANCH}?urlpath=lab/tree/{notebook}",
        }


def origin(url: str, branch: str, environment: Mapping[str, str] = os.environ) -> Origin:
    """Return what GitHub Actions reports if it builds the branch, or else what is configured.

    The commit of a pull request does not last, so a build of one names the branch.
    """
    if environment.get("GITHUB_REF") == f"refs/heads/{branch}":
        return Origin(environment["GITHUB_REPOSITORY"], environment["GITHUB_SHA"], True)
    return Origin(urlsplit(url).path.strip("/"), branch, False)


def source(config: Any) -> Origin:
    """Return where the configured book comes from."""
    options = config.html_theme_options
    return origin(options["repository_url"], options["repository_branch"])
