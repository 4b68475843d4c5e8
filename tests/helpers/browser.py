"""The built site as a reader's browser meets it: served over HTTP, in a real Chromium."""

import functools
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from own_address import OWN
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from unrolled_book.printing import paper

BASE = urlsplit(OWN).path or "/"
REQUIRED = "UNROLLED_BROWSER"


def chromium() -> str:
    """Return the browser to drive; without one the test is skipped, or fails where it must run."""
    executable = paper.browser()
    if executable is None:
        missing = "no Chromium is installed (apt install chromium, or name one by CHROMIUM)"
        if os.environ.get(REQUIRED) == "required":
            pytest.fail(f"{missing}, and {REQUIRED}=required")
        pytest.skip(missing)
    return executable


class Handler(http.server.SimpleHTTPRequestHandler):
    """A static host like GitHub Pages: the site under BASE, 404.html for all else."""

    extensions_map = {  # noqa: RUF012
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
    }

    def translate_path(self, path: str) -> str:
        inside = urlsplit(path).path.startswith(BASE)
        return super().translate_path(path[len(BASE) - 1 :] if inside else "/nothing-there")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory) / "404.html"
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serve a folder and yield its address, which ends in a slash."""
    handler = functools.partial(Handler, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{BASE}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium; our own pages need no sandbox, and there is none for root."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def pages(site: Path) -> list[str]:
    """Return the addresses of all pages of the site; its root only leads to the front page."""
    paths = sorted(path.relative_to(site) for path in site.rglob("*.html"))
    return [path.as_posix() for path in paths if path.parts[0] not in ("_static", "index.html")]


def foreign(page: Page, address: str) -> list[str]:
    """Collect from now on the requests of a page that leave the site."""
    requests: list[str] = []
    own = (address, "data:", "blob:", "about:")
    page.on("request", lambda request: request.url.startswith(own) or requests.append(request.url))
    return requests


@contextmanager
def watched(chromium: Browser, address: str, **profile: Any) -> Iterator[tuple[Page, list[str]]]:
    """Yield a page in a new profile, and the list of what goes wrong on it.

    That is a request which leaves the site, an error of a script, and an error in the console.
    """
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **profile})
    page = context.new_page()
    faults = foreign(page, address)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console", lambda message: message.type == "error" and faults.append(_described(message))
    )
    try:
        yield page, faults
    finally:
        context.close()


def _described(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"
