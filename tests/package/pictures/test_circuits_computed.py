"""Each drawn cell, computed node by node, gives what the layer in NumPy gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from drawn_cells import Drawn, Rules, gelu
from unrolled.numpy.cells import CELLS, Array, Recurrent, sigmoid
from unrolled.pictures.diagrams.circuits import CIRCUITS
from unrolled.pictures.diagrams.circuits.state_space import GAMMA

H, D = 8, 5


@dataclass
class Case:
    """How a drawing's numbers stand for those of the layer.

    Args:
        state: the symbols that the drawing uses for the arrays of the layer's state, in order.
        constants: the numbers beside operators.
        rules: nodes that do something of their own.
        complex_state: the layer's state is the real and the imaginary part of the drawing's.
    """

    state: tuple[str, ...] = ("h",)
    constants: dict[str, Array] = field(default_factory=dict)
    rules: Rules = field(default_factory=dict)
    complex_state: bool = False

    def named(self, state: Sequence[Array]) -> dict[str, Array]:
        """The arrays of a layer's state, by the symbol of the drawing."""
        if self.complex_state:
            state = [state[0] + 1j * state[1]]
        return dict(zip(self.state, state, strict=True))


def pair(value: Array) -> Array:
    """A vector with ones beside it, as one array."""
    return np.stack([value, np.ones_like(value)])


def jordan(cell, p):
    rules = {"U": lambda v: p["U"] @ v["y0"], "out": lambda v: np.tanh(v["V"] + p["c"])}
    return Case(("y",), rules=rules)


def orthogonal(cell, p):
    def modrelu(inputs):
        a = sum(inputs.values())
        return np.sign(a) * np.maximum(np.abs(a) + p["b"], 0)

    return Case(rules={"Q": lambda v: cell.Q @ v["h0"], "": modrelu})


def highway(cell, p):
    return Case(
        rules={
            "z2": lambda v: sigmoid(p["U_z2"] @ v["add1"] + p["b_z2"]),
            "n2": lambda v: np.tanh(p["U_n2"] @ v["add1"] + p["b_n2"]),
        }
    )


def minlstm(cell, p):
    return Case(
        rules={
            "share": lambda v: np.stack([v["f"], v["i"]]) / (v["f"] + v["i"]),
            "keep": lambda v: v["share"][0] * v["h0"],
            "write": lambda v: v["share"][1] * v["n"],
        }
    )


def stack(cell, p):
    def mix(v):
        s, zero = v["s0"], np.zeros((1, cell.width))
        pushed = np.concatenate([v["push"][None], s[:-1]])
        popped = np.concatenate([s[1:], zero])
        return v["act"][0] * pushed + v["act"][1] * popped + v["act"][2] * s

    return Case(
        ("h", "s"),
        rules={
            "P": lambda v: p["P"] @ v["s0"][0],
            "act": lambda v: cell.actions(v[""]),
            "push": lambda v: sigmoid(p["E"] @ v[""] + p["c_p"]),
            "mix": mix,
        },
    )


def lru(cell, p):
    turn = np.exp(-np.exp(p["nu"]) + 1j * np.exp(p["theta"]))
    rules = {
        "B": lambda v: (p["B_re"] + 1j * p["B_im"]) @ v["x"],
        "C": lambda v: ((p["C_re"] + 1j * p["C_im"]) @ v["add"]).real,
        "out": lambda v: gelu(v["sum"] + p["b"]),
    }
    return Case(("s",), {"λ": turn, GAMMA: p["gamma"]}, rules, complex_state=True)


def s4d(cell, p):
    A, C = -np.exp(p["a_re"]) + 1j * p["a_im"], p["C_re"] + 1j * p["C_im"]
    turn = np.exp(np.exp(p["log_dt"])[:, None] * A)
    rules = {
        "B": lambda v: (turn - 1) / A * v["u"][:, None],
        "C": lambda v: 2 * (C * v["add"]).sum(axis=-1).real,
    }
    return Case(("s",), {"λ": turn, "D": p["D"]}, rules, complex_state=True)


