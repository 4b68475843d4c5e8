"""The inside of every cell: that it computes the cell, and that it can be read."""

import re
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise

import pytest
from drawn_cells import DRAWINGS
from figure_parts import SVG
from unrolled.cells import CELLS
from unrolled.pictures.diagrams import circuit
from unrolled.pictures.diagrams.circuits import CIRCUITS
from unrolled.pictures.diagrams.circuits.parts import REST, SIGMA, TIMES, Node, wire
from unrolled.pictures.diagrams.circuits.wiring import Board

NAMES = tuple(CELLS)
SIGNS = (TIMES, "+", REST, "÷", "⊗")


def test_all_cells_are_drawn_and_no_others():
    assert list(CIRCUITS) == list(DRAWINGS) == list(CELLS)


def labels(name: str, kind: str) -> list[str]:
    return [node.label for node in CIRCUITS[name].all_nodes.values() if node.kind == kind]


@pytest.mark.parametrize("name", NAMES)
def test_functions_are_those_of_the_equation(name):
    drawn = [
        label.replace(SIGMA, "s").replace(" ", "").replace("\u2212", "-")
        for label in labels(name, "gate")
    ]
    assert sorted(drawn) == sorted(DRAWINGS[name].functions.split())


@pytest.mark.parametrize("name", NAMES)
def test_operators_are_those_of_the_equation(name):
    drawn = labels(name, "operator")
    assert tuple(drawn.count(sign) for sign in SIGNS) == DRAWINGS[name].operators
    assert len(drawn) == sum(DRAWINGS[name].operators)


def onward(name: str, start: str) -> set[str]:
    """All nodes that a node reaches within the step."""
    reached, edges = {start}, CIRCUITS[name].edges
    while new := {b for a, b in edges if a in reached} - reached:
        reached |= new
    return reached


def back(name: str, end: str) -> set[str]:
    """All nodes that reach a node within the step."""
    reached, edges = {end}, CIRCUITS[name].edges
    while new := {a for a, b in edges if b in reached} - reached:
        reached |= new
    return reached


@pytest.mark.parametrize("name", NAMES)
def test_only_a_linear_cell_has_no_function_between_its_states(name):
    """On no way from a state before the step to a state after it."""
    nodes, symbols = CIRCUITS[name].all_nodes, CIRCUITS[name].states
    between = set().union(
        *(onward(name, f"{a}0") & back(name, f"{b}1") for a in symbols for b in symbols)
    )
    functions = {node for node in between if nodes[node].kind == "gate"}
    assert bool(functions) == (not CELLS[name].linear)


@pytest.mark.parametrize("name", NAMES)
def test_every_node_is_on_a_way_from_the_inputs_to_an_end(name):
    drawn = CIRCUITS[name]
    sources, ends = {a for a, _ in drawn.edges}, {b for _, b in drawn.edges}
    for node, shape in drawn.all_nodes.items():
        start = shape.kind == "input" or node in {f"{s}0" for s in drawn.states}
        last = node in {"y", *(f"{s}1" for s in drawn.states)}
        assert (node in ends) != start
        assert (node in sources) != last


@pytest.mark.parametrize("name", NAMES)
def test_what_is_new_is_drawn_and_said(name):
    cell, drawn, figure = CELLS[name], CIRCUITS[name], circuit(name)
    assert set(drawn.new) <= drawn.all_nodes.keys()
    assert figure.svg.count('stroke-width="3"') == len(drawn.new)
    assert drawn.flow in figure.alt
    assert bool(drawn.new) == bool(cell.parent) == (name != "elman")
    if cell.parent:
        against = CELLS[drawn.against or cell.parent].full_title
        assert f"New against the {against}: {drawn.change}" in figure.alt


def test_words_differ_and_no_ids_are_shared():
    figures = [circuit(name) for name in NAMES]
    assert len({figure.alt for figure in figures}) == len(NAMES)
    assert len({cell.note for cell in CELLS.values()}) == len(NAMES)
    ids = [name for figure in figures for name in re.findall(r'id="([^"]*)"', figure.svg)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NAMES)
