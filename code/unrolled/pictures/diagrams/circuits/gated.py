"""The cells whose gates see the input and the state."""

from dataclasses import replace

from unrolled.pictures.diagrams.circuits.parts import (
    EXIT,
    GATES,
    HIGH,
    LINE,
    LOW,
    PREVIOUS,
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
    plus,
    rest,
    sigmoid,
    times,
    wire,
)

LAST = 288  # the last column of the recurrent highway
PEEP = 308  # the last column of the peephole LSTM

LSTM = Circuit(
    flow="All four boxes see the input and the output before the step. The forget gate f "
    "multiplies the memory c, the product of the input gate i and the candidate g is added to it, "
    "and tanh of the new memory times the output gate o is the output h.",
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
)

GRU = Circuit(
    flow="The update gate z and the reset gate r see the input and the state h. The state's "
    "product with U is multiplied by r and goes, with the input, through tanh: the candidate n. "
    "The new state, which is also the output, is z times the old one plus one minus z times n.",
    change="a reset gate inside the candidate, and an update gate that mixes the old state with "
    "the candidate instead of replacing it.",
    nodes={
        "z": sigmoid("z", A),
        "r": sigmoid("r", B),
        "n": gate("tanh", C, LOW, "n", beside=(33, 0)),
        "reset": times(C, GATES),
        "U": matrix("U", C, 264),
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
        wire("add", "y", at=(EXIT, LINE)),
    ),
    buses={"x": ("z", "r", ("n", 17)), "h0": ("z", "r", "U")},
    new=("z", "r", "reset", "keep", "add", "rest", "write"),
    against="elman",
)

PEEPHOLE = replace(
    LSTM,
    flow="Gates f, i and o and candidate g see the input and the output before the step, as in the "
    "LSTM: f keeps of the memory, i takes in of g, o shows tanh of the new memory. The memory "
    "before the step, times a number p for each unit, also goes into i and f, and the new memory, "
    "times another p, into o.",
    change="three peepholes, products with the vectors p, from the memory to the three gates; i "
    "and f see the old memory, o the new one.",
    nodes={
        "f": sigmoid("f", A, width=38),
        "i": sigmoid("i", 164, width=38),
        "g": gate("tanh", C, name="g", width=38),
        "o": sigmoid("o", PEEP, width=38),
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "write": times(C, HIGH),
        "squash": gate("tanh", PEEP, HIGH),
        "read": times(PEEP, LOW),
        "p_f": times(PREVIOUS, GATES, "p"),
        "p_i": times(122, GATES, "p"),
        "p_o": times(263, GATES, "p"),
    },
    wires=(
        *line("c0", "keep", "add", "c1"),
        held("c0", "p_f"),
        held("c0", "p_i", (122, 148), at=(PREVIOUS, 148)),
        held("add", "p_o", at=(263, LINE)),
        wire("p_f", "f"),
        wire("p_i", "i"),
        wire("p_o", "o"),
        wire("f", "keep"),
        wire("i", "write", (164, HIGH)),
        wire("g", "write"),
        wire("write", "add"),
        wire("add", "squash", at=(PEEP, LINE)),
        wire("squash", "read"),
        wire("o", "read"),
        held("read", "h1", (EXIT, LOW), (EXIT, STATE_BUS)),
        wire("read", "y", at=(EXIT, LOW)),
    ),
    new=("p_f", "p_i", "p_o"),
)

COUPLED = replace(
    LSTM,
    flow="The LSTM without an input gate: the forget gate f multiplies the memory, one minus f "
    "multiplies the candidate g, and their sum is the new memory; the output gate o shows tanh of "
    "it.",
    change="one minus the forget gate stands where the input gate was, so that the two sum to one.",
    nodes={**{k: v for k, v in LSTM.nodes.items() if k != "i"}, "rest": rest(B, HIGH)},
    wires=(
        *(w for w in LSTM.wires if w.source != "i"),
        wire("f", "rest", at=(A, HIGH)),
        wire("rest", "write"),
    ),
    buses={"x": ("f", "g", "o"), "h0": ("f", "g", "o")},
    new=("rest",),
)