def selective(cell, p):
    rules = {
        "decay": lambda v: np.exp(-v["dt"][:, None] * np.exp(p["A_log"])),
        "in": lambda v: np.outer(v["u"], v["B"]),
        "write": lambda v: v["dt"][:, None] * v["in"],
        "read": lambda v: v["add"] @ v["C"],
    }
    return Case(("s",), {"D": p["D"]}, rules)


def rg_lru(cell, p):
    return Case(
        rules={
            "a": lambda v: np.exp(-8 * np.logaddexp(0, p["Lambda"]) * v["r"]),
            "root": lambda v: np.sqrt(1 - v["a"] ** 2),
        }
    )


CASES = {
    "elman": lambda cell, p: Case(),
    "jordan": jordan,
    "indrnn": lambda cell, p: Case(constants={"u": p["u"]}),
    "orthogonal": orthogonal,
    "echo-state": lambda cell, p: Case(),
    "lstm": lambda cell, p: Case(("h", "c")),
    "peephole": lambda cell, p: Case(("h", "c"), {f"p_{g}": p[f"p_{g}"] for g in "ifo"}),
    "coupled": lambda cell, p: Case(("h", "c")),
    "gru": lambda cell, p: Case(),
    "gru-before": lambda cell, p: Case(),
    "mgu": lambda cell, p: Case(),
    "rhn": highway,
    "sru": lambda cell, p: Case(("c",), {"v_f": p["v_f"], "v_r": p["v_r"]}),
    "qrnn": lambda cell, p: Case(("c", "x")),
    "mingru": lambda cell, p: Case(),
    "minlstm": minlstm,
    "lru": lru,
    "s4d": s4d,
    "selective-ssm": selective,
    "rg-lru": rg_lru,
    "stack-augmented": stack,
}
APART = {"clockwork", "rwkv", "slstm", "mlstm"}  # tested by themselves below


def random_layer(name: str) -> tuple[Recurrent, np.random.Generator]:
    """All parameters drawn anew, but for the second biases of the GRU, which are not drawn."""
    rng = np.random.default_rng(3)
    layer = CELLS[name](D, H, rng)
    for symbol, value in layer.parameters.items():
        if not symbol.startswith("bh"):
            layer.parameters[symbol] = value + 0.3 * rng.standard_normal(value.shape)
    return layer, rng


def test_every_cell_is_computed():
    assert CASES.keys() | APART == CELLS.keys() == CIRCUITS.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_drawing_computes_the_cell(name):
    layer, rng = random_layer(name)
    case = CASES[name](layer, layer.parameters)
    x, state = rng.standard_normal(D), [rng.standard_normal(s) for s in layer.state_shapes]
    before = {f"{symbol}0": value for symbol, value in case.named(state).items()}
    drawn = Drawn(name, layer, case.constants, case.rules)(x=x, **before)
    y, after = layer.step(x[None], tuple(value[None] for value in state))
    assert np.allclose(drawn["y"], y[0], rtol=1e-10)
    for symbol, value in case.named([array[0] for array in after]).items():
        if symbol != "x":  # the input before is drawn as an input
            assert np.allclose(drawn[f"{symbol}1"], value, rtol=1e-10)


def test_the_drawing_computes_the_clockwork():
    layer, rng = random_layer("clockwork")
    masked = layer.parameters["U"] * (layer.period >= layer.period[:, None])
    rules = {
        "U": lambda v: masked @ v["h0"],
        "due": lambda v: np.where(4 % layer.period == 0, v[""], v["h0"]),
    }
    x, h = rng.standard_normal(D), rng.standard_normal(H)
    drawn = Drawn("clockwork", layer, {}, rules)(x=x, h0=h)
    y, _ = layer.step(x[None], (h[None], np.array([[4.0]])))
    assert np.allclose(drawn["h1"], y[0], rtol=1e-10)
    assert np.allclose(drawn["h1"][-2:], h[-2:])  # the slowest are not due at step 4


