"""What is left out of the pages, and the icons that are left in."""

import base64
import io
import re
from pathlib import Path
from types import SimpleNamespace

from fontTools.ttLib import TTFont
from sphinx.events import EventManager
from unrolled_book.finishing import icons, lean

INDEX = '<script src="../searchindex.js"></script>'
FONT = '<script defer src="../_static/scripts/fontawesome.js?digest=55"></script>'
OWN = '<script src="../_static/doctools.js?v=9a"></script>'


def test_a_page_loads_neither_pictures_of_icons_nor_the_index() -> None:
    html = f'<head>{FONT}{OWN}<script src="searchtools.js"></script>{INDEX}</head>'
    assert lean.leave_out_scripts(html, "book/a") == f"<head>{OWN}</head>"


def test_the_search_loads_the_index() -> None:
    assert lean.leave_out_scripts(FONT + INDEX, "search") == INDEX


def test_an_inline_script_runs_once() -> None:
    html = "<script>var a = 1;</script>\n<script>b()</script>\n<script>var a = 1;</script>"
    assert (
        lean.leave_out_scripts(html, "a") == "<script>var a = 1;</script>\n<script>b()</script>\n"
    )


def test_a_file_that_is_only_named_like_another_stays() -> None:
    html = '<script src="my-fontawesome.js"></script><script src="fontawesome.js/x.js"></script>'
    assert lean.leave_out_scripts(html, "a") == html


def test_an_extension_is_taken_back() -> None:
    def theirs() -> None: ...
    def ours() -> None: ...

    theirs.__module__ = "sphinx_thebe"
    events = EventManager(SimpleNamespace(pdb=False))
    files = [("sphinx-thebe.css", {}), ("own.css", {})]
    app = SimpleNamespace(
        events=events,
        disconnect=events.disconnect,
        registry=SimpleNamespace(css_files=files),
    )
    for handler in (theirs, ours, theirs):
        events.connect("builder-inited", handler, 500)
    lean.disconnect(app, "sphinx_thebe")
    assert [listener.handler for listener in events.listeners["builder-inited"]] == [ours]
    assert files == [("own.css", {})]


STYLE = """
.fa-bars:before,.fa-navicon:before{content:"\\f0c9"}.fa-sun::before{content:"\\f185"}
.fa-moon:before{content:"\uf186"}:root{--icon:"\uf05a";--other:"\\F06A"}
div.tip>p:after{content:'\\f0eb'}.wide:before{content:"\\201c"}
"""


def test_icons_that_nothing_names_are_left_out() -> None:
    always = {0xF05A, 0xF06A, 0xF0EB}
    assert set(icons.codes(STYLE, set())) == always
    assert set(icons.codes(STYLE, {"fa-navicon", "fa-moon", "fa-lg"})) == always | {0xF0C9, 0xF186}


def test_names_are_read_from_pages_and_scripts(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<i class="fa-solid fa-bars"></i>', encoding="utf-8")
    (tmp_path / "b.js").write_text("e.className = 'fa-sun'", encoding="utf-8")
    (tmp_path / "c.md").write_text("fa-moon", encoding="utf-8")
    (tmp_path / "d.css").write_text(STYLE, encoding="utf-8")
    assert icons.shown(tmp_path) == {0xF05A, 0xF06A, 0xF0EB, 0xF0C9, 0xF185}


def embedded(style: str) -> dict[str, set[int]]:
    """The codes in each font of a style sheet, by the font's family and weight."""
    faces = re.findall(r"@font-face\{([^}]*base64,([^)]*)\)[^}]*)\}", style)
    fonts = {}
    for face, data in faces:
        family = re.search(r"font-family:([^;]*)", face)[1].replace("\\", "")
        weight = re.search(r"font-weight:([^;]*)", face)[1]
        fonts[f"{family} {weight}"] = set(TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap())
    return fonts


def test_a_font_is_cut_to_its_icons_and_stands_in_the_style_sheet() -> None:
    style = (icons.THEME / icons.SHEET).read_text(encoding="utf-8")
    small = icons.embed(style, {0xF185, 0xF09B})
    assert embedded(small) == {
        "Font Awesome 6 Free 900": {0xF185},
        "Font Awesome 6 Free 400": {0xF185},
        "Font Awesome 6 Brands 400": {0xF09B},
    }
    assert "vendor/fontawesome" not in small
    assert len(small) < len(style) + 5000


def test_every_icon_of_the_site_is_in_its_font(site: Path) -> None:
    style = (site / "_static" / icons.SHEET).read_text(encoding="utf-8")
    fonts = embedded(style)
    solid, brands = fonts["Font Awesome 6 Free 900"], fonts["Font Awesome 6 Brands 400"]
    html = (site / "book" / "theory" / "rnn.html").read_text(encoding="utf-8")
    names = set(re.findall(r'class="[^"]*\b(fa-[a-z-]+)[ "]', html)) - {"fa-lg", "fa-solid"}
    assert {"fa-bars", "fa-list", "fa-download", "fa-expand", "fa-arrow-up"} <= names
    for name in names:
        code = re.search(rf'\.{name}:before(?:,[^{{]*)?\{{content:"\\([0-9a-f]+)"', style)
        assert int(code[1], 16) in solid | brands, name
    assert not (site / "_static" / "vendor" / "fontawesome").exists()
    assert not [*(site / "_static" / "scripts").glob("fontawesome*")]
