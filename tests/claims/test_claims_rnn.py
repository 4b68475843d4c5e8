"""The sentences of theory/rnn that state a number or claim an effect, recomputed."""

import re
from functools import partial
from itertools import pairwise

import claims
import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from places import BOOK
from unrolled import models
from unrolled.experiments import store
from unrolled.keras.cells import Elman as KerasElman
from unrolled.studies import gradients, probes, streams
from unrolled.tasks import pronunciation, text
from unrolled.torch.cells import LSTM, Elman
from unrolled.training import Recipe, fit

says = partial(claims.says, "theory/rnn")
PAGE = (BOOK / "theory" / "rnn.md").read_text(encoding="utf-8")


def rows_after(heading: str) -> list[list[str]]:
    """The body of the first table after a heading, its cells without the dollars."""
    lines = PAGE[PAGE.index(heading) :].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("|---"))
    body = []
    for line in lines[start + 1 :]:
        if not line.startswith("|"):
            return body
        body.append([cell.strip().strip("$") for cell in line.strip("|").split(" | ")])
    return body


def by_hand(second_loss: bool = False) -> dict[str, torch.Tensor]:
    """The worked example by autograd: W = 1, U = 1/2, b = 0, a tap and two steps of silence."""
    start = {"W": 1.0, "U": 0.5, "b": 0.0, "h0": 0.0}
    nodes = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for name, value in start.items()
    }
    h, taps = nodes["h0"], (1, 0, 0)
    for t, x in enumerate(taps, 1):
        nodes[f"x{t}"] = torch.tensor(float(x), dtype=torch.float64, requires_grad=True)
        nodes[f"a{t}"] = nodes["W"] * nodes[f"x{t}"] + nodes["U"] * h + nodes["b"]
        nodes[f"h{t}"] = h = torch.tanh(nodes[f"a{t}"])
    for name in ("a", "h"):
        for t in (1, 2, 3):
            nodes[f"{name}{t}"].retain_grad()
    loss = 0.5 * (h - 1) ** 2
    if second_loss:
        loss = loss + 0.5 * (nodes["h2"] - 1) ** 2
    loss.backward()
    return nodes


def test_the_example_forward():
    nodes = by_hand()
    table = rows_after("## Three steps by hand")
    for t, (step, x, a, h, slope) in enumerate(table, 1):
        assert (step, x) == (str(t), str(int(nodes[f"x{t}"])))
        assert a == f"{nodes[f'a{t}']:.3f}"
        assert h == f"{nodes[f'h{t}']:.3f}"
        assert slope == f"{1 - nodes[f'h{t}'] ** 2:.3f}"
    says("settle near $0.96$", "with the tap at the second step $h_3$ would be $0.363$")
    assert np.tanh(0.5 * np.tanh(1)) == pytest.approx(0.363, abs=5e-4)
    h = 0.7
    for _ in range(100):
        h = np.tanh(2 * h)
    assert h == pytest.approx(0.96, abs=5e-3)


def test_the_example_backward():
    nodes = by_hand()
    error = float(nodes["h3"].detach()) - 1
    table = rows_after("### Back through the three steps")
    assert [row[0] for row in table] == ["3", "2", "1"]
    for step, own, later, e, delta in table:
        t = int(step)
        from_later = 0.5 * nodes[f"a{t + 1}"].grad if t < 3 else torch.tensor(0.0)
        assert float(own) == pytest.approx(error if t == 3 else 0, abs=5e-4)
        assert float(later) == pytest.approx(float(from_later), abs=5e-4)
        assert float(e) == pytest.approx(float(nodes[f"h{t}"].grad), abs=5e-4)
        assert float(delta) == pytest.approx(float(nodes[f"a{t}"].grad), abs=5e-4)
    for name, symbol in (("U", "U"), ("W", "W"), ("b", "b"), ("h0", "h_0")):
        (line,) = re.findall(rf"\\partial {symbol} &= .*", PAGE)
        last = re.findall(r"-?\d\.\d+", line)[-1]
        assert float(last) == pytest.approx(float(nodes[name].grad), abs=5e-4)
    says("$0.434$ and $0.210$ in turn", "its gradient is eleven times smaller than the error")
    slopes = [1 - float(nodes[f"h{t}"].detach()) ** 2 for t in (2, 1)]
    assert [round(0.5 * slope, 3) for slope in slopes] == [0.434, 0.21]
    assert round(float(nodes["a3"].grad / nodes["a1"].grad)) == 11


