"""What is true of each gated layer beside LSTM and GRU, in all three frameworks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
import unrolled.keras.cells as keras_cells
import unrolled.numpy.cells as numpy_cells
import unrolled.torch.cells as torch_cells
from three_frameworks import Trio, all_close, close, give, hold_to_equations, in_graph, readers
from unrolled.models import parity

OPEN, SHUT = 1000.0, -1000.0  # a gate's bias for exactly 1 and exactly 0


def forced(trio, gates):
    """The biases that hold gates at a value whatever the layer reads: gate -> bias."""
    p = trio.numpy.parameters
    zeros = {
        name: np.zeros_like(value)
        for name, value in p.items()
        if name[0] in "WU" and name[1:] in gates
    }
    return zeros | {f"b{gate}": np.full(trio.H, bias) for gate, bias in gates.items()}


def fresh(cells, name):
    """The parameters of a new layer."""
    if cells is keras_cells:
        layer = cells.CELLS[name](5)
        layer.build((None, None, 3))
        return parity.parameters(layer)
    layer = cells.CELLS[name](3, 5)
    return layer.parameters if cells is numpy_cells else parity.parameters(layer)


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def affine(p, gate, x_t, h_prev):
    return x_t @ p[f"W{gate}"].T + h_prev @ p[f"U{gate}"].T + p[f"b{gate}"]


# The equations again, in torch and from the papers, for autograd to differentiate.


def peephole(p, x_t, h, c):
    i = torch.sigmoid(affine(p, "_i", x_t, h) + c * p["p_i"])
    f = torch.sigmoid(affine(p, "_f", x_t, h) + c * p["p_f"])
    c = f * c + i * torch.tanh(affine(p, "_g", x_t, h))
    return torch.sigmoid(affine(p, "_o", x_t, h) + c * p["p_o"]) * torch.tanh(c), c


def coupled(p, x_t, h, c):
    f, o = (torch.sigmoid(affine(p, gate, x_t, h)) for gate in ("_f", "_o"))
    c = torch.lerp(torch.tanh(affine(p, "_g", x_t, h)), c, f)
    return o * torch.tanh(c), c


def gru_before(p, x_t, h):
    r, z = (torch.sigmoid(affine(p, gate, x_t, h) + p[f"bh{gate}"]) for gate in ("_r", "_z"))
    return (torch.lerp(torch.tanh(affine(p, "_n", x_t, r * h) + p["bh_n"]), h, z),)


def mgu(p, x_t, h):
    f = torch.sigmoid(affine(p, "_f", x_t, h))
    return (torch.lerp(h, torch.tanh(affine(p, "_n", x_t, f * h)), f),)


def rhn(p, x_t, h):
    """s_l = H * T + s_{l-1} * (1 - T), the input at the first level alone (Zilly and others)."""
    s = h
    for level in (1, 2):
        a = {gate: s @ p[f"U{gate}{level}"].T + p[f"b{gate}{level}"] for gate in ("_n", "_z")}
        if level == 1:
            a = {gate: value + x_t @ p[f"W{gate}1"].T for gate, value in a.items()}
        transform = torch.sigmoid(a["_z"])
        s = torch.tanh(a["_n"]) * transform + s * (1 - transform)
    return (s,)


FORMULAS = {
    "peephole": peephole,
    "coupled": coupled,
    "gru-before": gru_before,
    "mgu": mgu,
    "rhn": rhn,
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("seed", [0, 1])
def test_values_and_gradients_are_those_of_the_equations(name, seed):
    hold_to_equations(Trio(name, seed=seed), FORMULAS[name])


@pytest.mark.parametrize("name", FORMULAS)
def test_keras_reads_a_batch_of_unknown_size_in_a_graph(name):
    trio = Trio(name)
    graph = in_graph(trio, T=6)
    for B in (1, 3):
        x = trio.input(B=B)
        close(graph(x), trio.numpy.forward(x)[0])


@pytest.mark.parametrize("name", FORMULAS)
def test_the_reference_keeps_to_single_precision(name):
    layer = numpy_cells.CELLS[name](3, 5, dtype=np.float32)
    outputs, last = layer.forward(np.ones((2, 4, 3), np.float32))
    every = (outputs, *last, *layer.parameters.values())
    assert {array.dtype.name for array in every} == {"float32"}


# Peepholes


def test_without_peepholes_the_lstm_is_left():
    trio, lstm = Trio("peephole", seed=3), Trio("lstm", seed=4)
    shared = {n: v for n, v in trio.numpy.parameters.items() if not n.startswith("p_")}
    x, state = trio.input(), trio.state()
    give(lstm, shared)
    wanted, last = lstm.numpy.forward(x, state)
    for read in readers(trio):
        assert parity.distance(read(x, state)[0], wanted) > 1e-3
    give(trio, {f"p{gate}": np.zeros(trio.H) for gate in ("_i", "_f", "_o")})
    for read in readers(trio):
        outputs, end = read(x, state)
        close(outputs, wanted)
        all_close(end, last)


@pytest.mark.parametrize("cells", [numpy_cells, torch_cells, keras_cells])
def test_layers_begin_by_remembering(cells):
    """Without peepholes, the forget gate open, the highway's transform gates nearly shut."""
    parameters = fresh(cells, "peephole")
    assert not any(parameters[f"p{gate}"].any() for gate in ("_i", "_f", "_o"))
    biases = {
        "peephole": {"_i": 0, "_f": 1, "_g": 0, "_o": 0},
        "coupled": {"_f": 1, "_g": 0, "_o": 0},
        "rhn": {"_n1": 0, "_z1": -1, "_n2": 0, "_z2": -1},
    }
    for name, gates in biases.items():
        parameters = fresh(cells, name)
        for gate, bias in gates.items():
            assert np.array_equal(parameters[f"b{gate}"], np.full(5, bias)), (name, gate)


