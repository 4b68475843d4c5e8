"""The inside of every cell, drawn from one vocabulary with the same parts in the same places."""

from unrolled.diagrams.wiring import (
    EXIT,
    GATES,
    HIGH,
    LINE,
    LOW,
    STATE_BUS,
    A,
    B,
    C,
    Circuit,
    D,
    gate,
    held,
    line,
    matrix,
    picture,
    plus,
    rest,
    sigmoid,
    times,
    wire,
)
from unrolled.figures import Figure

LEAVE = (EXIT, LINE)  # where the output branches off the line

PLAIN = {
    "elman": Circuit(
        title="plain RNN (Elman)",
        parent="",
        note="plain RNN",
        flow="The state before the step goes through the matrix U, the input through the matrix W; "
        "tanh of their sum is the new state, which is also the output.",
        change="",
        nodes={
            "U": matrix("U", 112, LINE),
            "": gate("tanh", C, LINE),
            "W": matrix("W", C, 138),
        },
        wires=(*line("h0", "U", "", "h1"), wire("x", "W"), wire("W", ""), wire("", "y", at=LEAVE)),
        bottom=196,
        entrance=C,
    ),
}
GATED = {
    "lstm": Circuit(
        title="LSTM",
        parent="elman",
        note="three gates, a memory line c",
        flow="All four boxes see the input and the output before the step. The forget gate f "
        "multiplies the memory c, the product of the input gate i and the candidate g is added to "
        "it, and tanh of the new memory times the output gate o is the output h.",
        change="a memory line with no function on it, and three sigmoid gates that decide what it "
        "keeps, takes in and shows.",
        nodes={
            "f": sigmoid("f", A),
            "i": sigmoid("i", B),
            "g": gate("tanh", C, name="g"),
            "o": sigmoid("o", D),
            "keep": times(A, LINE),
            "add": plus(C, LINE),
            "write": times(C, HIGH),
            "squash": gate("tanh", D, HIGH),
            "read": times(D, LOW),
        },
        wires=(
            *line("c0", "keep", "add", "c1"),
            wire("f", "keep"),
            wire("i", "write", (B, HIGH)),
            wire("g", "write"),
            wire("write", "add"),
            wire("add", "squash", at=(D, LINE)),
            wire("squash", "read"),
            wire("o", "read"),
            held("read", "h1", (EXIT, LOW), (EXIT, STATE_BUS)),
            wire("read", "y", at=(EXIT, LOW)),
        ),
        states={"c": LINE, "h": STATE_BUS},
        buses={"x": ("f", "i", "g", "o"), "h0": ("f", "i", "g", "o")},
        new=("f", "i", "o", "keep", "add", "write", "squash", "read"),
    ),
    "gru": Circuit(
        title="GRU",
        parent="lstm",
        note="two gates on the state itself",
        flow="The update gate z and the reset gate r see the input and the state h. The state's "
        "product with U is multiplied by r and goes, with the input, through tanh: the candidate "
        "n. The new state is z times the old one plus one minus z times n.",
        change="a reset gate inside the candidate, and an update gate that mixes the old state "
        "with the candidate instead of replacing it.",
        nodes={
            "z": sigmoid("z", A),
            "r": sigmoid("r", B),
            "n": gate("tanh", C, LOW, name="n", beside=(33, 0)),
            "reset": times(C, GATES),
            "U": matrix("U", C, 260),
            "keep": times(A, LINE),
            "add": plus(C, LINE),
            "rest": rest(B, HIGH),
            "write": times(C, HIGH),
        },
        wires=(
            *line("h0", "keep", "add", "h1"),
            wire("z", "keep"),
            wire("z", "rest", at=(A, HIGH)),
            wire("rest", "write"),
            wire("r", "reset"),
            held("U", "reset"),
            held("reset", "n"),
            wire("n", "write"),
            wire("write", "add"),
            wire("add", "y", at=LEAVE),
        ),
        buses={"x": ("z", "r", ("n", 17)), "h0": ("z", "r", "U")},
        new=("z", "r", "reset", "keep", "add", "rest", "write"),
        against="elman",
    ),
}
CIRCUITS: dict[str, Circuit] = {**PLAIN, **GATED}


def circuit(name: str) -> Figure:
    """The inside of a cell.

    Args:
        name: of the cell, such as "lstm".
    """
    drawn = CIRCUITS[name]
    against = drawn.against or drawn.parent
    return picture(drawn, CIRCUITS[against].title if against else "")