def test_the_example_with_two_losses():
    says(
        r"g_2 = h_2 - 1 = -0.637$, so $e_2 = -0.637 - 0.397 = -1.033$ and $\delta_2 = 0.868 "
        r"\cdot (-1.033) = -0.897$ (as above, the last digits come from more digits than "
        "are shown)",
        r"$e_1 = \tfrac12 \delta_2 = -0.449$",
        r"= \delta_3 h_2 + \delta_2 h_1 = -0.288 - 0.683 = -0.972",
    )
    nodes = by_hand(second_loss=True)
    wanted = {"a2": -0.897, "h2": -1.033, "h1": -0.449, "U": -0.972}
    for name, value in wanted.items():
        assert float(nodes[name].grad) == pytest.approx(value, abs=5e-4)
    parts = [float(nodes[f"a{t}"].grad * nodes[f"h{t - 1}"].detach()) for t in (3, 2)]
    assert parts == pytest.approx([-0.288, -0.683], abs=5e-4)


def test_backward_of_the_page_is_that_of_autograd():
    """The page's own functions, on random numbers, with a loss at every step."""
    code = PAGE[PAGE.index("def forward(W, U, b, x, h_0):") :].split("```")[0]
    names: dict = {"np": np}
    exec(code, names)  # the page's own cell
    rng = np.random.default_rng(3)
    T, D, H = 5, 2, 3
    shapes = ((H, D), (H, H), H, (T, D), H)
    W, U, b, x, h_0 = (rng.standard_normal(shape) for shape in shapes)
    g = rng.standard_normal((T, H))
    ours = names["backward"](W, U, b, x, names["forward"](W, U, b, x, h_0), g)
    leaves = [torch.tensor(a, requires_grad=True) for a in (W, U, b, x, h_0)]
    tW, tU, tb, tx, h = leaves
    loss = torch.tensor(0.0, dtype=torch.float64)
    for t in range(T):
        h = torch.tanh(tW @ tx[t] + tU @ h + tb)
        loss = loss + (h * torch.from_numpy(g[t])).sum()
    for mine, theirs in zip(ours.values(), torch.autograd.grad(loss, leaves), strict=True):
        assert np.allclose(mine, theirs.numpy())

    layer = KerasElman(H, dtype="float64")
    layer.build((1, T, D))
    layer.set_weights([W.T, U.T, b])
    inputs = [tf.constant(x[None]), tf.constant(h_0[None])]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs, _ = layer(inputs[0], (inputs[1],))
        loss = tf.reduce_sum(outputs * g)
    weights = [weight.value for weight in layer.trainable_weights]
    for mine, theirs in zip(ours.values(), tape.gradient(loss, weights + inputs), strict=True):
        theirs = np.squeeze(theirs)
        assert np.allclose(mine, theirs.T if mine.shape in ((H, D), (H, H)) else theirs)


def test_the_gradient_of_the_cross_entropy_is_as_derived():
    says(r"it is $g_t = V^\top (p_t - q_t)$")
    torch.manual_seed(0)
    V, c = torch.randn(5, 3), torch.randn(5)
    h = torch.randn(3, requires_grad=True)
    y = V @ h + c
    torch.nn.functional.cross_entropy(y[None], torch.tensor([2])).backward()
    q = torch.eye(5)[2]
    assert torch.allclose(h.grad, V.T @ (y.softmax(dim=0) - q), atol=1e-6)


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


def test_the_counts_against_windows(data):
    says(
        "The recurrent net and the window of five have exactly as many parameters",
        r"$4 \cdot 128 \cdot 32$",
        "*listen* and *silent* are the same bag",
    )
    sizes = len(data.letters), len(data.tags)

    def size(name, **arguments):
        model = models.build("pytorch", models.spec(name, **arguments), *sizes, seed=0)
        return sum(p.numel() for p in model.parameters())

    assert size("basic", cell="elman") == size("window", window=5)
    assert size("window", window=7) - size("window", window=5) == 2 * 128 * 32
    words = {*data.train_words, *data.valid, *data.test}
    assert {"listen", "silent"} <= words
    assert sorted("listen") == sorted("silent")


def test_a_layer_has_the_parameters_that_are_printed():
    says(r"$4{,}096 + 16{,}384 + 128 = 20{,}608$, of which $U$ alone has most")
    sizes = {name: p.numel() for name, p in Elman(32, 128).named_parameters()}
    assert list(sizes.values()) == [4096, 16384, 128]
    assert sum(sizes.values()) == 20608


