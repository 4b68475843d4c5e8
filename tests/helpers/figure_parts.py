"""What a figure is made of: its texts, and the widths of its lines."""

import re
import xml.etree.ElementTree as ET

from unrolled.pictures.figures import Figure

SVG = "{http://www.w3.org/2000/svg}"


def texts(figure: Figure) -> list[str]:
    """The texts of a figure, in the order in which they are drawn."""
    return [node.text or "" for node in ET.fromstring(figure.svg).iter(f"{SVG}text")]


def widths(figure: Figure, colour: str) -> list[float]:
    """The widths of the plain lines of a colour, in the order in which they are drawn."""
    lines = re.findall(rf'<line [^>]*stroke="{colour}" stroke-width="([\d.]+)"/>', figure.svg)
    return [float(width) for width in lines]