def test_the_drawing_computes_rwkv():
    layer, rng = random_layer("rwkv")
    p = layer.parameters

    def seen(gate):
        mu = p[f"mu_{gate}"]
        return lambda v: p[f"W_{gate}"] @ (mu * v["x"] + (1 - mu) * v["x0"])

    constants = {"keep": np.exp(-np.exp(p["w_log"])), "bonus": np.exp(p["u"])}
    rules = {
        "k": seen("k"),
        "v": lambda v: pair(seen("v")(v)),
        "r": lambda v: sigmoid(seen("r")(v)),
        "mean": lambda v: v["both"][0] / v["both"][1],
        "W_y": lambda v: p["W_y"] @ v["show"],
    }
    x, x0 = rng.standard_normal((2, D))
    sums = rng.uniform(0.5, 2, (2, H))
    drawn = Drawn("rwkv", layer, constants, rules)(x=x, x0=x0, s0=sums)
    y, after = layer.step(x[None], (x0[None], sums[:1], sums[1:], np.zeros((1, H))))
    assert np.allclose(drawn["y"], y[0], rtol=1e-10)
    assert np.allclose(drawn["s1"], np.concatenate(after[1:3]) * np.exp(after[3]), rtol=1e-10)


def test_the_drawing_computes_slstm():
    layer, rng = random_layer("slstm")
    p = layer.parameters
    rules = {
        "z": lambda v: pair(np.tanh(p["W_z"] @ v["x"] + p["U_z"] @ v["h0"] + p["b_z"])),
        "scale": lambda v: np.stack([v["f"], v["i"]]) / np.maximum(v["f"], v["i"]),
        "keep": lambda v: v["scale"][0] * v["s0"],
        "write": lambda v: v["scale"][1] * v["z"],
        "mean": lambda v: v["add"][0] / v["add"][1],
    }
    x, h = rng.standard_normal(D), rng.standard_normal(H)
    s = rng.uniform(0.5, 2, (2, H))
    drawn = Drawn("slstm", layer, {}, rules)(x=x, h0=h, s0=s)
    y, (_, c, n, _) = layer.step(x[None], (h[None], s[:1], s[1:], np.zeros((1, H))))
    assert np.allclose(drawn["y"], y[0], rtol=1e-10)
    assert np.allclose(drawn["s1"], np.concatenate([c, n]), rtol=1e-10)


def test_the_drawing_computes_mlstm():
    layer, rng = random_layer("mlstm")
    p = layer.parameters
    x, C, n = rng.standard_normal(D), rng.standard_normal((H, H)), rng.standard_normal(H)
    f, i = sigmoid(p["w_f"] @ x + p["b_f"]), np.exp(p["w_i"] @ x + p["b_i"])
    scale = max(f[0], i[0], 1.0)  # exp(m), where m was 0
    rules = {
        "f": lambda v: f,
        "i": lambda v: i,
        "k": lambda v: (p["W_k"] @ v["x"] + p["b_k"]) / np.sqrt(H),
        "v": lambda v: np.append(p["W_v"] @ v["x"] + p["b_v"], 1),
        "scale": lambda v: np.concatenate([v["f"], v["i"]]) / scale,
        "keep": lambda v: v["scale"][0] * v["s0"],
        "outer": lambda v: np.outer(v["v"], v["k"]),
        "write": lambda v: v["scale"][1] * v["outer"],
        "ask": lambda v: v["add"] @ v["q"],
        "mean": lambda v: v["ask"][:-1] / max(abs(v["ask"][-1]), 1 / scale),
    }
    drawn = Drawn("mlstm", layer, {}, rules)(x=x, s0=np.vstack([C, n]))
    y, (C_t, n_t, _) = layer.step(x[None], (C[None], n[None], np.zeros((1, 1))))
    assert np.allclose(drawn["y"], y[0], rtol=1e-10)
    assert np.allclose(drawn["s1"], np.concatenate([C_t[0], n_t]), rtol=1e-10)