def test_what_a_window_cannot_do_and_what_it_does_better():
    says(
        "It cannot use what lies outside it.",
        "It cannot be made wider without new weights",
        "a running count, which depends on *all* letters so far, fits into no window",
        "Its answers do not wait for each other, so all $T$ are computed at once.",
    )
    torch.manual_seed(0)
    window = models.build("pytorch", models.spec("window", window=5), 10, 4, seed=0).eval()
    letters = torch.randint(2, 10, (1, 12))
    changed = letters.clone()
    changed[0, 6] = letters[0, 6] % 8 + 2
    with torch.no_grad():
        whole, other, alone = (window(x) for x in (letters, changed, letters[:, 4:9]))
    moved = (whole - other).abs().amax(-1)[0] > 1e-6
    assert moved.nonzero().ravel().tolist() == [4, 5, 6, 7, 8]  # from both sides, no farther
    assert torch.allclose(whole[:, 6], alone[:, 2], atol=1e-6)  # waits for no other answer


def terms_of_the_example(weight: str) -> list[float]:
    """The terms of lag 0, 1 and 2 in the gradient of W or U, for the loss after the tap."""
    nodes = by_hand()
    h, x = [0.0, *(float(nodes[f"h{t}"].detach()) for t in (1, 2, 3))], [1.0, 0.0, 0.0]
    right = {"W": x, "U": h}[weight]
    return [float(nodes[f"a{s}"].grad) * right[s - 1] for s in (3, 2, 1)]


def test_the_lags_are_apart_for_the_input_weights_only():
    says(
        "$W$ learns from the terms of lag $k$ and from no others",
        "comes from the lags 0 and 1",
        "They can only work with what is in the state already.",
    )
    of_w, of_u = terms_of_the_example("W"), terms_of_the_example("U")
    assert of_w[:2] == [0, 0]
    assert of_w[2] < -0.05
    assert of_u[2] == 0
    assert max(of_u[:2]) < -0.2
    for terms, name in ((of_w, "W"), (of_u, "U")):
        assert sum(terms) == pytest.approx(float(by_hand()[name].grad))


def test_the_frobenius_norm_is_a_mean_over_directions():
    says(r"the mean of $\lVert J_k^\top v \rVert^2$ is $\lVert J_k \rVert_F^2 / H$")
    rng = np.random.default_rng(0)
    J, v = rng.standard_normal((4, 4)), rng.standard_normal((4, 200_000))
    v /= np.linalg.norm(v, axis=0)
    mean = (np.linalg.norm(J.T @ v, axis=0) ** 2).mean()
    assert mean == pytest.approx(np.linalg.norm(J) ** 2 / 4, rel=0.01)


def test_the_lower_solution_ends_where_the_page_says():
    says(
        "three solutions, one of them below $-0.8$",
        r"Above $b \approx 1.30$ only the one near $+1$",
    )
    grid = np.linspace(-1, 1, 200_001)
    for b, count in ((0, 3), (1.2, 3), (1.30, 3), (1.31, 1), (2, 1)):
        above = np.tanh(3 * grid + b) > grid
        assert (above[1:] != above[:-1]).sum() == count
    h = -1.0
    for _ in range(1000):
        h = np.tanh(3 * h + 1.30)
    assert -1 < h < -0.8


def test_a_window_of_five_reads_better_than_the_recurrence():
    says("None of this says that the recurrence reads *better*.", "and a plain RNN")
    runs = store.table("matched").query("framework == 'pytorch'").groupby("name")
    wer, parameters = runs["WER"].mean(), runs["parameters"].mean()
    assert wer["window"] < wer["basic-elman"] - 30
    assert abs(parameters["window"] / parameters["basic-elman"] - 1) < 0.03


def test_a_spectral_radius_of_zero_promises_nothing():
    says(r"$\rho(U) < 1$ promises nothing", r"multiplies the gradient by $\tfrac95$ at every step")
    U = np.array([[2.0, -2.0], [2.0, -2.0]])
    assert np.allclose(U @ U, 0)
    held = np.diag([1, 0.1]) @ U
    assert np.allclose(held, [[2, -2], [0.2, -0.2]])
    assert np.allclose(sorted(np.linalg.eigvals(held)), [0, 9 / 5])


T, SEEDS = 100, 4


