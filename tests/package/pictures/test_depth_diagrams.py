"""The diagrams of depth and of direction."""

import re
import xml.etree.ElementTree as ET
from math import comb

import pytest
from figure_parts import SVG, texts
from unrolled.pictures import diagrams
from unrolled.pictures.figures import GREEN, ORANGE, PURPLE

PHONE = 400  # wider pictures are scaled down on a phone, and their labels with them


def time_arrows(figure) -> list[tuple[float, ...]]:
    """Both ends of each straight time arrow: x1, y1, x2, y2."""
    pattern = rf'<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)" stroke="{ORANGE}"'
    return [tuple(map(float, ends)) for ends in re.findall(pattern, figure.svg)]


ALL = {
    "read_by_each": diagrams.read_by_each("hate"),
    "gradient_paths": diagrams.gradient_paths(3, 2),
    "depths": diagrams.depths(),
    "dropout_masks": diagrams.dropout_masks(),
    "informed": diagrams.informed("hated", at=1, delay=2),
    "meeting": diagrams.meeting(),
    "summaries": diagrams.summaries(("hate", "at")),
    "guide": diagrams.guide(),
}


@pytest.mark.parametrize("name", ALL)
def test_it_fits_a_phone_and_nothing_stands_outside(name):
    root = ET.fromstring(ALL[name].svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    assert width <= PHONE
    for node in root.iter(f"{SVG}text"):
        room = 7 * len(node.text or "")  # a little more than the words take
        x, anchor = float(node.attrib["x"]), node.attrib["text-anchor"]
        left = {"start": x, "middle": x - room / 2, "end": x - room}[anchor]
        assert left >= -4, node.text
        assert left + room <= width + 4, node.text
        assert 0 < float(node.attrib["y"]) < height


@pytest.mark.parametrize("name", ALL)
def test_it_explains_itself_in_words(name):
    assert len(ALL[name].alt.split()) > 25


def test_both_layers_have_read_the_same_and_both_directions_have_not():
    words = texts(ALL["read_by_each"])
    assert [words.count(read) for read in ("ha", "hat")] == [3, 3]  # two layers, and forward
    assert words.count("hate") == 4  # two layers, and each direction where it ends
    assert [words.count(read) for read in ("ate", "te")] == [1, 1]
    ways = [x2 > x1 for x1, _, x2, _ in time_arrows(ALL["read_by_each"])]
    assert ways.count(True) == 9
    assert ways.count(False) == 3


@pytest.mark.parametrize(("T", "L"), [(3, 2), (2, 3), (3, 1), (4, 2)])
def test_every_gradient_path_has_its_moves(T, L):
    figure = diagrams.gradient_paths(T, L)
    count = comb(T + L - 2, L - 1)
    words = texts(figure)
    assert words.count("loss") == words.count("x₁") == words.count("W¹") == count
    assert sum(word[0] == "U" for word in words) == (T - 1) * count
    assert sum(word[0] == "W" for word in words) == L * count
    assert figure.svg.count("stroke-dasharray") == count * (T * L - (T + L - 1))
    assert f"The {count} paths" in figure.alt


def test_four_nets_differ_in_where_the_second_map_stands():
    words = texts(ALL["depths"])
    assert words.count("tanh") == 1 + 2 + 2 + 2
    assert [words.count(f"up {up}, on {on}") for up, on in ((1, 1), (2, 2), (2, 1))] == [1, 1, 2]


def test_masks_stand_on_time_arrows_only_where_they_stay():
    figure = ALL["dropout_masks"]
    kept = rf'<line x1="([\d.]+)" y1="([\d.]+)" [^>]*stroke="{PURPLE}" stroke-width="6"'
    bars = [tuple(map(float, place)) for place in re.findall(kept, figure.svg)]
    rows = {y1 - 6 for _, y1, _, _ in time_arrows(figure)}  # where a mask on a time arrow begins
    on_time = [y for _, y in bars if y in rows]
    half = max(y for _, y in bars) / 2
    assert on_time
    assert min(on_time) > half, "none in the upper picture"
    by_row = {}
    for x, y in bars:
        by_row.setdefault(y, []).append(x)
    shapes = {
        y: {
            tuple(sorted((x - 106) % 108 for x in xs if abs(x - at) < 20)) for at in (106, 214, 322)
        }
        for y, xs in by_row.items()
        if y not in rows
    }
    # new at each step, between the layers only; then the same, on the input and between the layers
    assert [len(shapes[y]) for y in sorted(shapes)] == [3, 1, 1]


def test_what_is_not_known_is_dashed():
    figure = ALL["informed"]
    assert figure.svg.count("stroke-dasharray") == 3 + 1
    assert "2 letters late, one direction has read hate" in figure.alt
    assert "one direction has read ha;" in diagrams.informed("hat", at=1, delay=1).alt.replace(
        "One", "one"
    )


def test_only_the_layered_form_crosses():
    figure = ALL["meeting"]
    slanted = re.findall(r'x1="([\d.]+)" y1="186" x2="([\d.]+)" y2="145"', figure.svg)
    across = [(float(a), float(b)) for a, b in slanted if a != b]
    assert len(across) == 2
    assert max(max(pair) for pair in across) < 200, "on the left"
    assert len(slanted) == 2 + 2 + 2


def test_summaries_frame_the_states_that_have_read_the_word():
    figure = ALL["summaries"]
    frames = re.findall(rf'<rect x="([\d.]+)" [^>]*width="74"[^>]*stroke="{GREEN}"', figure.svg)
    assert [float(x) + 37 for x in frames] == [66 + 86 * 3, 66, 66 + 86, 66]
    words = texts(figure)
    assert words.count("hate") == words.count("at") == 2
    assert "output[:, -1] looks here" in words


def test_the_guide_asks_four_questions_and_leads_to_every_answer():
    words = texts(ALL["guide"])
    assert words.count("yes") == words.count("no") == 4
    text = " ".join(words)
    for answer in ("one direction", "two directions", "2 layers", "one layer", "a little late"):
        assert answer in text
