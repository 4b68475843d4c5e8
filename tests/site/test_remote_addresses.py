"""The reader of a site's files finds what a browser would fetch elsewhere, and nothing else."""

from pathlib import Path

import pytest
import remote_addresses
from bs4 import BeautifulSoup

FETCHED = [
    '<script src="https://a.invalid/a.js"></script>',
    '<script src="//a.invalid/a.js"></script>',
    '<script>import("https://a.invalid/a.mjs")</script>',
    '<script type="module">import x from "https://a.invalid/a.mjs"</script>',
    '<link rel="stylesheet" href="https://a.invalid/a.css">',
    '<link rel="preload" as="font" href="https://a.invalid/a.woff2">',
    '<link rel="shortcut icon" href="https://a.invalid/a.ico">',
    '<link rel="preconnect" href="https://a.invalid">',
    '<img src="HTTPS://a.invalid/a.png">',
    '<img srcset="https://a.invalid/a.png 2x" src="a.png">',
    '<iframe src="https://a.invalid/"></iframe>',
    '<object data="https://a.invalid/a.svg"></object>',
    '<form action="https://a.invalid/"></form>',
    '<svg><image href="https://a.invalid/a.png"/></svg>',
    '<svg><use xlink:href="https://a.invalid/a.svg#b"/></svg>',
    '<p style="background: url(https://a.invalid/a.png)"></p>',
    "<style>@import 'https://a.invalid/a.css';</style>",
]
NOT_FETCHED = [
    '<a href="https://a.invalid/">a</a>',
    '<link rel="canonical" href="https://a.invalid/">',
    '<meta property="og:image" content="https://a.invalid/a.png">',
    '<img src="../a.png"><img src="data:image/png;base64,x">',
    '<svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>',
    '<script src="a.js"></script><script>// see https://a.invalid/</script>',
]


@pytest.mark.parametrize("html", FETCHED)
def test_what_a_page_would_fetch_is_found(html: str) -> None:
    (address,) = remote_addresses.of_page(BeautifulSoup(html, "html.parser"))
    assert "//a.invalid" in address


@pytest.mark.parametrize("html", NOT_FETCHED)
def test_what_a_page_only_names_is_not(html: str) -> None:
    assert remote_addresses.of_page(BeautifulSoup(html, "html.parser")) == []


def test_files_of_each_kind_are_read(tmp_path: Path) -> None:
    for name, text in {
        "a.html": FETCHED[0],
        "b/c.css": "a { src: url('//a.invalid/a.woff2') } b { src: url(a.woff2) }",
        "b/d.js": "fetch(`https://a.invalid/x`); e.src = '//a.invalid/y'; x = 'https://a.invalid'",
        "e.mjs": 'import { x } from "./x.mjs"; // from https://a.invalid/',
        "f.txt": FETCHED[0],
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert remote_addresses.of_site(tmp_path) == {
        "a.html": ["https://a.invalid/a.js"],
        "b/c.css": ["//a.invalid/a.woff2"],
        "b/d.js": ["https://a.invalid/x", "//a.invalid/y"],
    }


def test_inline_handlers_are_found() -> None:
    html = '<button onclick="a()">a</button><body onLoad="b()"><p data-on="c">c</p>'
    soup = BeautifulSoup(html, "html.parser")
    assert remote_addresses.handlers(soup) == ["<button onclick>", "<body onload>"]