@pytest.fixture(scope="module")
def factors():
    """What one step back multiplies the gradient by, by strength of the inputs and case."""
    return {
        scale: {
            name: gradients.factor(gradients.measure(build, T, SEEDS, scale=scale), first=1)
            for name, build in gradients.CASES.items()
        }
        for scale in (1.0, 0.1)
    }


def test_strong_inputs_make_tanh_forget(factors):
    says("The same weights vanish or not, depending on what they read.")
    assert factors[1.0]["tanh"] < 0.75
    assert factors[0.1]["tanh"] > 0.95


def test_an_orthogonal_start_changes_nothing_under_strong_inputs(factors):
    says("**An orthogonal start changes nothing here.**", "the orthogonal start even loses more")
    assert abs(factors[1.0]["tanh, orthogonal"] - factors[1.0]["tanh"]) < 0.02
    assert factors[0.1]["tanh, orthogonal"] < factors[0.1]["tanh"] - 0.01


def test_relu_loses_half_of_the_squares(factors):
    says(r"$1/\sqrt2 \approx 0.71$ a step", "The strength of the inputs does not matter")
    assert factors[1.0]["ReLU"] == pytest.approx(0.5**0.5, abs=0.03)
    assert factors[1.0]["ReLU"] == pytest.approx(factors[0.1]["ReLU"], rel=1e-6)


def test_the_identity_keeps_most_for_long():
    says("passes a unit's gradient on unchanged until that unit is off once", "is not straight")
    norms = gradients.measure(gradients.CASES["ReLU, identity"], T, SEEDS)
    assert 0.5 < norms[:, 50].mean() < 0.9
    line = np.log(norms).mean(axis=0)
    first, last = (line[50] - line[0]) / 50, (line[100] - line[50]) / 50
    assert last < 2 * first < 0  # in logarithms: it falls more than twice as fast


def test_the_lstm_does_not_abolish_vanishing(factors):
    says(
        "*An LSTM does not abolish vanishing.*",
        "many times what is left of the plain cell",
        "With weak inputs it is the other way round",
    )
    assert factors[0.1]["LSTM"] < factors[0.1]["tanh"] - 0.05
    assert 0.73 < factors[1.0]["LSTM"] < 0.88
    after = {
        n: gradients.measure(gradients.CASES[n], 50, SEEDS)[:, 50].mean() for n in ("LSTM", "tanh")
    }
    assert after["LSTM"] > 100 * after["tanh"]
    assert after["LSTM"] < 1e-3


def test_a_fresh_gru_forgets_faster_than_the_plain_cell(factors):
    says("the fresh GRU forgets *faster* than the plain cell")
    for scale in (1.0, 0.1):
        assert factors[scale]["GRU"] < factors[scale]["tanh"] - 0.03


def test_the_inputs_decide_between_growing_and_vanishing():
    says("depending on nothing but the inputs", "the bound is met exactly")
    grown = [
        gradients.factor(
            gradients.measure(partial(gradients.scaled, 1.5), 60, 3, scale=scale), first=5
        )
        for scale in (0.0, 0.1, 1.0)
    ]
    assert grown[0] == pytest.approx(1.5)
    assert 1.02 < grown[1] < 1.4
    assert grown[2] < 0.97


def test_the_half_life_along_the_cell_state():
    says(r"$k = \ln 2 / \ln(1 + e^{-b_f})$", r"b_f \approx \ln(100 / \ln 2) \approx 5$")
    for bias in (0.0, 1.0, 5.0):
        k = np.log(2) / np.log1p(np.exp(-bias))
        assert (1 / (1 + np.exp(-bias))) ** k == pytest.approx(0.5)
    assert np.log(100 / np.log(2)) == pytest.approx(5, abs=0.05)


def test_an_open_gate_keeps_the_gradient():
    says("In the measurement the gradient even grows a little")

    def opened(D, H):
        layer = LSTM(D, H)
        torch.nn.init.constant_(layer.bias[H : 2 * H], 5)
        return layer

    assert 1.0 < gradients.factor(gradients.measure(opened, T, 2), first=1) < 1.05


