"""The pages of the practice, for every reader."""

from pathlib import Path

import accessibility
import browser
import pytest
from playwright.sync_api import Page


@pytest.mark.slow
def test_the_practice_is_there_for_every_reader(screen: Page, site: Path, address: str) -> None:
    names = [name for name in browser.pages(site) if "/practice/" in name]
    assert names
    assert accessibility.of_pages(screen, address, names) == {}
