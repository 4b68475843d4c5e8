r"""Write formulas as MathML, which browsers show by themselves, in a font that comes with the page.

Formulas are written in TeX; `math-core` turns them into MathML while the book is built, so no
script typesets them in the browser and nothing moves. The font, STIX Two Math, is taken from
`ziamath`, cut down to the characters that the built pages use, and put into its own style sheet.

TeX that cannot be converted is a warning. Each formula carries its TeX as an annotation, which no
browser shows, for whoever copies it; text that is searched or quoted gets what the formula shows.
"""

import html
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from docutils import nodes
from fontTools.ttLib import TTFont
from math_core import LatexError, LatexToMathML
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from unrolled_book import fonts

FONT = "fonts/STIXTwoMath-Regular.ttf"  # of ziamath; under the SIL Open Font License
SHEET = "formulas-font.css"
STYLE = """\
/* {notice} */
@font-face {{
  font-family: "STIX Two Math";
  src: {source};
}}
"""

# A variable of one letter is shown in italics, which have their own codes in the font.
ITALICS = "".join(map(chr, (0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C))))

ENVIRONMENT = re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.DOTALL)
NUMBERED = re.compile(r"\\(begin|end)\{(align|alignat|equation|gather|multline)\}")
EXTRA_SPACE = re.compile(r"\\\\\s*\[\s*-?[\d.]+\s*\w\w\s*\]")  # \\[1ex]
TIED = re.compile(
    r'([(\[“\u2018]*)<span class="math\b.*?</math></span>((?:[^\s\w<&]+\w*)?)', re.DOTALL
)
MATH = re.compile(r"<math\b.*?</math>", re.DOTALL)
ANNOTATION = re.compile(r"<annotation\b.*?</annotation>", re.DOTALL)
UNSEEN = re.compile(rf"{ANNOTATION.pattern}|<[^>]*>", re.DOTALL)
INVISIBLE = re.compile("[\u2061-\u2064]")  # function application, times, separator, plus

logger = logging.getLogger(__name__)
converter = LatexToMathML(fancy_error=False, annotation=True)


def prepared(tex: str, display: bool) -> str:
    r"""Return TeX with Sphinx's shorthand spelt out.

    A block may be several equations, separated by empty lines, or contain `\\` and `&` outside an
    environment. Sphinx numbers it, so the environments are those without numbers.
    """
    tex = EXTRA_SPACE.sub(r"\\\\", tex.strip())
    tex = NUMBERED.sub(r"\\\1{\2*}", tex.replace("{split}", "{aligned}"))
    if display:
        tex = r" \\ ".join(part.strip() for part in re.split(r"\n\s*\n", tex))
    if r"\\" in ENVIRONMENT.sub("", tex):
        tex = rf"\begin{{aligned}}{tex}\end{{aligned}}"
    return tex


@cache
def mathml(tex: str, display: bool) -> str:
    """Convert a formula.

    Raises:
        LatexError: the TeX is wrong, or beyond the converter.
    """
    out = converter.convert_with_local_state(prepared(tex, display), displaystyle=display)
    return out.replace(
        "\ufe00", ""
    )  # requests a form of script letters that is the font's only one


def shown(formula: str) -> str:
    """Return the characters that a formula in MathML shows."""
    return INVISIBLE.sub("", html.unescape(UNSEEN.sub("", formula)))


class PlainText(SphinxPostTransform):
    """Replace the TeX of formulas by what they show, for the search index."""

    default_priority = 900

    def run(self, **_: Any) -> None:
        """Keep the TeX as an attribute, which the writer reads."""
        if self.app.builder.format != "html":
            return
        for node in list(self.document.findall(is_formula)):
            node["tex"] = node.astext()
            with suppress(LatexError):  # the writer warns about it
                text = shown(mathml(node["tex"], isinstance(node, nodes.math_block)))
                node.children = []
                node += nodes.Text(text)


def is_formula(node: nodes.Node) -> bool:
    """Tell whether a node is a formula."""
    return isinstance(node, nodes.math | nodes.math_block)


def write(writer: Any, node: nodes.Element, tag: str) -> None:
    """Write a formula into the page, inside a `tag`, with its number.

    Where a title stands once more, in the head of the page and in the contents, `PlainText` has not
    seen it, and its formulas carry no TeX: Sphinx takes away tags alone.
    """
    tex = node.get("tex") or node.astext()
    block = isinstance(node, nodes.math_block)
    try:
        formula = mathml(tex, block)
        if "tex" not in node:
            formula = ANNOTATION.sub("", formula)
    except LatexError as error:
        logger.warning("this formula is not understood: %s: %s", tex, error, location=node)
        formula = f"<code>{html.escape(tex)}</code>"
    classes = "math notranslate nohighlight"  # as Sphinx names them; tests leave them out of prose
    writer.body.append(writer.starttag(node, tag, "", CLASS=classes))
    if node.get("number"):
        writer.body.append(f'<span class="eqno">({get_node_equation_number(writer, node)})')
        writer.add_permalink_ref(node, "Link to this equation")
        writer.body.append("</span>")
    writer.body.append(f"{formula}</{tag}>")
    raise nodes.SkipNode


