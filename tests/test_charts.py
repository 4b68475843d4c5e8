"""The pictures of depth and of direction."""

import re
import xml.etree.ElementTree as ET

import numpy as np
from unrolled.pictures import diagrams, plots
from unrolled.pictures.figures import BLUE, ORANGE

HATE = "hate", ["HH", "EY", "T", "-"]


def drawn(figure) -> list[str]:
    root = ET.fromstring(figure.svg)
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return [(node.text or "").strip() for node in found]


def test_stacked_tagger_has_a_cell_for_each_layer_and_letter():
    figure = diagrams.stacked_tagger(*HATE, num_layers=3)
    assert drawn(figure).count("cell") == 12
    assert {"layer 1", "layer 2", "layer 3"} <= set(drawn(figure))
    assert figure.svg.count(f'stroke="{ORANGE}" stroke-width="2.6"') == 9, "time arrows"


def test_stacked_tagger_leaves_unread_letters_to_no_layer():
    figure = diagrams.stacked_tagger(*HATE, num_layers=2, known=2)
    assert drawn(figure).count("cell") == 4
    assert "EY" in drawn(figure)
    assert "T" not in drawn(figure)
    assert "t, e is unread by every layer" in figure.alt


def test_bidirectional_tagger_has_as_many_time_arrows_each_way():
    figure = diagrams.bidirectional_tagger(*HATE)
    assert drawn(figure).count("cell") == 8
    pattern = r'x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="\2" stroke="' + ORANGE
    ways = [float(x2) > float(x1) for x1, _, x2 in re.findall(pattern, figure.svg)]
    assert sorted(ways) == [False] * 3 + [True] * 3


def test_look_ahead_answers_late():
    figure = diagrams.look_ahead(*HATE, delay=2)
    assert drawn(figure).count("cell") == 6
    assert figure.svg.count("stroke-dasharray") == 2, "the blanks"
    assert "when h a t has been read" in figure.alt


def test_seen_marks_what_lies_ahead():
    there = np.array([[True, True], [False, True]])
    figure = plots.seen({"a model": ("at", there)})
    assert "a from a t, t from t" in figure.alt
    assert ORANGE in figure.svg
    assert ORANGE not in plots.seen({"a model": ("at", there.T)}).svg


def test_by_layer_tells_the_ends():
    figure = plots.by_layer({"plain": [1e-4, 0.1], "residual": [0.2, 0.15]}, "norm")
    assert "plain: 1.0e-04 in the first layer and 1.0e-01 in the last" in figure.alt
    assert {"plain", "residual", "norm"} <= set(drawn(figure))


def test_change_tells_both_rates_of_every_row():
    figure = plots.change({"a": (50, 10), "b": (20, 20)}, ("one", "both"), "letters wrong")
    assert "a 50 % and 10 %; b 20 % and 20 %" in figure.alt
    assert {"a", "b", "one", "both", "letters wrong"} <= set(drawn(figure))
    assert figure.svg.count(BLUE) >= 2