def test_alt_text_names_each_value(name):
    """Every gate's name, such as f, is a word of the alternative text."""
    named = {node.name for node in CIRCUITS[name].nodes.values() if node.kind == "gate"}
    for symbol in {symbol for symbol in named if re.fullmatch("[a-zΔ]", symbol)}:
        assert re.search(rf"\b{symbol}\b", circuit(name).alt), symbol


def test_a_slanted_wire_is_refused():
    nodes = {"a": Node("gate", SIGMA, 50, 50), "b": Node("gate", SIGMA, 150, 90)}
    board = Board(200, 200)
    with pytest.raises(ValueError, match="not level"):
        board.wire(wire("a", "b"), nodes, 1)
    with pytest.raises(ValueError, match="a to b is slanted"):
        board.wire(wire("a", "b", (100, 50), (120, 90)), nodes, 1)
    board.wire(wire("a", "b", (100, 50), (100, 90)), nodes, 1)


Box = tuple[float, float, float, float]


def number(node: ET.Element, *names: str) -> list[float]:
    return [float(node.get(name, "0")) for name in names]


def geometry(svg: str) -> tuple[list[Box], list[Box], list[Box]]:
    """Shapes, words and segments of wires, as left, top, right, bottom."""
    root = ET.fromstring(svg)
    shapes, words, segments = [], [], []
    for node in root.iter(SVG + "rect"):
        if node.get("stroke-width") != "3":  # the outline around what is new
            x, y, w, h = number(node, "x", "y", "width", "height")
            shapes.append((x, y, x + w, y + h))
    for node in root.iter(SVG + "circle"):
        x, y, r = number(node, "cx", "cy", "r")
        if r > 5:
            shapes.append((x - r, y - r, x + r, y + r))
    for node in root.iter(SVG + "text"):
        x, y, size = number(node, "x", "y", "font-size")
        width = 0.55 * size * len(node.text or "")
        left = x if node.get("text-anchor") == "start" else x - width / 2
        words.append((left, y - 0.35 * size, left + width, y + 0.35 * size))
    for node in root.iter(SVG + "polyline"):
        points = [tuple(map(float, p.split(","))) for p in (node.get("points") or "").split()]
        for (x1, y1), (x2, y2) in pairwise(points):
            segments.append((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)))
    return shapes, words, segments


def meet(a: Box, b: Box, room: float = 0) -> bool:
    """Whether two boxes come closer than `room` (if negative, how far they must overlap)."""
    return a[0] - room < b[2] and b[0] - room < a[2] and a[1] - room < b[3] and b[1] - room < a[3]


def inside(a: Box, b: Box) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_overlaps(name):
    figure = circuit(name)
    shapes, words, segments = geometry(figure.svg)
    assert segments
    for a, b in combinations(shapes, 2):
        assert not meet(a, b, 1), (a, b)
    for segment in segments:
        for shape in shapes:
            assert not meet(segment, shape, -1), (segment, shape)
    for word in words:
        around = [shape for shape in shapes if meet(word, shape)]
        assert len(around) <= 1
        assert all(inside(word, shape) for shape in around), word
        if not around:
            assert not [segment for segment in segments if meet(word, segment, 1)], word
    for a, b in combinations(words, 2):
        assert not meet(a, b, 2)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_legible_on_a_phone(name):
    root = ET.fromstring(circuit(name).svg)
    _, _, width, height = map(float, (root.get("viewBox") or "").split())
    shown = min(1.0, 358 / width)  # a page of 390 pixels leaves 358
    for node in root.iter(SVG + "text"):
        size, label = number(node, "font-size")[0], node.text or ""
        assert size * shown >= 12, label
    shapes, words, segments = geometry(circuit(name).svg)
    for box in (*shapes, *words, *segments):
        assert inside(box, (0, 0, width, height))
