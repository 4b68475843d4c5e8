"""Pictures inside the page: SVG in the page's own colours, with an alternative text."""

from dataclasses import dataclass
from html import escape

# Each is legible (at least 3:1) on the light theme's white and on the dark theme's near-black.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#3f7fd6", "#d9652b", "#2b9a66", "#a463c9", "#868686"
INK = "currentColor"  # the colour of the text around the picture
READABLE = 0.8  # how far a picture may shrink before its words are too small


def sized(width: float) -> str:
    """The attributes of an SVG that fits its column; in a narrow one it scrolls, still legible.

    Args:
        width: pixels.
    """
    most = f"max(100%,{READABLE * width:.0f}px)"
    return f'width="{width:g}" style="max-width:{most};height:auto"'


@dataclass(frozen=True)
class Figure:
    """One picture.

    Args:
        svg: an `<svg ...>` element with a `viewBox`; `currentColor` in it follows the theme.
        alt: what the picture shows, in a sentence or two.

    Raises:
        ValueError: there is no alternative text, or no SVG element.
    """

    svg: str
    alt: str

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("a figure needs alternative text")
        if not self.svg.startswith("<svg "):
            raise ValueError("a figure is one <svg ...> element")

    def _repr_html_(self) -> str:
        head = f'<svg role="img" aria-label="{escape(self.alt, quote=True)}" '
        return f'<div class="unrolled-figure">{head}{self.svg[len("<svg ") :]}</div>'

    def __repr__(self) -> str:
        return f"[picture: {self.alt}]"