def test_the_output_gate_looks_at_the_memory_already_written():
    """dh_t / dp_o = o (1 - o) tanh(c_t) * c_t, measured: with c_t, not c_prev."""
    trio, eps = Trio("peephole", seed=5), 1e-5
    x, state = trio.input(T=1), trio.state()
    kept = trio.numpy.parameters["p_o"]
    h, (_, c) = trio.numpy.forward(x, state)
    o = h[:, 0] / np.tanh(c)
    slope = o * (1 - o) * np.tanh(c)
    for at in range(3):
        sides = []
        for sign in (1, -1):
            give(trio, {"p_o": kept + sign * eps})
            sides.append(readers(trio)[at](x, state)[0][:, 0])
        give(trio, {"p_o": kept})
        measured = (sides[0] - sides[1]) / (2 * eps)
        close(measured, slope * c, 1e-8)
        assert parity.distance(measured, slope * state[1]) > 1e-3


def test_the_other_two_gates_look_at_the_memory_before():
    """At the first step there is none: p_i and p_f change nothing there, p_o does."""
    trio = Trio("peephole", seed=6)
    x = trio.input(T=2)
    before = [read(x)[0] for read in readers(trio)]
    for gate, first_step in (("_i", False), ("_f", False), ("_o", True)):
        kept = trio.numpy.parameters[f"p{gate}"]
        give(trio, {f"p{gate}": kept + 1})
        for read, old in zip(readers(trio), before, strict=True):
            moved = np.abs(read(x)[0] - old).max(axis=(0, 2))
            assert (moved[0] > 1e-3) == first_step
            assert moved[1] > 1e-3
        give(trio, {f"p{gate}": kept})


# Coupled gates


@pytest.mark.parametrize("seed", range(3))
def test_coupled_gates_sum_to_one(seed):
    """c_t is a mixture of c_prev and the candidate, and the weight of c_prev is f."""
    trio = Trio("coupled", seed=seed)
    x, state = 3 * trio.input(T=1, seed=seed), trio.state()
    state = (state[0], 4 * state[1])  # a memory beyond what tanh can write
    p, x_t = trio.numpy.parameters, x[:, 0]
    candidate = np.tanh(affine(p, "_g", x_t, state[0]))
    f = sigmoid(affine(p, "_f", x_t, state[0]))
    for read in readers(trio):
        c = read(x, state)[1][1]
        assert (np.minimum(candidate, state[1]) <= c).all()
        assert (c <= np.maximum(candidate, state[1])).all()
        close((c - candidate) / (state[1] - candidate), f, 1e-8)


