"""Draw the card shown where a link to a page is shared, and describe the page in its head.

sphinxext-opengraph writes the tags and the pictures. This gives it the book's layout in place of
its own, and the page's first paragraph as the description: the question that the page answers.

A card and the page that it leads to are named by whole addresses. A site whose address is not known
has pages that describe themselves, and no cards.
"""

import html
import re
from textwrap import shorten
from typing import Any

from docutils import nodes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.text import Text
from sphinxext import opengraph
from sphinxext.opengraph import _social_cards
from unrolled.pictures.figures import BLUE, ORANGE

GROUND, TEXT, QUIET = "#ffffff", "#1f2328", "#57606a"
WIDTH, HEIGHT, MARGIN = 1146, 600, 0.06  # the size that the library writes into the tags
STEPS = "hate"
LONGEST = 240  # characters in a description


def opening(doctree: nodes.document) -> str:
    """Return the author's first paragraph, or as many of its sentences as fit."""
    written = (node for node in doctree.findall(nodes.paragraph) if not node["classes"])
    text = " ".join(next((node.astext() for node in written), "").split())
    fitting = re.match(rf".{{1,{LONGEST}}}[.?!:](?=\s|$)", text)
    return fitting[0] if fitting else shorten(text, LONGEST, placeholder=" …")


def describe(doctree: nodes.document, length: int, titles: Any) -> str:
    """Replace the library's description, which runs on and ends within a word."""
    return html.escape(opening(doctree), quote=False)


def draw_motif(figure: Figure) -> None:
    """Draw a network unrolled over the letters of a word, along the foot of the card."""
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.set_axis_off()
    arrow: Any = {"arrowstyle": "-|>", "mutation_scale": 18, "linewidth": 2.5}
    arrow |= {"shrinkA": 0, "shrinkB": 0}
    for step, letter in enumerate(STEPS):
        x = 557 + 130 * step
        box = FancyBboxPatch((x, 74), 66, 50, "round,pad=0,rounding_size=14", lw=2.5)
        box.set(facecolor=f"{BLUE}22", edgecolor=BLUE)
        axes.add_patch(box)
        axes.text(x + 33, 24, letter, ha="center", va="center", size=19, c=QUIET)
        axes.add_patch(FancyArrowPatch((x + 33, 42), (x + 33, 74), color=QUIET, **arrow))
        axes.add_patch(FancyArrowPatch((x + 33, 124), (x + 33, 156), color=QUIET, **arrow))
        axes.add_patch(FancyArrowPatch((x + 66, 99), (x + 130, 99), color=ORANGE, **arrow))


def layout(**_settings: Any) -> tuple[Figure, Text, Text, Text, Text]:
    """Return a card, and its texts in the order in which the library fills them in."""
    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=GROUND)
    draw_motif(figure)

    def text(y: float, size: float, colour: str) -> Text:
        place = figure.text(MARGIN, y, "", size=size, c=colour, va="top", wrap=True)
        place._get_wrap_line_width = lambda: WIDTH * (1 - 2 * MARGIN)
        return place

    site, title, about = text(0.92, 24, BLUE), text(0.82, 40, TEXT), text(0.56, 20, QUIET)
    return figure, site, title, about, text(0.11, 15, QUIET)


def say_in_words(app: Any, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Give the card of a page its alternative text: the words on it."""
    if doctree is not None:
        said = f"{context['title']}. {opening(doctree)}"
        context["meta"] = {"og:image:alt": said} | (context["meta"] or {})


def want_address(app: Any, config: Any) -> None:
    """Draw no cards for a site without an address."""
    if not config.html_baseurl:
        config.ogp_social_cards = {"enable": False}


def drop_half_addresses(
    app: Any, pagename: str, templatename: str, context: Any, doctree: Any
) -> None:
    """Take back the page's address where the library did not know the site's."""
    if doctree is not None and not app.config.html_baseurl:
        context["metatags"] = re.sub(r'<meta property="og:url"[^>]*>\n', "", context["metatags"])


def setup(app: Any) -> None:
    """Connect to Sphinx, before and after the library writes its tags."""
    app.setup_extension("sphinxext.opengraph")
    opengraph.get_description = describe
    _social_cards.create_social_card_objects = layout
    app.connect("config-inited", want_address)
    app.connect("html-page-context", say_in_words, priority=400)
    app.connect("html-page-context", drop_half_addresses, priority=600)