def characters(site: Path) -> set[str]:
    """Return the characters in the formulas of the built pages, and their italic forms."""
    pages = (path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    formulas = (formula for page in pages for formula in MATH.findall(page))
    found = {c for formula in formulas for c in html.unescape(UNSEEN.sub("", formula))}
    found.add("√")  # stands in no text: an <msqrt> draws it
    letters = {unicodedata.normalize("NFKC", c) for c in found}
    return found | {c for c in ITALICS if unicodedata.normalize("NFKC", c) in letters}


def adapt(font: TTFont) -> None:
    """Adapt the font to how browsers use it.

    - A prime is an exponent, for which the font has another form; few browsers request it.
    - Fractions within the text get the distances that TeX gives them, so that lines stay even.
    - Chromium gives a stretchy sign the room of its widest size, whichever it shows; so the
      larger sizes of each bracket and of the root become as wide as the smallest.
    """
    for table in font["cmap"].tables:
        if 0x2032 in getattr(table, "cmap", {}):
            table.cmap[0x2032] = "minute.ssty"
    constants = font["MATH"].table.MathConstants
    constants.FractionNumeratorShiftUp.Value = 450
    constants.FractionDenominatorShiftDown.Value = 410
    for sizes in font["MATH"].table.MathVariants.VertGlyphConstruction:
        names = [size.VariantGlyph for size in sizes.MathGlyphVariantRecord]
        parts = sizes.GlyphAssembly.PartRecords if sizes.GlyphAssembly else []
        narrow(font, names + [part.glyph for part in parts])


def narrow(font: TTFont, names: list[str]) -> None:
    """Make glyphs no wider than the first of them."""
    outlines, metrics = font["glyf"], font["hmtx"]
    width = metrics[names[0]][0]
    for name in names:
        scale = width / metrics[name][0]
        if scale < 1 and not outlines[name].isComposite():
            outlines[name].coordinates.scale((scale, 1))
            outlines[name].coordinates.toInt()
            outlines[name].recalcBounds(outlines)
            metrics[name] = (width, outlines[name].xMin)


def sheet(wanted: Iterable[str]) -> str:
    """Return a style sheet with the font for these characters, and all sizes of each.

    Raises:
        ExtensionError: the font lacks a character.
    """
    options = {
        "hinting": False,
        "layout_features": [],  # small forms for indices would double the weight
        "name_IDs": [0, 1, 2, 4, 6, 13, 14],  # copyright, names, licence
    }
    package = find_spec("ziamath")  # not imported, because it would load its fonts at once
    with TTFont(Path(package.origin).parent / FONT) as font:
        if lacking := sorted(set(wanted) - {chr(code) for code in font.getBestCmap()}):
            names = ", ".join(unicodedata.name(c, hex(ord(c))) for c in lacking)
            raise ExtensionError(f"the font of the formulas lacks {names}")
        notice = f"{font['name'].getDebugName(0)}. {font['name'].getDebugName(13)}"
        adapt(font)
        source = fonts.embedded(font, map(ord, wanted), **options)
        return STYLE.format(notice=notice, source=source)


def write_sheet(app: Any, exception: Exception | None) -> None:
    """Write the style sheet with the font, once the pages are written."""
    if exception is None and app.builder.format == "html":
        path = Path(app.outdir) / "_static" / SHEET
        path.write_text(sheet(characters(Path(app.outdir))), encoding="utf-8")


def link_files(app: Any, pagename: str, template: str, context: dict[str, Any], _: Any) -> None:
    """Let the pages with formulas load the font, and the module that copies TeX."""
    if "<math" in context.get("body", ""):
        app.add_css_file(SHEET, priority=900)
        app.add_js_file("formulas.mjs", type="module")


def tie(html: str, page: str) -> str:
    """Keep formulas on one line with their punctuation; browsers would break there."""
    return TIED.sub(
        lambda found: f'<span class="tied">{found[0]}</span>' if found[1] + found[2] else found[0],
        html,
    )


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.add_html_math_renderer(
        "mathml",
        (lambda writer, node: write(writer, node, "span"), None),
        (lambda writer, node: write(writer, node, "div"), None),
    )
    app.add_post_transform(PlainText)
    app.connect("html-page-context", link_files)
    app.connect("build-finished", write_sheet, priority=400)  # before pages are printed
