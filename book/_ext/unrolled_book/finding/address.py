"""The address that the site is published under, in one place.

`html: baseurl:` in `_config.yml` holds it, and the variable UNROLLED_ADDRESS overrides it, so that
a copy of the book that is published elsewhere names itself. From it come the canonical links, the
cards, the site map, robots.txt, and the paths on the page for missing pages, which a host serves at
any depth.

A site whose address is not known has neither canonical links nor cards nor a site map, for all of
them are whole addresses; its page for missing pages takes it to stand at the root of its host.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sphinx.errors import ConfigError

VARIABLE = "UNROLLED_ADDRESS"


def address(configured: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the site, with a slash at its end; empty where none is given.

    Raises:
        ConfigError: it is not the address of a site.
    """
    named = (environment.get(VARIABLE) or configured).strip()
    if not named:
        return ""
    parts = urlsplit(named)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(
            f"{named!r} is not the address of a site; give {VARIABLE}, or html: baseurl: in "
            "_config.yml, the form https://HOST/PATH/"
        )
    return named.rstrip("/") + "/"


def share_address(app: Any, config: Any) -> None:
    """Pass the address on to every extension that writes absolute addresses."""
    config.html_baseurl = config.ogp_site_url = address(config.html_baseurl)
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path or "/"


def root_missing(app: Any, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Let scripts on the 404 page find the root; that page has no address of its own."""
    if pagename == app.config.notfound_pagename:
        context |= {"content_root": app.config.notfound_urls_prefix, "pageurl": None}


def write_robots(app: Any, exception: Exception | None) -> None:
    """Name the site map. Robots read this only if the site is at the root of its host."""
    if exception is None and app.builder.name == "html":
        home = app.config.html_baseurl
        lines = "User-agent: *\nAllow: /\n" + (f"Sitemap: {home}sitemap.xml\n" if home else "")
        (Path(app.outdir) / "robots.txt").write_text(lines, encoding="utf-8")


def setup(app: Any) -> None:
    """Connect to Sphinx, before the extensions that use the address."""
    app.connect("config-inited", share_address, priority=100)
    app.connect("html-page-context", root_missing)
    app.connect("build-finished", write_robots)
