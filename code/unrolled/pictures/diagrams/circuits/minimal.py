"""The cells whose gates see only the input, or each unit's own memory."""

from unrolled.pictures.diagrams.circuits.parts import (
    EXIT,
    GATES,
    HIGH,
    INPUT,
    LINE,
    LOW,
    SHORT,
    A,
    B,
    C,
    Circuit,
    D,
    Node,
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

MIXED = (  # a gate scales what is kept, one minus it what is taken in
    wire("rest", "write"),
    wire("n", "write"),
    wire("write", "add"),
)

SRU = Circuit(
    flow="The forget gate f and the highway gate r see the input and, through the vectors v, each "
    "unit its own memory before the step. The memory is f times the old one plus one minus f times "
    "a matrix product of the input. The output is r times the memory plus one minus r times "
    "another matrix product of the input, the skip.",
    change="no matrix touches the state: it reaches the gates only number by number through v; the "
    "candidate has no function, and the output has a skip from the input.",
    nodes={
        "f": sigmoid("f", A),
        "n": matrix("W", B, name="n"),
        "r": sigmoid("r", 216),
        "s": matrix("W", 288),
        "v_f": times(A + 9, 262, "v", beside=(19, 0)),
        "v_r": times(225, 262, "v", beside=(19, 0)),
        "keep": times(A, LINE),
        "add": plus(B, LINE),
        "rest": rest(121, HIGH),
        "write": times(B, HIGH),
        "read": times(216, HIGH),
        "rest_r": rest(250, LOW),
        "skip": times(288, LOW),
        "join": plus(288, HIGH),
    },
    wires=(
        *line("c0", "keep", "add", "c1"),
        wire("f", "keep"),
        wire("f", "rest", at=(A, HIGH)),
        *MIXED,
        held("v_f", "f", (A + 9, 250)),
        held("v_r", "r", (225, 250)),
        wire("add", "read", at=(216, LINE)),
        wire("r", "read"),
        wire("r", "rest_r", at=(216, LOW)),
        wire("rest_r", "skip"),
        wire("s", "skip"),
        wire("skip", "join"),
        wire("read", "join"),
        wire("join", "y", (EXIT, HIGH)),
    ),
    states={"c": LINE},
    buses={"x": (("f", -12), "n", ("r", -12), "s"), "c0": ("v_f", "v_r")},
    new=("v_f", "v_r", "n", "s", "rest_r", "skip", "join"),
)

QRNN = Circuit(
    flow="The forget gate f, the candidate n with its tanh, and the output gate o see this input "
    "and the one before it, a convolution of width two. The memory is f times the old one plus one "
    "minus f times n, and the output is o times the memory.",
    change="the input before takes the place of the output before the step, so that no gate sees "
    "a state; and the memory is shown without tanh.",
    nodes={
        "x0": Node("input", "xₜ₋₁", 48, INPUT),
        "f": sigmoid("f", A),
        "n": gate("tanh", C, name="n"),
        "o": sigmoid("o", D),
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "rest": rest(B, HIGH),
        "write": times(C, HIGH),
        "read": times(D, HIGH),
    },
    wires=(
        *line("c0", "keep", "add", "c1"),
        wire("f", "keep"),
        wire("f", "rest", at=(A, HIGH)),
        *MIXED,
        wire("add", "read", at=(D, LINE)),
        wire("o", "read"),
        wire("read", "y", (EXIT, HIGH)),
    ),
    states={"c": LINE},
    buses={"x": ("f", "n", "o"), "x0": ("f", "n", "o")},
    new=("x0",),
)

MINGRU = Circuit(
    flow="The gate z sees only the input, and the candidate n is a matrix product of the input. "
    "The new state, which is also the output, is z times the old one plus one minus z times n.",
    change="no reset gate, no tanh, and no way from the state to the gate or to the candidate: "
    "what is left is linear in the state.",
    nodes={
        "z": sigmoid("z", A),
        "n": matrix("W", C, name="n"),
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "rest": rest(B, HIGH),
        "write": times(C, HIGH),
    },
    wires=(
        *line("h0", "keep", "add", "h1"),
        wire("z", "keep"),
        wire("z", "rest", at=(A, HIGH)),
        *MIXED,
        wire("add", "y", at=(EXIT, LINE)),
    ),
    buses={"x": ("z", "n")},
    **SHORT,
    new=("z", "n"),
)

MINLSTM = Circuit(
    flow="The forget gate f and the input gate i see only the input and are divided by their sum. "
    "The first multiplies the state, the second the candidate n, a matrix product of the input; "
    "their sum is the new state and the output.",
    change="gates and candidate that see only the input, a division that makes the two gates sum "
    "to one, and neither tanh nor an output gate.",
    nodes={
        "f": sigmoid("f", A),
        "i": sigmoid("i", B),
        "n": matrix("W", C, name="n"),
        "share": gate("÷ (f + i)", (A + B) / 2, LOW - 6, width=112),
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "write": times(C, HIGH),
    },
    wires=(
        *line("h0", "keep", "add", "h1"),
        wire("f", "share", (A, GATES - 20)),
        wire("i", "share", (B, GATES - 20)),
        wire("share", "keep", (A, HIGH)),
        wire("share", "write", (B, HIGH)),
        wire("n", "write"),
        wire("write", "add"),
        wire("add", "y", at=(EXIT, LINE)),
    ),
    buses={"x": ("f", "i", "n")},
    **SHORT,
    new=("f", "i", "n", "share"),
)

CIRCUITS = {"sru": SRU, "qrnn": QRNN, "mingru": MINGRU, "minlstm": MINLSTM}