def test_the_coupled_lstm_is_an_lstm_whose_input_gate_is_the_forget_gate_turned_over():
    """1 - sigmoid(a) = sigmoid(-a), so the LSTM can hold the coupled one's weights."""
    trio, lstm = Trio("coupled", seed=1), Trio("lstm")
    p = trio.numpy.parameters
    give(lstm, {**p, **{f"{kind}_i": -p[f"{kind}_f"] for kind in "WUb"}})
    x, state = trio.input(), trio.state()
    wanted, last = lstm.numpy.forward(x, state)
    for read in readers(trio):
        outputs, end = read(x, state)
        close(outputs, wanted)
        all_close(end, last)


def test_with_everything_open_the_lstm_counts_and_the_coupled_one_cannot():
    lstm, trio = Trio("lstm"), Trio("coupled")
    x = lstm.input(T=20)
    give(lstm, forced(lstm, {"_i": OPEN, "_f": OPEN, "_g": OPEN}))
    give(trio, forced(trio, {"_f": 0.0, "_g": OPEN}))
    for counts, mixes in zip(readers(lstm), readers(trio), strict=True):
        close(counts(x)[1][1], np.full((2, 5), 20.0))
        close(mixes(x)[1][1], np.full((2, 5), 1 - 0.5**20))


# Where the GRU resets


def gru_pair(seed, changes=None):
    after, before = Trio("gru", seed=seed), Trio("gru-before", seed=seed)
    assert after.numpy.parameters.keys() == before.numpy.parameters.keys()
    for trio in (after, before):
        give(trio, {**after.numpy.parameters, **(changes or {})})
    return after, before


def test_the_weights_carry_between_the_two_resets_but_the_functions_differ():
    after, before = gru_pair(seed=7)
    x, state = after.input(), after.state()
    for one, other in zip(readers(after), readers(before), strict=True):
        assert parity.distance(one(x, state)[0], other(x, state)[0]) > 1e-3


def test_the_two_resets_are_one_where_nothing_is_reset():
    after, before = gru_pair(seed=8, changes=forced(Trio("gru"), {"_r": OPEN}))
    x, state = after.input(), after.state()
    wanted, _ = after.numpy.forward(x, state)
    for read in (*readers(after), *readers(before)):
        close(read(x, state)[0], wanted)


def test_the_two_resets_are_one_where_units_see_only_themselves():
    """r * (U_n h) = U_n (r * h) for a diagonal U_n; the bias bh_n must be none."""
    diagonal = {"U_n": np.diag(np.linspace(-1, 1, 5)), "bh_n": np.zeros(5)}
    after, before = gru_pair(seed=9, changes=diagonal)
    x, state = after.input(), after.state()
    wanted, _ = after.numpy.forward(x, state)
    for read in (*readers(after), *readers(before)):
        close(read(x, state)[0], wanted)
    after, before = gru_pair(seed=9, changes={**diagonal, "bh_n": np.ones(5)})
    assert parity.distance(after.numpy.forward(x)[0], before.numpy.forward(x)[0]) > 1e-3


@pytest.mark.parametrize("reset", ["before", "after"])
def test_keras_own_gru_with_either_reset_is_ours(reset):
    trio = Trio("gru-before" if reset == "before" else "gru", seed=10)
    theirs = keras.layers.GRU(
        trio.H,
        reset_after=reset == "after",
        return_sequences=True,
        return_state=True,
        dtype="float64",
    )
    theirs.build((None, None, trio.D))
    p = trio.numpy.parameters
    kernel, recurrent, bias, inner = (
        np.concatenate([p[f"{kind}{gate}"] for gate in ("_z", "_r", "_n")])
        for kind in ("W", "U", "b", "bh")
    )
    # Reset before, the two biases meet in one sum; reset after, r stands between them.
    biases = bias + inner if reset == "before" else np.stack([bias, inner])
    theirs.set_weights([kernel.T, recurrent.T, biases])
    x, state = trio.input(), trio.state()
    wanted, last = theirs(tf.constant(x), initial_state=[tf.constant(state[0])])
    for read in readers(trio):
        outputs, (end,) = read(x, state)
        close(outputs, wanted)
        close(end, last)


