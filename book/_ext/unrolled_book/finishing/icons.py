"""Cut the theme's icon fonts down to the icons of the built site, and put them in its style sheet.

The fonts hold two thousand icons, of which a page shows twenty. The built site tells which ones: a
style sheet gives each icon's code either to a class (`.fa-bars`), which counts if a page or a
script names it, or to an element of its own (the mark of an admonition), which always counts.
What is left takes a few kilobytes. The fonts are read from the installed theme at each build.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
from fontTools.ttLib import TTFont

from unrolled_book import fonts

FONTS = Path("vendor", "fontawesome")
SHEET = Path("styles", "pydata-sphinx-theme.css")
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
FACE = re.compile(r"src:url\(\.\./(vendor/fontawesome/[^)]+\.woff2)\)[^;}]*")
RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
CODE = re.compile(r"[\"'](?:\\([ef][0-9a-f]{3})|([\ue000-\uf8ff]))[\"']", re.IGNORECASE)
CLASS = re.compile(r"^\.(fa-[a-z0-9-]+)::?before$")
NAME = re.compile(r"\bfa-[a-z0-9-]+")


def codes(style: str, names: set[str]) -> Iterator[int]:
    """Yield the codes that a style sheet gives to these classes or to anything but a class.

    They are in the private use area of the font; a sheet writes them as numbers or as characters.
    """
    for selectors, body in RULE.findall(style):
        found = CODE.findall(body)
        classes = [CLASS.match(selector.strip()) for selector in selectors.split(",")]
        if found and (not all(classes) or names & {c[1] for c in classes if c}):
            yield from (int(number, 16) if number else ord(sign) for number, sign in found)


def shown(site: Path) -> set[int]:
    """Return the codes of all icons that a built site shows."""
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".js", ".mjs")]
    names = {name for path in files for name in NAME.findall(path.read_text(encoding="utf-8"))}
    styles = (path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    return {code for style in styles for code in codes(style, names)}


def embed(style: str, kept: set[int]) -> str:
    """Return the theme's style sheet with the reduced fonts in place of their addresses."""

    def source(face: re.Match[str]) -> str:
        with TTFont(THEME / face[1]) as font:
            return "src:" + fonts.embedded(font, kept, notdef_outline=True, drop_tables=["FFTM"])

    return FACE.sub(source, style)


def embed_icons(app: Any, exception: Exception | None) -> None:
    """Write the style sheet of the built site, and remove the fonts that it no longer needs."""
    if exception is not None or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    style = (THEME / SHEET).read_text(encoding="utf-8")
    (static / SHEET).write_text(embed(style, shown(Path(app.outdir))), encoding="utf-8")
    shutil.rmtree(static / FONTS, ignore_errors=True)


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("build-finished", embed_icons)
