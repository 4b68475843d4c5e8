"""What a page says of itself to search engines and to other sites, when it was changed, and the
page for addresses where there is none.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import browser
import matplotlib.image
import pytest
import site_checks
import yaml
from bs4 import BeautifulSoup
from contents import PAGES
from docutils import nodes
from own_address import OWN
from places import BOOK, ROOT
from playwright.sync_api import Page
from sphinx.errors import ConfigError
from unrolled_book.finding import address as site_address
from unrolled_book.finding import cards, dois
from unrolled_book.finishing import page_runtime

CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
EXTENSIONS = BOOK / "_ext"


def head(page: BeautifulSoup) -> dict[str, str]:
    """The tags of a page's head by their names."""
    tags = page.select("head meta[content]")
    return {str(tag.get("property") or tag.get("name")): str(tag["content"]) for tag in tags}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_describes_itself(site: Path, name: str) -> None:
    page = site_checks.parse(site / f"{name}.html")
    meta = head(page)
    heading = site_checks.article(page).find("h1")
    assert page.html["lang"] == "en"
    assert meta["og:site_name"] == "Unrolled"
    canonical = [link["href"] for link in page.select("link[rel=canonical]")]
    assert [meta.get("og:url"), *canonical] == ([f"{OWN}{name}.html"] * 2 if OWN else [None])
    assert meta["og:description"] == meta["description"]
    assert 20 <= len(meta["description"]) <= 240
    assert "…" not in meta["description"], "a first paragraph too long for a description"
    assert meta["og:title"] in heading.get_text() or name == PAGES[0]
    in_words = f"{meta['og:title']}. {meta['description']}"
    assert meta.get("og:image:alt") == (in_words if OWN else None)
    title = page.title.get_text(strip=True)
    assert title.endswith(" — Unrolled") or name == PAGES[0]
    assert title.count("Unrolled") == 1


@pytest.mark.parametrize("name", PAGES)
def test_a_card_is_there_and_no_reader_loads_it(site: Path, name: str) -> None:
    page = site_checks.parse(site / f"{name}.html")
    meta = head(page)
    if not OWN:
        assert not {"og:image", "twitter:card"} & meta.keys()
        return
    card = site / meta["og:image"].removeprefix(OWN)
    height, width, _ = matplotlib.image.imread(card).shape
    assert (width, height) == (int(meta["og:image:width"]), int(meta["og:image:height"]))
    assert meta["twitter:card"] == "summary_large_image"
    assert card.name not in str(page.body)


def test_the_titles_differ(site: Path) -> None:
    names = [*PAGES, "search", "genindex", "404"]
    titles = {site_checks.parse(site / f"{name}.html").title.get_text(strip=True) for name in names}
    assert len(titles) == len(names)


def test_the_site_map_lists_the_pages(site: Path) -> None:
    robots = (site / "robots.txt").read_text(encoding="utf-8")
    if not OWN:
        assert "Sitemap" not in robots
        assert not (site / "sitemap.xml").exists()
        return
    urls = ElementTree.parse(site / "sitemap.xml").getroot()
    listed = [next(tag.text for tag in url) for url in urls]
    assert sorted(listed) == sorted(f"{OWN}{name}.html" for name in PAGES)
    assert f"Sitemap: {OWN}sitemap.xml\n" in robots


@pytest.mark.parametrize("lost", ["none", "book/none.html", "book/theory/a/b/none.html"])
def test_a_missing_page_leads_back(page: Page, address: str, lost: str) -> None:
    foreign, failed = browser.foreign(page, address), []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.on("response", lambda reply: reply.status >= 400 and failed.append(reply.url))
    assert page.goto(address + lost).status == 404
    page.wait_for_load_state("networkidle")
    assert (foreign, failed) == ([], [address + lost])
    assert page.title() == "Page not found — Unrolled"
    assert page.locator("link[rel=canonical]").count() == 0
    article = page.locator("article")
    links = article.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert {f"{address}{name}.html" for name in PAGES} <= set(links)
    article.locator("input[type=search]").fill("attention")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}search.html?q=attention")


@pytest.mark.parametrize(
    ("given", "environment", "expected"),
    [
        ("https://a.example/b", {}, "https://a.example/b/"),
        ("https://a.example/b/", {"UNROLLED_ADDRESS": ""}, "https://a.example/b/"),
        ("https://a.example/b/", {"UNROLLED_ADDRESS": "https://c.example"}, "https://c.example/"),
        ("", {"UNROLLED_ADDRESS": "https://c.example"}, "https://c.example/"),
        ("", {}, ""),
        (" ", {"UNROLLED_ADDRESS": " "}, ""),
    ],
)
def test_the_address_can_be_another(given: str, environment: dict, expected: str) -> None:
    assert site_address.address(given, environment) == expected


@pytest.mark.parametrize(
    "given", ["https://", "a.example/b", "/b/", "ftp://a.example", "https://a.b/?c"]
)
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ConfigError, match="UNROLLED_ADDRESS"):
        site_address.address(given, {})


