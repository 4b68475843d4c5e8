"""Where the book comes from, and that a build without an address leads to nobody."""

import re
import subprocess
from pathlib import Path

import pytest
import small_site
from bs4 import BeautifulSoup
from places import ROOT
from unrolled_book import origin
from unrolled_book.origin import Origin

HUB = "https://github.com/us/book"
LAB = "https://gitlab.example.edu/group/sub/book"
ON_HUB = Origin(HUB, "github", "main")
ON_LAB = Origin(LAB, "gitlab", "main")


@pytest.mark.parametrize(
    ("remote", "address", "forge"),
    [
        ("https://github.com/us/book", HUB, "github"),
        ("https://github.com/us/book.git", HUB, "github"),
        ("https://github.com/us/book/", HUB, "github"),
        ("https://www.github.com/us/book", HUB, "github"),
        ("https://GitHub.com/us/book.git\n", HUB, "github"),
        ("git@github.com:us/book.git", HUB, "github"),
        ("git@github.com:us/book", HUB, "github"),
        ("github.com:us/book.git", HUB, "github"),
        ("ssh://git@github.com/us/book.git", HUB, "github"),
        ("ssh://git@ssh.github.com:443/us/book.git", HUB, "github"),
        ("git://github.com/us/book.git", HUB, "github"),
        ("https://github.com/us/book.v2.git", f"{HUB}.v2", "github"),
        ("https://github.example.edu/us/book", "https://github.example.edu/us/book", "github"),
        ("https://gitlab.com/us/book.git", "https://gitlab.com/us/book", "gitlab"),
        (f"{LAB}.git", LAB, "gitlab"),
        ("git@gitlab.example.edu:group/sub/book.git", LAB, "gitlab"),
        ("ssh://git@gitlab.example.edu:2222/group/sub/book.git", LAB, "gitlab"),
        ("https://gitlab.b.edu:8443/us/book.git", "https://gitlab.b.edu:8443/us/book", "gitlab"),
        ("http://gitlab.example.edu/us/book", "http://gitlab.example.edu/us/book", "gitlab"),
    ],
)  # fmt: skip
def test_a_remote_of_a_known_form_is_an_address(remote: str, address: str, forge: str) -> None:
    assert origin.recognised(remote) == (address, forge)


@pytest.mark.parametrize(
    "given", ["token", "me:secret", "x-access-token:secret", "me:se@cret", "a:"]
)
@pytest.mark.parametrize("host", ["github.com", "gitlab.example.edu:8443"])
def test_credentials_stay_where_they_are(given: str, host: str) -> None:
    address, _ = origin.recognised(f"https://{given}@{host}/us/book.git")
    assert address == f"https://{host}/us/book"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "/home/me/github.com/us/book",
        "../github.com/us/book",
        "github.com/us/book",  # a folder, to git
        "C:/Users/me/book",
        r"C:\Users\me\github.com\us\book",
        "file:///home/me/book.git",
        "https://forge.example/us/book",
        "https://example.com/github.com/us/book",
        "https://user:github.com/us@forge.example/us/book",
        "git@work:us/book.git",
        "https://github.com/us",
        "https://github.com/us/book/tree/main",
        "https://github.com/us/book?x=y",
        "https://github.com/us/bo ok",
        'https://github.com/us/book"onclick="',
        "https://mygithub.com/us/book",
    ],
)
def test_anything_else_is_none(remote: str) -> None:
    assert origin.recognised(remote) == ("", "")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder of the project that sets no address, and is under git."""
    (tmp_path / "pyproject.toml").write_text('[tool.unrolled]\nrepository = ""\n', "utf-8")
    git(tmp_path, "init", "--quiet")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True)


def test_nobody_knows_an_address(checkout: Path) -> None:
    assert origin.origin("main", {}, checkout) == Origin("", "", "main")
    git(checkout, "remote", "add", "origin", str(checkout))
    assert origin.origin("main", {}, checkout) == Origin("", "", "main")


def test_the_remote_origin_says_it(checkout: Path) -> None:
    git(checkout, "remote", "add", "other", "https://github.com/other/book")
    git(checkout, "remote", "add", "origin", "https://me:secret@github.com/us/book.git")
    assert origin.origin("main", {}, checkout) == ON_HUB


def test_a_folder_inside_of_another_repository_is_none_of_it(checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", HUB)
    inside = checkout / "unpacked"
    inside.mkdir()
    (checkout / "pyproject.toml").rename(inside / "pyproject.toml")
    assert origin.origin("main", {}, inside).address == ""


def test_without_git_there_is_no_remote(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(checkout, "remote", "add", "origin", HUB)
    monkeypatch.setenv("PATH", "")
    assert origin.origin("main", {}, checkout).address == ""


def test_what_is_set_goes_before_the_remote(checkout: Path) -> None:
    git(checkout, "remote", "add", "origin", "https://github.com/other/book")
    setting = f'[tool.unrolled]\nrepository = "{LAB}"\n'
    (checkout / "pyproject.toml").write_text(setting, "utf-8")
    assert origin.origin("main", {}, checkout) == ON_LAB


@pytest.mark.parametrize("wrong", ["us/book", "https://forge.example/us/book"])
def test_what_is_set_must_be_an_address(checkout: Path, wrong: str) -> None:
    setting = f'[tool.unrolled]\nrepository = "{wrong}"\n'
    (checkout / "pyproject.toml").write_text(setting, "utf-8")
    with pytest.raises(ValueError, match=r"is not the address of a repository; give `repository`"):
        origin.origin("main", {}, checkout)


def test_actions_say_it_of_what_they_build_alone(checkout: Path, tmp_path: Path) -> None:
    setting = f'[tool.unrolled]\nrepository = "{LAB}"\n'
    (checkout / "pyproject.toml").write_text(setting, "utf-8")
    actions = {
        "GITHUB_WORKSPACE": str(checkout),
        "GITHUB_SERVER_URL": "https://forge.example",
        "GITHUB_REPOSITORY": "me/fork",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_SHA": "abc",
    }
    fork = "https://forge.example/me/fork"
    assert origin.origin("main", actions, checkout) == Origin(fork, "github", "abc", True)
    trial = actions | {"GITHUB_REF": "refs/pull/1/merge"}
    assert origin.origin("main", trial, checkout) == Origin(fork, "github", "main")
    installs = actions | {"GITHUB_WORKSPACE": str(tmp_path / "other")}
    assert origin.origin("main", installs, checkout) == ON_LAB


def test_each_forge_has_its_own_pages() -> None:
    assert ON_HUB.file("a/b.py") == f"{HUB}/tree/main/a/b.py"
    assert ON_LAB.file("a/b.py") == f"{LAB}/-/tree/main/a/b.py"
    assert ON_HUB.package == f"{HUB}/archive/main.zip"
    assert ON_LAB.package == f"{LAB}/-/archive/main/book-main.zip"
    assert (ON_HUB.issues, ON_LAB.issues) == (f"{HUB}/issues", f"{LAB}/-/issues")
    asked = "title=A%3A%20b%3F&body=c%26%0Ad"
    assert ON_HUB.new_issue("A: b?", "c&\nd") == f"{HUB}/issues/new?{asked}"
    assert ON_LAB.new_issue("A", "b") == f"{LAB}/-/issues/new?issue[title]=A&issue[description]=b"


def test_notebooks_open_where_the_host_is_known() -> None:
    on_labs = Origin("https://gitlab.com/group/sub/book", "gitlab", "main")
    assert list(ON_HUB.places("a.ipynb")) == ["Colab", "Binder"]
    assert on_labs.places("a.ipynb") == {
        "Binder": "https://mybinder.org/v2/gl/group%2Fsub%2Fbook/notebooks?urlpath=lab/tree/a.ipynb"
    }
    assert ON_LAB.places("a.ipynb") == {}
    assert Origin("https://github.example.edu/us/book", "github", "main").places("a.ipynb") == {}


PARTS = [
    "unrolled_book.origin",
    "unrolled_book.writing.source_links",
    "unrolled_book.finding.address",
    "unrolled_book.finding.cards",
    "unrolled_book.finding.site_map",
]
PAGE = """\
# The `x` page

