import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import accessibility
import browser
import pytest
from filelock import FileLock
from own_address import OWN
from places import ROOT
from playwright.sync_api import Browser, Page
from unrolled_book.finding.address import VARIABLE
from unrolled_book.printing import paper

BUILD_MAY_TAKE = 900  # seconds

# Tests keep what they prepare inside the checkout, and leave the reader's own cache alone.
os.environ.setdefault("UNROLLED_CACHE", str(ROOT / ".cache" / "unrolled"))
os.environ.setdefault("UNROLLED_BUDGET", "smoke")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the Makefile


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with one file that needs the built site, and end with the others that do.

    Thus one process builds it while another runs all that need none. The first test that asks for
    the site waits for it, so each of them may take longer.
    """
    asking = [item for item in items if "site" in getattr(item, "fixturenames", ())]
    for item in asking:
        item.add_marker(pytest.mark.timeout(BUILD_MAY_TAKE))
    wanting = {item.path for item in asking}
    first = min(wanting, default=None)
    items.sort(key=lambda item: (item.path in wanting) - 2 * (item.path == first))


@pytest.fixture(scope="session")
def site() -> Path:
    """The book, built at the smoke budget; any warning fails.

    If several processes want it, the first one builds it and the others find it up to date.
    UNROLLED_SITE names a site that is built already, such as _build/html, to be used instead.
    """
    if built := os.environ.get("UNROLLED_SITE"):
        return Path(built).resolve()
    output = ROOT / "_build" / "smoke"
    output.mkdir(parents=True, exist_ok=True)
    with FileLock(output / ".lock"):
        _build(output)
    return output / "_build" / "html"


def _build(output: Path) -> None:
    jupyter_book = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    assert jupyter_book, "jupyter-book is not in the environment of this Python"
    options = ["-W", "-n", "--keep-going", "--path-output", str(output)]
    built = subprocess.run(
        [jupyter_book, "build", str(ROOT), *options],
        env=os.environ
        | {"UNROLLED_BUDGET": "smoke", VARIABLE: OWN}
        | {paper.WANTED: "1" if paper.browser() else ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-12000:]


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the built site is served; it ends in a slash."""
    with browser.served(site) as url:
        yield url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A running Chromium."""
    with browser.launched() as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page in a profile of its own."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def screen(chromium: Browser) -> Iterator[Page]:
    """An empty page for a reader who wants nothing to move."""
    yield from accessibility.screens(chromium)
