"""No address in the built site leads nowhere; and what the checker must find."""

from pathlib import Path

import pytest
import site_checks
import site_links
from contents import PAGES
from unrolled_book.origin import origin

HERE = "https://here.example/book/"


@pytest.mark.parametrize("name", PAGES)
def test_each_section_asks_on_our_own_tracker(site: Path, name: str) -> None:
    article = site_checks.article(site_checks.parse(site / f"{name}.html"))
    ours = origin("main")
    if not ours.address:
        assert not article.select(".ask")
        return
    links = article.select("section > .ask > a")
    sections = [link.find_parent("section") for link in links]
    assert sections == [
        tag for tag in article.select("section") if tag.select(":scope > :is(h1, h2, h3, h4)")
    ]
    assert all(link["href"].startswith(f"{ours.issues}/new?") for link in links)
    assert len({link["href"] for link in links}) == len(links)


def test_every_address_leads_somewhere(site: Path) -> None:
    assert list(site_links.faults(site_links.built(site))) == []


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A site in which everything is there."""
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "b c.html").write_text('<h2 id="é">H</h2>', encoding="utf-8")
    for name in ("index.html", "one.css", "one.mjs", "one.png"):
        (tmp_path / name).write_text("", encoding="utf-8")
    return tmp_path


GOOD = [
    '<a href="part/b%20c.html#%C3%A9"></a><a href="/book/part/"></a><a href="#"></a>',
    '<a href="https://elsewhere.example/x"></a><a href="mailto:a@b"></a><img src="data:,x">',
    '<img src="one.png?v=1" srcset="one.png 1x, one.png 2x"><p style="background: url(one.png)">',
    f'<meta property="og:image" content="{HERE}one.png"><link rel="canonical" href="{HERE}">',
    '<p id="here"><a href="#here"></a><form action="/book/index.html"></form>',
]
BAD = [
    '<a href="none.html"></a>',
    '<a href="part/b%20c.html#nowhere"></a>',
    '<a href="#nowhere"></a>',
    '<a href="/index.html"></a>',
    '<a href="../../index.html"></a>',
    '<form action="none.html"></form>',
    '<img src="one.png" srcset="one.png 1x, none.png 2x">',
    "<p style=\"background: url('none.png')\">",
    '<object data="none.pdf"></object>',
    '<svg><use xlink:href="none.svg#a"/></svg>',
    f'<meta property="og:image" content="{HERE}none.png">',
    f'<link rel="canonical" href="{HERE}none.html">',
]


def faults_of(small: Path, name: str, text: str) -> list[str]:
    (small / name).write_text(text, encoding="utf-8")
    return list(site_links.faults(site_links.Site(small, HERE)))


@pytest.mark.parametrize("page", GOOD)
def test_a_whole_page_passes(small: Path, page: str) -> None:
    (small / "part" / "index.html").write_text("", encoding="utf-8")
    assert faults_of(small, "a.html", page) == []


@pytest.mark.parametrize("page", BAD)
def test_a_broken_link_is_found(small: Path, page: str) -> None:
    (fault,) = faults_of(small, "a.html", page)
    assert fault.startswith("a.html: no such ")


@pytest.mark.parametrize(
    ("name", "text", "faults"),
    [
        ("a.css", 'p { background: url("one.png") url(data:x) } @import "one.css";', 0),
        ("a.css", "p { background: url(none.png?a#b) }", 1),
        ("a.css", '@import "none.css";', 1),
        ("a.mjs", 'import { a } from "./one.mjs";\nnew URL("./one.png", import.meta.url);', 0),
        ("a.mjs", 'export * from "./none.mjs";', 1),
        ("a.mjs", 'await import("../none.mjs");', 1),
        ("a.mjs", 'import "./none.mjs";', 1),
        ("a.mjs", 'fetch(new URL("./none.bin", import.meta.url));', 1),
        ("sitemap.xml", f"<urlset><url><loc>{HERE}index.html</loc></url></urlset>", 0),
        ("sitemap.xml", f"<urlset><url><loc>{HERE}none.html</loc></url></urlset>", 1),
    ],
)
def test_other_files_are_read(small: Path, name: str, text: str, faults: int) -> None:
    assert len(faults_of(small, name, text)) == faults


def test_links_inside_the_site_are_followed(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "b c.html").write_text('<h2 id="here">H</h2><a name="there"></a>')
    good = ["part/b%20c.html#here", "part/b%20c.html#there", "#own", "https://example.org/x"]
    bad = ["part/none.html", "part/b%20c.html#nowhere", "#nothing", "/missing.html"]
    links = "".join(f'<a href="{address}">x</a>' for address in good + bad)
    page = f'<p id="own">{links}</p><img src="none.png"><script src="none.js"></script>'
    faults = faults_of(tmp_path, "a.html", page)
    assert [fault.split(": ")[2] for fault in faults] == [*bad, "none.png", "none.js"]