def test_clipping_by_norm_changes_no_ratio_and_no_direction():
    says("All parts are scaled alike, so the last column is the same before and after.")
    torch.manual_seed(0)
    layer = gradients.scaled(2.0, 8, 16)
    h, _ = layer(0.1 * torch.randn(4, 30, 8))
    parameters = list(layer.parameters())
    before = torch.autograd.grad(h[:, -1].sum(), parameters)
    for parameter, gradient in zip(parameters, before, strict=True):
        parameter.grad = gradient.clone()
    torch.nn.utils.clip_grad_norm_(parameters, 1e-3)
    ratios = [p.grad / g for p, g in zip(parameters, before, strict=True)]
    scale = float(ratios[1].flatten()[0])
    assert scale < 1
    assert all(torch.allclose(r, torch.full_like(r, scale), rtol=1e-3) for r in ratios)


@pytest.fixture(scope="module")
def reading():
    """A plain RNN and an LSTM, fresh and after reading a part of the manual."""
    rows = text.lay_out(text.encode(text.manual()), streams=32)
    train, test = rows[:, : 32 * 150 + 1], rows[:, -1025:]
    K, readers = len(text.CHARACTERS), {}
    task, recipe = (
        text.TextTask(train, test, K, window=32),
        Recipe(epochs=1, learning_rate=5e-3, schedule="constant"),
    )
    for cell in ("elman", "lstm"):
        spec = models.spec("basic", cell=cell, hidden_size=64)
        fresh, trained = (models.build("pytorch", spec, K, K, seed=0) for _ in range(2))
        losses = fit(models.trainer("pytorch", trained, recipe), task).losses
        readers[cell] = fresh, trained, float(np.mean(losses[-20:]))
    return readers, test


def test_chunks_lose_more_than_steps_that_all_go_back_as_far(reading):
    says(
        "whatever the window, the same few steps at its beginning are cut short",
        "shorter by $\\sqrt2$ only. So the error falls by even less than half",
        "The direction is what counts, and it is nearly right.",
    )
    (_, trained, _), test = reading[0]["elman"], reading[1]
    x, g = streams.errors(trained, test[:8, :256], test[:8, 1:257])
    cut = gradients.truncated(gradients.reference(trained.recurrent), x, g, [8, 16, 32, 64, 256])
    whole = cut["every step"][256]
    error = {
        how: {k: np.linalg.norm(v - whole) / np.linalg.norm(whole) for k, v in by.items()}
        for how, by in cut.items()
    }
    assert error["every step"][8] < 0.3 * error["chunks"][8]
    assert error["every step"][32] < 1e-3
    halvings = [error["chunks"][b] / error["chunks"][a] for a, b in pairwise((8, 16, 32, 64))]
    assert 0.5 < np.prod(halvings) ** (1 / 3) < 0.85
    chunk = cut["chunks"][8]
    assert chunk @ whole / np.linalg.norm(chunk) / np.linalg.norm(whole) > 0.95


def test_training_makes_the_gradient_vanish_faster(reading):
    says("Training has made it vanish *faster*", "less is left", "training takes less of it away")
    readers, test = reading
    kept, slope = {}, {}
    for cell, (fresh, trained, _) in readers.items():
        for name, model in (("fresh", fresh), ("trained", trained)):
            with torch.no_grad():
                x = model.embedding(torch.from_numpy(test[:4, :60]))
                slope[cell, name] = float((1 - model.recurrent(x)[0] ** 2).mean())
                x = x.double()
            norms = [gradients.norms_by_lag(model.recurrent.double(), row)[20] for row in x]
            model.float()
            kept[cell, name] = np.exp(np.mean(np.log(norms)))
    assert kept["elman", "trained"] < 0.1 * kept["elman", "fresh"]
    assert slope["elman", "trained"] < slope["elman", "fresh"] - 0.1
    assert kept["lstm", "fresh"] < kept["elman", "fresh"]
    shrunk = {cell: kept[cell, "trained"] / kept[cell, "fresh"] for cell in readers}
    assert shrunk["lstm"] > shrunk["elman"]


def test_a_wrong_state_costs_most_at_the_first_letter(reading):
    says("Nothing crashes.", "is about as bad as none", "the difference is forgotten")
    (_, trained, _), test = reading[0]["elman"], reading[1]
    ways = ("carried", "zero", "shuffled")
    losses = {c: streams.loss_by_place(trained, test, 32, c) for c in ways}
    assert abs(losses["shuffled"][0] - losses["zero"][0]) < 0.3
    apart = losses["shuffled"] - losses["carried"]
    assert apart[0] > 0.8
    assert abs(apart[16:]).max() < 0.05
    assert losses["shuffled"].mean() > losses["carried"].mean() + 0.03


