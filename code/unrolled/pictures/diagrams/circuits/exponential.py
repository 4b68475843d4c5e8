"""The cells with exponential gates, or with sums that fall off exponentially."""

from dataclasses import replace

from unrolled.pictures.diagrams.circuits.gated import LSTM
from unrolled.pictures.diagrams.circuits.parts import (
    EXIT,
    GATES,
    HIGH,
    LINE,
    LOW,
    PREVIOUS,
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
    operator,
    plus,
    sigmoid,
    times,
    wire,
)

DOWN = 72  # RWKV needs a row above its line
ABOVE = LINE + DOWN - 48

RWKV = Circuit(
    flow="The matrix products k, v and r see a mix of this input and the one before it. The "
    "state s, a pair of sums, is multiplied by the exponential of minus w, and the exponential of "
    "k, times v for the numerator and times one for the denominator, is added. For the output the "
    "state before the step plus this step's part, weighted by the exponential of u, is divided, "
    "numerator by denominator; the gate sigmoid of r multiplies it, and a last matrix gives y.",
    change="a weighted mean of all values v so far stands in place of U and tanh: no function on "
    "the state's line, a fixed rate of fading for each unit, exponential weights, and a bonus u "
    "for the present step.",
    nodes={
        "x0": Node("input", "xₜ₋₁", 48, 348 + DOWN),
        "k": matrix("W", 128, GATES + DOWN, "k"),
        "v": matrix("W", 186, GATES + DOWN, "v, 1", beside=(22, -26)),
        "r": gate("σ", 306, GATES + DOWN, "r"),  # noqa: RUF001
        "exp": gate("exp", 128, LOW + DOWN, width=42),
        "keep": times(A, LINE + DOWN, "exp(−w)"),  # noqa: RUF001
        "write": times(186, HIGH + DOWN),
        "add": plus(186, LINE + DOWN),
        "bonus": times(228, HIGH + DOWN, "exp(u)", beside=(6, 22)),
        "both": plus(228, ABOVE),
        "mean": operator("÷", 266, ABOVE, "num/den", beside=(-6, -22)),
        "show": times(306, ABOVE),
        "W_y": matrix("W", EXIT, 62),
    },
    wires=(
        *line("s0", "keep", "add", "s1"),
        wire("k", "exp"),
        wire("exp", "write", (128, HIGH + DOWN)),
        wire("v", "write"),
        wire("write", "add"),
        wire("write", "bonus"),
        wire("bonus", "both"),
        held("s0", "both", (PREVIOUS, ABOVE)),
        wire("both", "mean"),
        wire("mean", "show"),
        wire("r", "show"),
        wire("show", "W_y", (EXIT, ABOVE)),
        wire("W_y", "y"),
    ),
    states={"s": LINE + DOWN},
    buses={"x": ("k", "v", "r"), "x0": ("k", "v", "r")},
    output="yₜ",
    new=("x0", "keep", "add", "exp", "write", "bonus", "both", "mean", "r", "show"),
    bottom=348 + DOWN,
    lower=DOWN,
    entrance=250,
)

SLSTM = replace(
    LSTM,
    flow="The LSTM with an exponential in the input gate i and the forget gate f. Both are divided "
    "by the exponential of a running maximum m, which keeps them finite and does not change the "
    "result. The state s is a pair: the memory c takes in the candidate z, the normaliser n takes "
    "in one. The output is the output gate o times c divided by n.",
    change="exponential gates, their common maximum m, and a normaliser n beside the memory, by "
    "which it is divided where tanh was.",
    nodes={
        **{k: v for k, v in LSTM.nodes.items() if k not in ("g", "squash")},
        "f": gate("exp", A, name="f"),
        "i": gate("exp", B, name="i"),
        "z": gate("tanh", C, name="z, 1", beside=(22, -26)),
        "scale": gate("÷ exp(m)", (A + B) / 2, LOW - 6, width=112),
        "mean": operator("÷", D, HIGH, "c/n", beside=(-24, 0)),
    },
    wires=(
        *line("s0", "keep", "add", "s1"),
        wire("f", "scale", (A, GATES - 20)),
        wire("i", "scale", (B, GATES - 20)),
        wire("scale", "keep", (A, HIGH)),
        wire("scale", "write", (B, HIGH)),
        wire("z", "write"),
        wire("write", "add"),
        wire("add", "mean", at=(D, LINE)),
        wire("mean", "read"),
        *LSTM.wires[-3:],
    ),
    states={"s": LINE, "h": LSTM.states["h"]},
    buses={"x": ("f", "i", "z", "o"), "h0": ("f", "i", "z", "o")},
    new=("f", "i", "scale", "mean"),
)

MLSTM = Circuit(
    flow="All that is made from the input alone: the forget gate f and the exponential input gate "
    "i, one number each and both divided by the exponential of a running maximum m; key k, value v "
    "and query q by matrix products; the output gate o. The state is multiplied by f, and i times "
    "the outer product of value and key is added, with a one beside the value for the normaliser "
    "n. The memory times the query is divided by the size of the normaliser times the query, by "
    "one at least before all is divided by the exponential of m, and multiplied by o.",
    change="the memory is a matrix, written by the outer product of value and key and read by a "
    "query; no gate sees a state, so that it is linear in its state.",
    nodes={
        "f": sigmoid("f", 80, width=40),
        "i": gate("exp", 132, name="i", width=40),
        "k": matrix("W", 182, name="k"),
        "v": matrix("W", 226, name="v, 1", beside=(21, -26)),
        "q": matrix("W", 270, name="q"),
        "o": sigmoid("o", 314, width=40),
        "scale": gate("÷ exp(m)", 106, LOW - 6, width=96),
        "keep": times(80, LINE),
        "add": plus(226, LINE),
        "write": times(226, HIGH),
        "outer": operator("⊗", 226, LOW),
        "ask": times(270, HIGH),
        "mean": operator("÷", 314, HIGH),
        "read": times(314, LOW),
    },
    wires=(
        *line("s0", "keep", "add", "s1"),
        wire("f", "scale", (80, GATES - 20)),
        wire("i", "scale", (132, GATES - 20)),
        wire("scale", "keep", (80, HIGH)),
        wire("scale", "write", (132, HIGH)),
        wire("k", "outer", (182, LOW)),
        wire("v", "outer"),
        wire("outer", "write"),
        wire("write", "add"),
        wire("add", "ask", at=(270, LINE)),
        wire("q", "ask"),
        wire("ask", "mean"),
        wire("mean", "read"),
        wire("o", "read"),
        wire("read", "y", (EXIT + 4, LOW)),
    ),
    states={"s": LINE},
    buses={"x": ("f", "i", "k", "v", "q", "o")},
    **SHORT,
    entrance=204,
    new=("k", "q", "outer", "ask"),
)

CIRCUITS = {"rwkv": RWKV, "slstm": SLSTM, "mlstm": MLSTM}
