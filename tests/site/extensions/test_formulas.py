"""Formulas as MathML: what becomes of TeX, of TeX that is wrong, and the font for it."""

import base64
import io
import re
from pathlib import Path

import pytest
import small_site
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from math_core import LatexError
from sphinx.errors import ExtensionError
from unrolled_book.writing import formulas

PRIME, ITALIC_H, ALPHA, ITALIC_ALPHA = map(chr, (0x2032, 0x210E, 0x3B1, 0x1D6FC))
PAGE = r"""
The state :math:`h_t` of $x$
============================

It is :math:`\mathcal{L}_t` (:math:`\beta`), see :eq:`sum`.

.. math::
   :label: sum

   \sum_t h_t

.. math::

   a &= b \\[1ex]
   c &= d

.. math::
   :nowrap:

   \begin{align} a &= b \\ c &= d \end{align}

Wrong: :math:`\nonsense{x}`.
"""


def font(characters: str) -> TTFont:
    data = re.search(r"base64,([^\"]+)", formulas.sheet(characters))
    assert data
    return TTFont(io.BytesIO(base64.b64decode(data[1])))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The page, built by Sphinx, and its warnings."""
    source = tmp_path_factory.mktemp("pages")
    (source / "index.rst").write_text(PAGE, encoding="utf-8")
    extensions = ["unrolled_book.writing.formulas"]
    warnings = small_site.build(source, extensions=extensions, html_math_renderer="mathml")
    return source / "out", warnings


@pytest.fixture(scope="module")
def page(built: tuple[Path, str]) -> BeautifulSoup:
    html = (built[0] / "index.html").read_text(encoding="utf-8")
    return BeautifulSoup(html, "html.parser")


@pytest.mark.parametrize("tex", [r"\nonsense", r"\frac{a", "a & b"])
def test_wrong_tex_is_refused(tex: str) -> None:
    with pytest.raises(LatexError):
        formulas.mathml(tex, False)


@pytest.mark.parametrize(
    ("tex", "rows"),
    [
        ("a", 0),
        (r"a \\ b", 2),
        (r"a &= b \\[1ex] c &= d", 2),
        ("a = b\n\nc = d", 2),
        (r"\begin{aligned}a\\[2ex]b\\c\end{aligned}", 3),
        (r"x = \begin{cases}a\\b\end{cases}", 2),
        (r"\begin{split}a\\b\end{split}", 2),
        (r"\begin{align}a\\b\end{align}", 2),
    ],
)
def test_rows_stand_below_each_other(tex: str, rows: int) -> None:
    formula = formulas.mathml(tex, True)
    assert formula.count("<mtr>") == rows
    assert formulas.shown(formula).isalpha() or "=" in formulas.shown(formula)
    assert "ex" not in formulas.shown(formula)  # of \\[1ex]
    assert "(1)" not in formula  # numbers are Sphinx's


def test_each_formula_is_one_element_of_mathml(page: BeautifulSoup) -> None:
    good = [tag for tag in page.select(".body .math") if "nonsense" not in str(tag)]
    assert [len(tag.find_all("math")) for tag in good] == [1] * 6
    assert [tag.name for tag in good] == ["span"] * 3 + ["div"] * 3
    assert [tag.math.get("display") for tag in good] == [None] * 3 + ["block"] * 3
    tex = [tag.select_one("annotation[encoding='application/x-tex']").get_text() for tag in good]
    assert tex[1] == r"\mathcal{L}_t"
    assert r"a &= b \\" in tex[4]
    assert "mathjax" not in str(page).lower()


def test_a_numbered_formula_can_be_referred_to(page: BeautifulSoup) -> None:
    (numbered,) = page.select("div.math:has(.eqno)")
    assert numbered.select_one(".eqno").get_text().startswith("(1)")
    (link,) = [link for link in page.select("a.reference") if link.get_text() == "(1)"]
    assert link["href"] == "#" + numbered["id"]


def test_wrong_tex_on_a_page_is_a_warning_that_names_it(
    built: tuple[Path, str], page: BeautifulSoup
) -> None:
    (warning,) = built[1].splitlines()
    assert re.search(r"index\.rst:\d+: WARNING: this formula is not understood: ", warning)
    assert r"\nonsense{x}" in warning
    assert "Unknown command" in warning
    assert page.select_one(".math code").get_text() == r"\nonsense{x}"


def test_the_search_knows_what_formulas_show(built: tuple[Path, str]) -> None:
    index = (built[0] / "searchindex.js").read_text(encoding="utf-8")
    assert '"wrong"' in index
    for tex in ("mathcal", "align", "beta"):
        assert tex not in index, tex


def test_titles_stay_readable(page: BeautifulSoup) -> None:
    assert page.h1.find("math")
    assert page.title.get_text().startswith("The state ht of")


def test_the_font_is_small_and_linked(built: tuple[Path, str], page: BeautifulSoup) -> None:
    assert len(page.select(f'link[href*="{formulas.SHEET}"]')) == 1
    sheet = built[0] / "_static" / formulas.SHEET
    assert "SIL Open Font License" in sheet.read_text()
    assert sheet.stat().st_size < 20_000


def test_the_font_has_what_formulas_need() -> None:
    made = font("(√" + PRIME + ITALIC_H)
    glyphs = made.getBestCmap()
    assert {chr(code) for code in glyphs} == {"(", ")", "√", PRIME, ITALIC_H}  # mirrored, too
    assert made["glyf"][glyphs[ord(PRIME)]].yMax < 600  # that of an exponent, not that of the text
    variants = made["MATH"].table.MathVariants
    sizes = dict(
        zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True)
    )
    for character in "(√":
        names = [size.VariantGlyph for size in sizes[glyphs[ord(character)]].MathGlyphVariantRecord]
        assert len(names) > 3  # the sizes that stretch
        assert len({made["hmtx"][name][0] for name in names}) == 1
    assert len(font("a").getGlyphOrder()) < 5  # nothing that is not asked for


def test_a_character_that_the_font_lacks_is_an_error() -> None:
    with pytest.raises(ExtensionError, match="lacks CJK UNIFIED IDEOGRAPH-6F22"):
        formulas.sheet("a漢")


def test_letters_bring_their_italics(tmp_path: Path) -> None:
    page = f"<p>text</p><math><mi>h</mi><mo>&lt;</mo><mi>{ALPHA}</mi></math>"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    assert formulas.characters(tmp_path) == {"h", "<", "√", ALPHA, ITALIC_H, ITALIC_ALPHA}


def test_formulas_are_tied_to_their_punctuation() -> None:
    span = '<span class="math"><math><mi>x</mi></math></span>'
    assert formulas.tie(f"a {span} b", "") == f"a {span} b"
    assert formulas.tie(f"({span}), b", "") == f'<span class="tied">({span}),</span> b'
    assert formulas.tie(f"the {span}-th,", "") == f'the <span class="tied">{span}-th</span>,'
    assert formulas.tie(f"{span}<br>", "") == f"{span}<br>"
