"""Each drawn cell, computed node by node, gives what the layer in NumPy gives."""

import numpy as np
import pytest
from drawn_cells import DRAWINGS, Drawn
from unrolled.numpy.cells import CELLS, Array, Recurrent, sigmoid
from unrolled.pictures.diagrams.circuits import CIRCUITS

H, D = 8, 5


def pair(value: Array) -> Array:
    """A vector with ones beside it, as one array."""
    return np.stack([value, np.ones_like(value)])


def random_layer(name: str) -> tuple[Recurrent, np.random.Generator]:
    """All parameters drawn anew, but for the second biases of the GRU, which are not drawn."""
    rng = np.random.default_rng(3)
    layer = CELLS[name](D, H, rng)
    for symbol, value in layer.parameters.items():
        if not symbol.startswith("bh"):
            layer.parameters[symbol] = value + 0.3 * rng.standard_normal(value.shape)
    return layer, rng


def test_every_cell_is_computed():
    assert DRAWINGS.keys() == CELLS.keys() == CIRCUITS.keys()
    apart = {name for name, drawing in DRAWINGS.items() if drawing.case is None}
    tests = [name for name in globals() if name.startswith("test_the_drawing_computes_")]
    assert {test.rpartition("_")[2] for test in tests} == apart | {"cell"}


@pytest.mark.parametrize("name", [name for name in DRAWINGS if DRAWINGS[name].case])
def test_the_drawing_computes_the_cell(name):
    layer, rng = random_layer(name)
    case = DRAWINGS[name].case(layer, layer.parameters)
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
