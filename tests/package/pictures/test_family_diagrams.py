"""The pictures of the types of networks: shapes, structures, the tree, the time line, the key."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from figure_parts import SVG, texts
from unrolled.cells import CELLS
from unrolled.pictures import diagrams
from unrolled.pictures.diagrams.family import STRUCTURES
from unrolled.pictures.diagrams.shapes import SHAPES
from unrolled.pictures.figures import BLUE, GREEN, ORANGE, PURPLE, Figure

PICTURES = {
    "shapes": diagrams.shapes,
    "residual": lambda: diagrams.structure("residual"),
    "tree-structured": lambda: diagrams.structure("tree-structured"),
    "family tree": diagrams.family_tree,
    "time line": diagrams.time_line,
    "key": diagrams.circuit_key,
}


def boxes(figure: Figure) -> dict[str, str]:
    """The colour of each box by the label that is drawn right after it."""
    nodes = list(ET.fromstring(figure.svg))
    return {
        after.text or "": box.get("stroke") or ""
        for box, after in itertools.pairwise(nodes)
        if box.tag == SVG + "rect" and after.tag == SVG + "text"
    }


def time_arrows(figure: Figure) -> int:
    return figure.svg.count('marker-end="url(#time-')


@pytest.mark.parametrize("name", PICTURES)
def test_legible_on_a_phone_and_within_its_frame(name):
    root = ET.fromstring(PICTURES[name]().svg)
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    shown = min(1.0, 358 / width)
    for node in root.iter(SVG + "text"):
        size, label = float(node.get("font-size", "0")), node.text or ""
        assert size * shown >= 11.6
        x, y, half = float(node.get("x", "0")), float(node.get("y", "0")), 0.27 * size * len(label)
        left = x if node.get("text-anchor") == "start" else x - half
        assert left >= 0
        assert left + 2 * half <= width, label
        assert size / 2 <= y <= height - size / 2
    for node in root.iter(SVG + "rect"):
        x, y, w, h = (float(node.get(key, "0")) for key in ("x", "y", "width", "height"))
        assert x >= 0
        assert y >= 0
        assert x + w <= width
        assert y + h <= height


def test_no_ids_are_shared():
    figures = [picture() for picture in PICTURES.values()]
    figures.append(diagrams.shapes("one to many"))
    ids = [name for figure in figures for name in re.findall(r'id="([^"]*)"', figure.svg)]
    assert len(ids) == len(set(ids))
    assert len({figure.alt for figure in figures}) == len(figures)


def test_shapes_are_the_five():
    drawn = texts(diagrams.shapes())
    for name, (use, _, _) in SHAPES.items():
        assert f"{name}: {use}" in drawn
    assert len(SHAPES) == 5


@pytest.mark.parametrize(
    ("name", "cells", "read", "written"),
    [
        ("one to one", 1, 1, 1),
        ("one to many", 4, 1, 4),
        ("many to one", 4, 4, 1),
        ("many to many, aligned", 4, 4, 4),
        ("many to many, unaligned", 8, 4, 4),
    ],
)
def test_each_shape_reads_and_writes_what_its_name_says(name, cells, read, written):
    figure = diagrams.shapes(name)
    colours = [node.get("stroke") for node in ET.fromstring(figure.svg).iter(SVG + "rect")]
    assert colours.count(GREEN) == read
    assert colours.count(BLUE) == cells + written
    assert time_arrows(figure) == cells - 1
    heads = figure.svg.count("marker-end") - time_arrows(figure)
    fed_back = written - 1 if "one to many" in name or "unaligned" in name else 0
    assert heads == read + written + fed_back
    assert figure.alt.count(" gives ") == 1
    assert ("reads what was said" in figure.alt) == bool(fed_back)


def test_residual_adds_around_every_cell():
    figure = diagrams.structure("residual")
    drawn = texts(figure)
    assert drawn.count("cell") == drawn.count("+") == 6
    assert figure.svg.count("<polyline") == 6
    assert time_arrows(figure) == 4
    assert "goes around it and is added" in figure.alt.replace("also ", "")


def test_tree_has_a_forget_gate_for_each_child():
    figure = diagrams.structure("tree-structured")
    drawn = texts(figure)
    assert drawn.count("cell") == 5
    assert drawn.count("f") == time_arrows(figure) == 4
    assert {"un", "read", "able", "readable", "unreadable", "y"} <= set(drawn)
    assert "forget gate" in figure.alt


def test_structures_that_others_draw_are_not_drawn_again():
    with pytest.raises(KeyError):
        diagrams.structure("bidirectional")


def test_every_cell_has_a_name_and_a_year_and_hangs_from_one_that_is_there():
    assert len({cell.label for cell in CELLS.values()}) == len(CELLS)
    assert all(1986 <= cell.year <= 2025 for cell in CELLS.values())
    for name, cell in CELLS.items():
        path = [name]
        while parent := CELLS[path[-1]].parent:
            assert parent not in path
            path.append(parent)
        assert path[-1] == "elman", cell.title


def test_family_tree_names_each_cell_and_its_change():
    figure = diagrams.family_tree()
    drawn = texts(figure)
    for cell in CELLS.values():
        assert drawn.count(cell.label) == 1
        if cell.parent:
            assert drawn.count(cell.note) == 1
            assert f"{cell.label} from {CELLS[cell.parent].label}: {cell.note}" in figure.alt
    assert figure.svg.count("<line") == 2 * (len(CELLS) - 1)


@pytest.mark.parametrize("picture", [diagrams.family_tree, diagrams.time_line])
def test_linear_cells_have_a_colour_of_their_own(picture):
    colours = boxes(picture())
    for cell in CELLS.values():
        assert colours[cell.label] == (GREEN if cell.linear else BLUE)


def test_time_line_holds_every_cell_and_structure_in_its_year():
    figure = diagrams.time_line()
    drawn, colours = texts(figure), boxes(figure)
    years = sorted({cell.year for cell in CELLS.values()} | set(STRUCTURES.values()))
    assert [int(text) for text in drawn if re.fullmatch(r"\d{4}", text)] == years
    born = {cell.label: cell.year for cell in CELLS.values()} | STRUCTURES
    for label, year in born.items():
        assert drawn.count(label) == 1
        match = re.search(rf"{year}: ([^;]*)", figure.alt)
        assert match
        assert label in match.group(1).rstrip(".").split(", ")
    assert all(colours[label] == PURPLE for label in STRUCTURES)
    assert figure.svg.count(f'stroke="{ORANGE}"') == len(years) + 1
    assert drawn[-1] != "today"
    assert "today" in drawn


def test_time_runs_down():
    """A later year stands lower, and the farther the longer the gap."""
    root = ET.fromstring(diagrams.time_line().svg)
    places = {
        int(node.text): float(node.get("y", "0"))
        for node in root.iter(SVG + "text")
        if re.fullmatch(r"\d{4}", node.text or "")
    }
    assert list(places.values()) == sorted(places.values())
    assert places[2014] - places[2001] > places[2001] - places[2000]


def test_key_shows_each_kind_of_part():
    figure = diagrams.circuit_key()
    assert figure.svg.count('stroke-width="3"') == 1
    assert time_arrows(figure) == 1
    for word in ("pill", "box", "square", "circle", "heavy outline", "dot"):
        assert word in figure.alt