Why?

## First & \\<last>

One.

### Deeper

Two.

## Second

{source}`tests/helpers`, {source}`these <README.md>`.

```{toctree}
other
```
"""


def build(folder: Path, book: Origin, monkeypatch: pytest.MonkeyPatch, **config: str) -> Path:
    """A site of two pages whose repository is this, in the theme of the book; its warnings fail."""
    monkeypatch.setattr(origin, "origin", lambda branch: book)
    (folder / "index.md").write_text(PAGE, encoding="utf-8")
    (folder / "other.md").write_text("# Another page\n\nWhat else?\n", encoding="utf-8")
    monkeypatch.delenv("UNROLLED_ADDRESS", raising=False)
    warnings = small_site.build(
        folder,
        fresh=True,
        project="P",
        extensions=["myst_parser", "notfound.extension", *PARTS],
        html_theme="sphinx_book_theme",
        html_theme_options={"repository_branch": "main"},
        sitemap_url_scheme="{link}",
        **config,
    )
    assert warnings == ""
    return folder / "out"


def read(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("book", [ON_HUB, ON_LAB], ids=lambda book: book.forge)
def test_all_links_follow_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, book: Origin
) -> None:
    site = "https://book.example/b/"
    out = build(tmp_path, book, monkeypatch, html_baseurl=site)
    page = read(out / "index.html")
    links = {a.get_text(strip=True): a["href"] for a in page.select("a[href^=http]")}
    assert links["helpers"] == book.file("tests/helpers")
    assert links["these"] == book.file("README.md")
    assert links["Repository"] == book.address
    assert links["Open issue"].startswith(book.issues)
    assert links["Suggest edit"].startswith(book.address)
    assert page.select_one("link[rel=canonical]")["href"] == f"{site}index.html"
    assert (out / "sitemap.xml").is_file()


def test_without_an_address_nothing_leads_to_anybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(tmp_path, ON_HUB, monkeypatch, html_baseurl="https://book.example/b/")
    out = build(tmp_path, Origin("", "", "main"), monkeypatch)
    page = read(out / "index.html")
    assert page.select('[href*="://"], [src*="://"], [content*="://"]') == []
    assert not page.select("link[rel=canonical], [property='og:url'], [property='og:image']")
    words = ("Repository", "Open issue", "Suggest edit")
    assert not [a for a in page.select("a, button") if a.get_text(strip=True) in words]
    assert page.select_one("meta[name=description]")["content"] == "Why?"
    assert page.select_one("[property='og:title']")
    article = page.select_one("article")
    assert [code.get_text() for code in article.select("p code")] == ["tests/helpers"]
    assert "tests/helpers, these." in article.get_text()
    assert not (out / "sitemap.xml").exists()  # nor that of the build before
    missing = read(out / "404.html")
    assert missing.select_one("nav a[href$='other.html']")["href"] == "/other.html"
    assert missing.html["data-content_root"] == "/"
    assert (out / "robots.txt").read_text("utf-8") == "User-agent: *\nAllow: /\n"


def test_this_checkout_sets_no_address_that_is_not_its_own() -> None:
    """Whoever sets it may: it is then a whole address."""
    address, forge = origin.configured(ROOT)
    assert bool(address) == bool(forge)
    assert re.fullmatch(r"(https?://.+)?", address)