def test_pytorchs_own_gru_resets_after():
    after, before = gru_pair(seed=11)
    theirs = torch.nn.GRU(after.D, after.H, batch_first=True).double()
    own = after.torch
    weights = (own.weight_ih, own.weight_hh, own.bias, own.bias_hh)
    for parameter, value in zip(theirs.parameters(), weights, strict=True):
        parameter.data = value.detach().clone()
    x = after.input()
    wanted = theirs(torch.as_tensor(x))[0].detach().numpy()
    for one, other in zip(readers(after), readers(before), strict=True):
        close(one(x)[0], wanted)
        assert parity.distance(other(x)[0], wanted) > 1e-3


# The minimal gated unit


def test_the_minimal_unit_held_open_is_the_plain_cell():
    trio, elman = Trio("mgu"), Trio("elman")
    give(trio, forced(trio, {"_f": OPEN}))
    p = trio.numpy.parameters
    give(elman, {"W": p["W_n"], "U": p["U_n"], "b": p["b_n"]})
    x, state = trio.input(), trio.state()
    wanted, last = elman.numpy.forward(x, state)
    for read in readers(trio):
        outputs, end = read(x, state)
        close(outputs, wanted)
        all_close(end, last)


def test_the_minimal_unit_held_shut_keeps_its_state():
    trio = Trio("mgu")
    state = trio.state()
    give(trio, forced(trio, {"_f": SHUT}))
    for read in readers(trio):
        outputs, _ = read(trio.input(), state)
        close(outputs, np.broadcast_to(state[0][:, None], outputs.shape), 0)


def test_the_minimal_unit_is_a_gru_whose_two_gates_are_one():
    """f is the reset gate r, and 1 - f the update gate z."""
    trio, gru = Trio("mgu", seed=2), Trio("gru-before")
    p = trio.numpy.parameters
    same = {f"{kind}_r": p[f"{kind}_f"] for kind in "WUb"}
    turned = {f"{kind}_z": -p[f"{kind}_f"] for kind in "WUb"}
    candidate = {f"{kind}_n": p[f"{kind}_n"] for kind in "WUb"}
    none = {f"bh{gate}": np.zeros(5) for gate in ("_r", "_z", "_n")}
    give(gru, {**same, **turned, **candidate, **none})
    x, state = trio.input(), trio.state()
    wanted, _ = gru.numpy.forward(x, state)
    for read in readers(trio):
        close(read(x, state)[0], wanted)


# The recurrent highway


def test_a_shut_highway_copies_its_state_for_500_steps_exactly():
    trio = Trio("rhn")
    x, state = trio.input(T=500), trio.state()
    give(trio, forced(trio, {"_z1": SHUT, "_z2": SHUT}))
    for read in readers(trio):
        outputs, last = read(x, state)
        assert np.array_equal(outputs, np.broadcast_to(state[0][:, None], outputs.shape))
        all_close(last, state, 0)
    start = torch.tensor(state[0], requires_grad=True)
    _, (end,) = trio.torch(torch.as_tensor(x), (start,))
    weights = torch.arange(10.0).reshape(2, 5).double()
    (gradient,) = torch.autograd.grad((end * weights).sum(), start)
    close(gradient, weights, 0)


def test_each_level_of_the_highway_is_a_transition_of_its_own():
    trio = Trio("rhn", seed=1)
    x, state = trio.input(T=1), trio.state()
    p, h = trio.numpy.parameters, state[0]
    kept = {name: value.copy() for name, value in p.items()}
    first = np.tanh(affine(p, "_n1", x[:, 0], h))
    for open_levels, wanted in (
        ((1,), first),
        ((2,), np.tanh(h @ p["U_n2"].T + p["b_n2"])),
        ((1, 2), np.tanh(first @ p["U_n2"].T + p["b_n2"])),
    ):
        gates = {f"_z{level}": OPEN if level in open_levels else SHUT for level in (1, 2)}
        give(trio, {**kept, **forced(trio, gates)})
        for read in readers(trio):
            close(read(x, state)[0][:, 0], wanted)


def test_only_the_first_level_sees_the_input():
    trio = Trio("rhn", seed=2)
    give(trio, forced(trio, {"_z1": SHUT}))
    state = trio.state()
    for read in readers(trio):
        close(read(trio.input(seed=1), state)[0], read(trio.input(seed=9), state)[0], 0)
        assert parity.distance(read(trio.input(), state)[1][0], state[0]) > 1e-3