def test_all_that_is_absolute_follows_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNROLLED_ADDRESS", "https://fork.example/copy")
    config: Any = SimpleNamespace(html_baseurl="https://a.example/b/")
    site_address.share_address(None, config)
    assert config.html_baseurl == config.ogp_site_url == "https://fork.example/copy/"
    assert config.notfound_urls_prefix == "/copy/"
    monkeypatch.delenv("UNROLLED_ADDRESS")
    config.html_baseurl = ""
    site_address.share_address(None, config)
    assert config.html_baseurl == config.ogp_site_url == ""
    assert config.notfound_urls_prefix == "/"


def document(*paragraphs: nodes.paragraph) -> nodes.document:
    tree: nodes.document = nodes.document(None, None)
    tree += nodes.section("", nodes.title("", "A title"), *paragraphs)
    return tree


def test_the_description_is_the_first_paragraph_that_was_written() -> None:
    added = nodes.paragraph("", "This page as a PDF", classes=["paper-link"])
    tree = document(added, nodes.paragraph("", "Why\nnot & how?"), nodes.paragraph("", "So."))
    assert cards.opening(tree) == "Why not & how?"
    assert cards.describe(tree, 10, set()) == "Why not &amp; how?"
    assert cards.opening(document()) == ""
    two = "One. " + "Word " * 60 + "."
    assert cards.opening(document(nodes.paragraph("", two))) == "One."
    long = cards.opening(document(nodes.paragraph("", "word " * 100)))
    assert long.endswith("word …")
    assert len(long) <= cards.LONGEST


def test_the_register_of_dois_is_asked() -> None:
    assert dois.entry(None, "https://doi.org/10.1/a") == "https://doi.org/api/handles/10.1/a"
    assert dois.entry(None, "https://arxiv.org/abs/1") is None
    assert dois.entry(None, "https://doi.org/") is None


def test_the_foot_of_a_page_tells_its_day_and_its_time() -> None:
    env: Any = SimpleNamespace(
        git_last_updated={"both": (86400 * 40, True), "day": (0.5, True), "new": (None, True)},
        nb_metadata={"both": {"exec_data": {"runtime": 125.2}}, "new": {}},
    )
    lines = {}
    for name in ("both", "day", "new", "unknown"):
        tree = document()
        page_runtime.add_line(SimpleNamespace(env=env), tree, name)
        lines[name] = [line.astext() for line in tree.findall(nodes.paragraph)]
    assert lines["both"][0].startswith("This page was last changed on 10 February 1970. The cells ")
    assert "ran in 2 min 5 s" in lines["both"][0]
    assert lines["day"] == ["This page was last changed on 1 January 1970."]
    assert lines["new"] == lines["unknown"] == []


GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
KINDS = {
    "no git": [],
    "no repository": [],
    "not committed": [["init", "-q"]],
    "committed": [["init", "-q"], ["add", "index.md"], ["commit", "-qm", "a"]],
}


@pytest.mark.parametrize("kind", [*KINDS, "shallow"])
def test_any_checkout_is_built_without_a_warning(tmp_path: Path, kind: str) -> None:
    book = tmp_path / "book"
    book.mkdir()
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    environment |= {"PATH": str(tmp_path)} if kind == "no git" else {}
    (book / "index.md").write_text("# A page\n\nIts text.\n", encoding="utf-8")
    (book / "conf.py").write_text(conf(), encoding="utf-8")
    for command in KINDS.get(kind, KINDS["committed"]):
        subprocess.run([*GIT, *command], cwd=book, check=True)
    if kind == "shallow":
        (book / "other.txt").write_text("a", encoding="utf-8")
        subprocess.run([*GIT, "add", "."], cwd=book, check=True)
        subprocess.run([*GIT, "commit", "-qm", "b"], cwd=book, check=True)
        copy = ["clone", "-q", "--depth", "1", book.as_uri(), str(tmp_path / "copy")]
        subprocess.run([*GIT, *copy], check=True)
        book = tmp_path / "copy"
    command = [sys.executable, "-m", "sphinx", "-W", "-q", str(book), str(tmp_path / "out")]
    built = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert ("This page was last changed on" in page) == (kind == "committed")


def conf() -> str:
    """Settings of a book of one page, with those of this book that concern the days."""
    own = CONFIG["sphinx"]["config"]
    names = [name for name in own if name.startswith(("git_", "html_last", "sitemap_"))]
    settings = {name: own[name] for name in names}
    settings |= {
        "extensions": [
            "myst_nb",
            "unrolled_book.finishing.page_runtime",
            "unrolled_book.finding.site_map",
        ],
        "html_baseurl": OWN,
        "suppress_warnings": own["suppress_warnings"],
    }
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    return "\n".join(["import sys", f"sys.path.insert(0, {str(EXTENSIONS)!r})", *lines])
