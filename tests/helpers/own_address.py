"""The address that the tested site is published under.

A site that the tests build has one, though the checkout may have none, so that all that follows it
is looked at. A site that is built already has what it says itself.
"""

import os
import re
from pathlib import Path

import yaml
from places import ROOT
from unrolled_book.finding.address import address

EXAMPLE = (
    "https://book.example/unrolled/"  # a project's site does not stand at the root of its host
)


def own(built: str | None) -> str:
    """Return the address of the site in this folder, or of the one that the tests build."""
    if built:
        robots = (Path(built) / "robots.txt").read_text(encoding="utf-8")
        match = re.search(r"^Sitemap: (.+/)sitemap\.xml$", robots, re.MULTILINE)
        return match[1] if match else ""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return address(config["html"]["baseurl"]) or EXAMPLE


OWN = own(os.environ.get("UNROLLED_SITE"))
