"""The cells that are linear in their state."""

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
    gate,
    line,
    matrix,
    plus,
    sigmoid,
    times,
    wire,
)

GAMMA = "\u03b3"
READ = (  # C times the state, plus what bypasses it, through gelu
    wire("add", "C", at=(D, LINE)),
    wire("C", "sum"),
    wire("D", "sum"),
    wire("sum", "out", (EXIT, LOW)),
    wire("out", "y"),
)

LRU = Circuit(
    flow="Each number of the complex state is multiplied by its own λ, of absolute value below "
    "one; a matrix product B of the input, times gamma, is added. The output is gelu of the real "
    "part of C times the new state plus D times the input.",
    change="no function on the state's line: a product with the vector λ stands there instead of U "
    "and tanh, the state is complex, and the function comes after it, on the way out.",
    nodes={
        "λ": times(A, LINE, "λ"),
        "B": matrix("B", C),
        GAMMA: times(C, (HIGH + LOW) / 2, GAMMA, beside=(-20, 0)),
        "add": plus(C, LINE),
        "C": matrix("C", D, HIGH),
        "D": matrix("D", D),
        "sum": plus(D, LOW),
        "out": gate("gelu", EXIT + 4, HIGH, width=40),
    },
    wires=(
        *line("s0", "λ", "add", "s1"),
        wire("B", GAMMA),
        wire(GAMMA, "add"),
        *READ,
    ),
    states={"s": LINE},
    buses={"x": ("B", "D")},
    **SHORT,
    output="yₜ",
    new=("λ", GAMMA, "add", "C", "D", "sum", "out"),
)

S4D = Circuit(
    flow="A matrix product W of the input gives the channels u. Each channel has complex numbers s "
    "of its own, which are multiplied by the exponential of the step size Δ times A; B times the "
    "channel is added. The output is gelu of twice the real part of C times the state plus D times "
    "the channel.",
    change="each channel has a state of several numbers, and the factor on the line comes from a "
    "step size Δ and a matrix A of a differential equation, as does B.",
    nodes={
        "u": matrix("W", (B + C) / 2, INPUT - 38, "u", beside=(26, -6)),
        "λ": times(A, LINE, "exp(ΔA)"),
        "B": times(C, (HIGH + LOW) / 2, "B", beside=(-20, 0)),
        "add": plus(C, LINE),
        "C": matrix("C", D, HIGH),
        "D": times(D, GATES, "D", beside=(-20, 0)),
        "sum": plus(D, LOW),
        "out": gate("gelu", EXIT + 4, HIGH, width=40),
    },
    wires=(
        *line("s0", "λ", "add", "s1"),
        wire("B", "add"),
        wire("x", "u"),
        *READ,
    ),
    states={"s": LINE},
    buses={"u": ("B", "D")},
    lower=-36,
    output="yₜ",
    new=("u", "λ", "B"),
    bottom=INPUT + 8,
)

SELECTIVE = Circuit(
    flow="The input gives the step size Δ through softplus, and by matrix products B, the channels "
    "u and C. The state is multiplied by the exponential of Δ times A, and the product of B, u and "
    "Δ is added. The output is C times the new state plus a number D times u.",
    change="the step size Δ, B and C are made from the input at each step and no longer fixed, so "
    "that the input decides what is kept; the state is real and no function stands behind it.",
    nodes={
        "dt": gate("softplus", A, name="Δ", beside=(12, -26)),
        "B": matrix("W", B, name="B", beside=(23, 0)),
        "u": matrix("W", C, name="u", beside=(23, 0)),
        "C": matrix("W", D, name="C", beside=(23, 0)),
        "decay": gate("exp(ΔA)", A, HIGH),
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "write": times(C, HIGH),
        "in": times(C, LOW),
        "read": times(D, HIGH),
        "D": times(EXIT, LOW, "D", beside=(20, 0)),
        "sum": plus(EXIT, HIGH),
    },
    wires=(
        *line("s0", "keep", "add", "s1"),
        wire("dt", "decay"),
        wire("decay", "keep"),
        wire("dt", "write", (188, 154), (188, HIGH), at=(A, 154)),
        wire("B", "in", (B, LOW)),
        wire("u", "in"),
        wire("in", "write"),
        wire("write", "add"),
        wire("add", "read", at=(D, LINE)),
        wire("C", "read"),
        wire("read", "sum"),
        wire("u", "D", (EXIT, 198), at=(C, 198)),
        wire("D", "sum"),
        wire("sum", "y"),
    ),
    states={"s": LINE},
    buses={"x": ("dt", "B", "u", "C")},
    **SHORT,
    output="yₜ",
    new=("dt", "B", "C", "decay", "write"),
)

RG_LRU = Circuit(
    flow="The recurrence gate r and the input gate i see only the input. The factor a is the "
    "exponential of minus k times r, with a learnt k for each unit. The state is multiplied by a; "
    "the input's matrix product u, times i, times the root of one minus a squared, is added. The "
    "new state is the output.",
    change="the factor on the line is real and set by the gate r at each step, a second gate i "
    "stands before the input, and the root keeps the state's size.",
    nodes={
        "r": sigmoid("r", A),
        "i": sigmoid("i", B),
        "u": matrix("W", C, name="u"),
        "a": gate("exp(−kr)", A, LOW, "a"),  # noqa: RUF001
        "root": gate("√(1−a²)", B, HIGH, width=70),  # noqa: RUF001
        "keep": times(A, LINE),
        "add": plus(C, LINE),
        "write": times(C, HIGH),
        "in": times(C, LOW),
    },
    wires=(
        *line("h0", "keep", "add", "h1"),
        wire("r", "a"),
        wire("a", "keep"),
        wire("a", "root", at=(A, HIGH)),
        wire("root", "write"),
        wire("i", "in", (B, LOW)),
        wire("u", "in"),
        wire("in", "write"),
        wire("write", "add"),
        wire("add", "y", at=(EXIT, LINE)),
    ),
    buses={"x": ("r", "i", "u")},
    **SHORT,
    new=("r", "i", "a", "root", "in"),
)

CIRCUITS = {"lru": LRU, "s4d": S4D, "selective-ssm": SELECTIVE, "rg-lru": RG_LRU}
