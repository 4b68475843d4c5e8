"""The pages of the theory, for every reader."""

from collections.abc import Iterator
from pathlib import Path

import accessibility
import browser
import pytest
from playwright.sync_api import Browser, Page

BUILD_MAY_TAKE = 900  # seconds; the first test that asks for the site waits for it


@pytest.fixture
def screen(chromium: Browser) -> Iterator[Page]:
    yield from accessibility.screens(chromium)


@pytest.mark.timeout(BUILD_MAY_TAKE)
@pytest.mark.slow
def test_the_theory_is_there_for_every_reader(screen: Page, site: Path, address: str) -> None:
    names = [name for name in browser.pages(site) if "/theory/" in name]
    assert names
    assert accessibility.of_pages(screen, address, names) == {}
