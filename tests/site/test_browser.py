"""What the browser tests stand on: the host that is imitated, and the eye on requests."""

from pathlib import Path

import browser
import pytest
from playwright.sync_api import Page


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A site of two pages."""
    (tmp_path / "index.html").write_text("<title>front</title>", encoding="utf-8")
    (tmp_path / "404.html").write_text("<title>lost</title>", encoding="utf-8")
    (tmp_path / "code.mjs").write_text("export const one = 1;", encoding="utf-8")
    return tmp_path


def test_the_site_stands_below_the_root_of_its_host(page: Page, small: Path) -> None:
    with browser.served(small) as address:
        assert page.goto(address).status == 200
        assert page.title() == "front"
        assert page.goto(address + "none/such").status == 404
        assert page.title() == "lost"
        assert page.goto(address.removesuffix("unrolled/")).status == 404


def test_modules_are_served_as_scripts(page: Page, small: Path) -> None:
    with browser.served(small) as address:
        page.goto(address)
        assert page.evaluate("async () => (await import('./code.mjs')).one") == 1


def test_a_request_that_leaves_the_site_is_seen(page: Page, small: Path) -> None:
    (small / "index.html").write_text(
        '<img src="http://foreign.invalid/a.png"><img src="own.png"><img src="data:image/png,x">',
        encoding="utf-8",
    )
    with browser.served(small) as address:
        requests = browser.foreign(page, address)
        page.goto(address)
    assert requests == ["http://foreign.invalid/a.png"]


def test_without_a_browser_tests_are_skipped_or_fail_as_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    monkeypatch.delenv(browser.REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Chromium is installed"):
        browser.chromium()
    monkeypatch.setenv(browser.REQUIRED, "required")
    with pytest.raises(pytest.fail.Exception, match="required"):
        browser.chromium()
