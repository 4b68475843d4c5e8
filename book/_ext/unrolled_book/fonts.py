"""Fonts inside a style sheet, cut down to the characters that the site shows.

A browser waits for a style sheet before it paints, but not for a font file. So no font arrives
late and moves a line, and a page opened as a file, for which not every browser loads font files,
has them too.
"""

import base64
import io
from collections.abc import Iterable
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont


def embedded(font: TTFont, kept: Iterable[int], **options: Any) -> str:
    """Return the source of a font for a style sheet: only these characters, as WOFF2.

    Args:
        font: is modified.
        kept: the codes of the characters.
        options: options of the subsetter of fontTools.
    """
    settings = subset.Options(flavor="woff2", **options)
    cutter = subset.Subsetter(settings)
    cutter.populate(unicodes=kept)
    cutter.subset(font)
    with io.BytesIO() as data:
        subset.save_font(font, data, settings)
        coded = base64.b64encode(data.getvalue()).decode()
    return f'url("data:font/woff2;base64,{coded}") format("woff2")'
