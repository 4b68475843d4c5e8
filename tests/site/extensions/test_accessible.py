"""What the markup says for a screen reader."""

import pytest
from unrolled_book.finishing.accessible import speak


@pytest.mark.parametrize(
    ("markup", "mended"),
    [
        ("<thead><tr><th>a</th></tr></thead>", '<thead><tr><th scope="col">a</th></tr></thead>'),
        ("<tbody><tr><th>a</th></tr></tbody>", '<tbody><tr><th scope="row">a</th></tr></tbody>'),
        ('<thead><th class="head"><p></p></th></thead>', '<thead><td class="head"></td></thead>'),
        (
            '<thead><th id="a">&nbsp;</th></thead>',
            '<thead><td id="a"></td></thead>',
        ),
        ('<div role="doc-biblioentry">', '<div role="listitem">'),
        ('<section id="solution-content">', "<section>"),
        (
            '<a class="current reference internal" href="#">',
            '<a class="current reference internal" href="#" aria-current="page">',
        ),
    ],
)
def test_what_the_eye_sees_is_said(markup: str, mended: str) -> None:
    assert speak(markup, "page") == mended


@pytest.mark.parametrize(
    "html",
    [
        '<thead><tr><th scope="colgroup">a</th></tr></thead>',
        '<thead><th scope="col"><math><mi>h</mi></math></th></thead>',
        "<p>a th in text: &lt;th&gt;</p>",
    ],
)
def test_what_is_said_already_stays(html: str) -> None:
    assert speak(html, "page") == html
