"""The taggers of depth and of direction, drawn letter by letter."""

import re

from figure_parts import texts
from unrolled.pictures import diagrams
from unrolled.pictures.figures import ORANGE

HATE = "hate", ["HH", "EY", "T", "-"]


def test_stacked_tagger_has_a_cell_for_each_layer_and_letter():
    figure = diagrams.stacked_tagger(*HATE, num_layers=3)
    assert texts(figure).count("cell") == 12
    assert {"layer 1", "layer 2", "layer 3"} <= set(texts(figure))
    assert figure.svg.count(f'stroke="{ORANGE}" stroke-width="2.6"') == 9, "time arrows"


def test_stacked_tagger_leaves_unread_letters_to_no_layer():
    figure = diagrams.stacked_tagger(*HATE, num_layers=2, known=2)
    assert texts(figure).count("cell") == 4
    assert "EY" in texts(figure)
    assert "T" not in texts(figure)
    assert "t, e is unread by every layer" in figure.alt


def test_bidirectional_tagger_has_as_many_time_arrows_each_way():
    figure = diagrams.bidirectional_tagger(*HATE)
    assert texts(figure).count("cell") == 8
    pattern = r'x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="\2" stroke="' + ORANGE
    ways = [float(x2) > float(x1) for x1, _, x2 in re.findall(pattern, figure.svg)]
    assert sorted(ways) == [False] * 3 + [True] * 3


def test_look_ahead_answers_late():
    figure = diagrams.look_ahead(*HATE, delay=2)
    assert texts(figure).count("cell") == 6
    assert figure.svg.count("stroke-dasharray") == 2, "the blanks"
    assert "when h a t has been read" in figure.alt
