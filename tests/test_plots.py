"""The plots of practice/pronunciation."""

import re

from unrolled import plots
from unrolled.figures import BLUE, ORANGE


def drawn(svg: str) -> list[str]:
    """The texts of a picture, in the order in which they are drawn."""
    return [text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def test_letter_uncertainty_puts_the_hardest_letter_first() -> None:
    figure = plots.letter_uncertainty({"v": 0.1, "a": 2.5, "t": 1.0}, {"v": 1, "a": 7, "t": 3}, "a")
    assert figure.alt.index("a 2.5 bits and 7 tags") < figure.alt.index("t 1.0 bits and 3 tags")
    texts = drawn(figure.svg)
    assert [text for text in texts if text in ("a", "t", "v")] == ["a", "t", "v"]
    assert [text for text in texts if text in ("7", "3")] == ["7", "3"]


def test_letter_uncertainty_marks_letters_by_colour() -> None:
    bits, tags = {"v": 0.1, "a": 2.5, "t": 1.0}, {"v": 1, "a": 7, "t": 3}
    svg = plots.letter_uncertainty(bits, tags, marked="a").svg
    assert (svg.count(ORANGE), svg.count(BLUE)) == (1, 2)
    assert ORANGE not in plots.letter_uncertainty(bits, tags).svg


def test_window_errors_tells_every_rate_and_names_every_line() -> None:
    rates = {"by family": {1: 0.97, 3: 0.6734}, "by word": {1: 0.96, 3: 0.663}}
    figure = plots.window_errors(rates)
    assert "by family: 1 letters 97.0%, 3 letters 67.3%; by word: 1 letters 96.0%" in figure.alt
    texts = drawn(figure.svg)
    assert {"by family", "by word", "letters in the window", "word error rate"} <= set(texts)
    assert [text for text in texts if text in ("1", "3")] == ["1", "3"]