GRU_BEFORE = replace(
    GRU,
    flow="The update gate z and the reset gate r see the input and the state h. The state is "
    "multiplied by r first; the product with U comes after that and goes, with the input, through "
    "tanh: the candidate n. The new state, which is also the output, is z times the old one plus "
    "one minus z times n.",
    change="the product with r stands before the matrix U and not behind it.",
    nodes={**GRU.nodes, "reset": times(C, 260), "U": matrix("U", C, GATES)},
    wires=(
        *(w for w in GRU.wires if {w.source, w.target}.isdisjoint({"reset", "U"})),
        wire("r", "reset", (196, GATES), (196, 260)),
        held("reset", "U"),
        held("U", "n"),
    ),
    buses={"x": ("z", "r", ("n", 17)), "h0": ("z", "r", "reset")},
    new=("reset",),
    against="",
)

MGU = replace(
    GRU,
    flow="One gate f sees the input and the state. It multiplies the state before the matrix U and "
    "tanh make the candidate n of it and of the input. The new state is one minus f times the old "
    "one plus f times n.",
    change="the gate f does the work of r and of one minus z.",
    nodes={
        "f": sigmoid("f", A),
        "n": GRU.nodes["n"],
        "reset": times(C, 260),
        "U": matrix("U", C, GATES),
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "rest": rest(A, HIGH),
        "write": times(C, HIGH),
    },
    wires=(
        *line("h0", "keep", "add", "h1"),
        wire("f", "rest"),
        wire("rest", "keep"),
        wire("f", "write", (B, LOW), (B, HIGH), at=(A, LOW)),
        wire("f", "reset", (B, GATES), (B, 260)),
        held("reset", "U"),
        held("U", "n"),
        wire("n", "write"),
        wire("write", "add"),
        wire("add", "y", at=(EXIT, LINE)),
    ),
    buses={"x": ("f", ("n", 17)), "h0": ("f", "reset")},
    new=("f", "rest"),
    against="",
)

RHN = Circuit(
    flow="Two levels, one after the other, on the state's line. In each a gate z and a candidate n "
    "are made from the state that comes in, and the state that goes on is z times n plus one minus "
    "z times the one that came in. Only the first level sees the input; the second one is fed by "
    "the state s between them.",
    change="no reset gate, and a second level of gate and candidate within the same time step.",
    nodes={
        "z1": sigmoid("z", A),
        "n1": gate("tanh", 150, name="n"),
        "z2": sigmoid("z", 226),
        "n2": gate("tanh", LAST, name="n"),
        "keep1": times(A, LINE),
        "add1": plus(150, LINE, "s", beside=(38, -15)),
        "rest1": rest(A, HIGH),
        "write1": times(150, HIGH),
        "keep2": times(226, LINE),
        "add2": plus(LAST, LINE),
        "rest2": rest(226, HIGH),
        "write2": times(LAST, HIGH),
    },
    wires=(
        *line("h0", "keep1", "add1", "keep2", "add2", "h1"),
        wire("z1", "rest1"),
        wire("rest1", "keep1"),
        wire("z1", "write1", (118, LOW), (118, HIGH), at=(A, LOW)),
        wire("n1", "write1"),
        wire("write1", "add1"),
        held("add1", "z2", (188, STATE_BUS), (226, STATE_BUS), at=(188, LINE)),
        held("add1", "n2", (LAST, STATE_BUS), at=(226, STATE_BUS)),
        wire("z2", "rest2"),
        wire("rest2", "keep2"),
        wire("z2", "write2", (256, LOW), (256, HIGH), at=(226, LOW)),
        wire("n2", "write2"),
        wire("write2", "add2"),
        wire("add2", "y", at=(EXIT, LINE)),
    ),
    buses={"x": ("z1", "n1"), "h0": ("z1", "n1")},
    new=("z2", "n2", "keep2", "add2", "rest2", "write2"),
    entrance=110,
)

CIRCUITS = {
    "lstm": LSTM,
    "peephole": PEEPHOLE,
    "coupled": COUPLED,
    "gru": GRU,
    "gru-before": GRU_BEFORE,
    "mgu": MGU,
    "rhn": RHN,
}
