"""The diagrams of the chapter on recurrence say what they draw."""

import xml.etree.ElementTree as ET
from functools import partial

import pytest
from figure_parts import SVG, texts
from unrolled.pictures import diagrams
from unrolled.pictures.figures import GREY, PURPLE, Figure


def shapes(figure: Figure, kind: str, **attributes: str) -> int:
    """How many shapes of a kind there are with these attributes."""
    wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
    every = ET.fromstring(figure.svg).iter(f"{SVG}{kind}")
    return sum(all(node.get(k) == v for k, v in wanted.items()) for node in every)


ALL = [
    partial(diagrams.unrolling, "hate", ["HH", "EY", "T", "-"]),
    diagrams.plain_cell,
    diagrams.readers,
    diagrams.backward_flow,
    diagrams.paths,
    diagrams.truncation,
    diagrams.streams,
    diagrams.teaching,
    diagrams.scan,
]


@pytest.mark.parametrize("draw", ALL, ids=lambda draw: getattr(draw, "__name__", "unrolling"))
def test_a_diagram_is_legible_on_a_phone(draw):
    root = ET.fromstring(draw().svg)
    width = float(root.get("viewBox").split()[2])
    assert width <= 400  # so that 13 units stay 12 pixels and more in a column of 370
    assert {float(node.get("font-size")) for node in root.iter(f"{SVG}text")} <= {13, 14, 16}
    for box in root.iter(f"{SVG}rect"):
        left = float(box.get("x"))
        assert left >= 0
        assert left + float(box.get("width")) <= width


def test_unrolling_has_one_cell_a_letter_and_one_folded():
    figure = diagrams.unrolling("hat", ["HH", "AE", "T"])
    drawn = texts(figure)
    assert drawn.count("cell") == drawn.count("W") == drawn.count("U") == drawn.count("V") == 4
    assert [text for text in drawn if text in ("h", "a", "t", "HH", "AE", "T", "h₀")] == [
        *("h", "HH", "a", "AE", "t", "T", "h₀")
    ]
    assert "unrolled over hat" in figure.alt


def test_plain_cell_names_every_shape():
    figure = diagrams.plain_cell()
    drawn = texts(figure)
    assert {"W", "U", "V", "b", "tanh", "+", "xₜ", "hₜ₋₁", "hₜ", "yₜ"} <= set(drawn)
    assert {f"{a} \u00d7 {b}" for a, b in ("HD", "HH", "KH")} <= set(drawn)
    assert "W, which is H times D" in figure.alt


def test_readers_have_as_many_matrices_as_they_need():
    drawn = texts(diagrams.readers("hate"))
    assert [drawn.count(f"W{i}") for i in "₁₂₃₄₅₆"] == [2, 2, 2, 1, 1, 1]  # slots, and a window
    assert drawn.count("W") == drawn.count("U") == 4
    assert [drawn.count(letter) for letter in "hate"] == [5, 4, 4, 4]  # and the state h
    assert "does not see the last letter" in diagrams.readers("hate").alt


@pytest.mark.parametrize("T", [2, 3])
def test_backward_flow_brings_two_errors_together(T):
    drawn = texts(diagrams.backward_flow(T))
    assert sum(text.startswith("Uᵀδ") for text in drawn) == T - 1
    assert sum(text.startswith("g") for text in drawn) == T
    assert drawn.count("W, U, b") == T
    assert drawn.count("one sum") == 1


@pytest.mark.parametrize("lag", [2, 3])
def test_paths_are_counted(lag):
    figure = diagrams.paths(lag)
    assert f"2 units, {lag} steps: {2 ** (lag - 1)} paths" in texts(figure)
    assert shapes(figure, "line", stroke=GREY) == 4 + 4 * (lag - 2)
    assert f"{2 ** (lag - 1)} paths" in figure.alt


def test_truncation_cuts_between_windows():
    figure = diagrams.truncation(T=6, window=2)
    assert texts(figure).count("✕") == 2
    lines = ET.fromstring(figure.svg).iter(f"{SVG}line")
    ends = [node.get("marker-end") or "" for node in lines]
    assert sum("time" in end for end in ends) == 5
    assert sum("weight" in end for end in ends) == 3


def test_streams_go_on_in_their_row():
    text = "abcdefghijkl"
    drawn = texts(diagrams.streams(text, batch=2))
    assert [t for t in drawn if t in text] == ["ab", "gh", "cd", "ij", "ef", "kl"]


def test_teaching_tells_its_own_only_in_use():
    figure = diagrams.teaching()
    drawn = texts(figure)
    assert drawn.count("EY") == 1  # told in training, and in use not said
    assert drawn.count("AE") == 3  # said twice, and told in use
    assert "after AE the third says K" in figure.alt


@pytest.mark.parametrize(("T", "rounds"), [(4, 2), (8, 3)])
def test_scan_holds_all_steps_before_at_the_end(T, rounds):
    figure = diagrams.scan(T)
    *places, title = texts(figure)
    assert title == f"{T} steps, joined in {rounds} rounds"
    assert places[-T:] == ["1", *(f"1\u2013{t}" for t in range(2, T + 1))]
    joins = sum(T - 2**r for r in range(rounds))
    assert shapes(figure, "line", stroke=PURPLE) == joins
