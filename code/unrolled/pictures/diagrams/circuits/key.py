"""What the parts of the drawings mean."""

from unrolled.pictures.diagrams.circuits.parts import SIGMA, TIMES, Kind, Node, held, wire
from unrolled.pictures.diagrams.circuits.wiring import Board
from unrolled.pictures.figures import Figure

ROWS: tuple[tuple[tuple[Kind, str], str], ...] = (
    (("state", "hₜ₋₁"), "a state, carried on by a thick line"),
    (("gate", SIGMA), "weights, sum, function: σ(Wx + Uh + b)"),  # noqa: RUF001
    (("matrix", "W"), "weights without a function"),
    (("operator", TIMES), "number by number: × + ÷, one minus"),  # noqa: RUF001
    (("operator", TIMES), "beside it: its own learnt numbers"),
    (("gate", SIGMA), "heavy outline: new in this cell"),
)
STEP, MIDDLE, WORDS = 44, 46, 92


def circuit_key() -> Figure:
    """The vocabulary of the drawings of cells."""
    board = Board(400, STEP * (len(ROWS) + 1) + 4)
    for row, ((kind, label), words) in enumerate(ROWS):
        y, own, new = 22 + STEP * row, "beside" in words, "heavy" in words
        node = Node(kind, label, MIDDLE, y, "u" if own else "", beside=(20, 0))
        board.node(node, new=new)
        board.text(WORDS, y, words, anchor="start")
    y = 22 + STEP * len(ROWS)
    ends = {
        "a": Node("matrix", "", 0, y),
        "b": Node("matrix", "", MIDDLE + 50, y),
        "c": Node("matrix", "", 22, y - 34),
    }
    board.wire(held("a", "b"), ends, 8)
    board.wire(wire("a", "c", at=(22, y)), ends, 4)
    board.path((62, y + 18), (62, y - 18))
    board.text(WORDS, y, "dot: a branch; without one, no contact", anchor="start")
    return board.figure(
        "The parts of the drawings. A pill is a state, and what carries it is a thick line. A "
        "rounded box is a learned map, weights times what reaches it, summed, with a bias, and its "
        "function, such as sigmoid. A square is a matrix product without a function. A circle is "
        "an operation, number by number; a letter beside it is a learnt number for each unit. A "
        "heavy outline marks what is new in the cell. A dot is a branch; lines that cross without "
        "a dot do not touch."
    )