def test_its_own_slip_costs_the_next_phoneme(data):
    says("That is the cost of exposure here, for one step", "most of the time it recovers")
    model = store.model("encoder-decoder-attention-lstm").model
    symbols = data.target("phonemes").symbols
    sample = [(w, v[0]) for w, v in data.test.items() if len(w) == 7 and len(v) == 1][:800]
    letters = np.stack([data.letters.encode(word) for word, _ in sample])
    truth = np.full((len(sample), 1 + max(len(v) for _, v in sample)), -100, dtype=np.int32)
    for row, (_, phonemes) in zip(truth, sample, strict=True):
        row[: len(phonemes) + 1] = symbols.encode((*phonemes, symbols.symbols[0]))
    forced, own = probes.after_first_slip(model, letters, truth)
    assert len(forced) > 150
    assert forced.mean() > own.mean() + 0.05
    assert own.mean() > 0.5


def test_the_state_after_padding_is_another_one(data):
    says("**The last state is not the state of the last letter.**")
    tagger = store.model("basic-elman").model
    word = data.letters.encode("hat")
    with torch.no_grad():
        short, long = (
            tagger.recurrent(tagger.embedding(torch.from_numpy(ids[None])))[0][0]
            for ids in (word, np.concatenate([word, np.zeros(5, word.dtype)]))
        )
    assert torch.allclose(short, long[:3], atol=1e-6)
    assert (long[-1] - short[-1]).norm() > 0.5 * short[-1].norm()


def test_keras_keeps_states_row_by_row():
    says("keeps the states by itself, from row $i$ of one batch to row $i$ of the next")
    layer = keras.layers.LSTM(3, stateful=True)
    other = keras.layers.LSTM(3)
    x = np.random.default_rng(0).standard_normal((2, 6, 4)).astype("float32")
    whole = other(x)
    layer.build((2, 3, 4))
    layer.set_weights(other.get_weights())
    layer(x[:, :3])
    assert np.allclose(layer(x[:, 3:]), whole, atol=1e-6)
    layer.reset_state()
    assert not np.allclose(layer(x[:, 3:]), whole, atol=1e-3)


def test_the_libraries_stop_at_the_last_letter():
    says("as Keras does when it is given a mask; PyTorch's `PackedSequence` leaves the padding out")
    x = np.random.default_rng(0).standard_normal((1, 5, 4)).astype("float32")
    keras_layer = keras.layers.SimpleRNN(3)
    masked = keras_layer(x, mask=np.array([[True, True, True, False, False]]))
    assert np.allclose(masked, keras_layer(x[:, :3]), atol=1e-6)
    torch_layer = torch.nn.RNN(4, 3, batch_first=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.from_numpy(x), torch.tensor([3]), batch_first=True
    )
    unpadded = torch_layer(torch.from_numpy(x[:, :3]))[1]
    assert torch.allclose(torch_layer(packed)[1], unpadded, atol=1e-6)


def test_the_swapped_axis_goes_unnoticed():
    says("every shape still fits, and the network runs through the batch")
    layer = torch.nn.LSTM(3, 4)
    x = torch.randn(5, 7, 3)  # meant as five sequences of seven steps
    outputs, _ = layer(x)
    assert outputs.shape == (5, 7, 4)
    changed = x.clone()
    changed[0] += 1  # another first sequence changes all others
    assert not torch.allclose(layer(changed)[0][1:], outputs[1:])


def test_the_frameworks_agree_on_the_gradient_of_the_first_state():
    says(r"\partial \mathcal{L} / \partial h_0 = \sum_{n=1}^{B} U^\top \delta_1^{(n)}")
    torch.manual_seed(0)
    layer = Elman(2, 3).double()
    h_0 = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    x = torch.randn(4, 1, 2).double()
    outputs, _ = layer(x, (h_0.expand(4, 3),))
    outputs.sum().backward()
    delta = 1 - outputs[:, 0] ** 2
    assert torch.allclose(h_0.grad, (delta @ layer.weight_hh).sum(dim=0))


def test_the_crossing_of_costs_is_counted_right():
    """An LSTM multiplies 8 d^2 a step, attention 4 d^2 + 2 t d: equal at t = 2 d."""
    says("attention is the cheaper one up to step {glue:text}`crossing:,`")
    d = 16
    lstm, attention = LSTM(d, d), torch.nn.MultiheadAttention(d, 2, bias=False)
    assert lstm.weight_ih.numel() + lstm.weight_hh.numel() == 8 * d * d
    assert sum(p.numel() for p in attention.parameters()) == 4 * d * d
