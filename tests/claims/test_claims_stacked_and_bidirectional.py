"""The sentences of theory/stacked-and-bidirectional, held against what can be recomputed."""

import re
from functools import partial
from itertools import product
from math import comb

import claims
import numpy as np
import pytest
import torch
from places import BOOK
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from unrolled import models
from unrolled.experiments import statistics, store, suite
from unrolled.models import parity
from unrolled.tasks import pronunciation
from unrolled.tasks.task import Batch
from unrolled.torch.layers import Bidirectional, Stack
from unrolled.training import Recipe

# isort: split
import keras

PAGE = "theory/stacked-and-bidirectional"
says = partial(claims.says, PAGE)


@pytest.fixture(scope="module")
def page() -> str:
    return (BOOK / f"{PAGE}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data():
    return pronunciation.load()


def with_weights(layer: nn.Module, w: float, u: float) -> nn.Module:
    """All input weights w, all recurrent ones u, no bias."""
    for name, p in layer.double().named_parameters():
        nn.init.constant_(p, {"ih": w, "hh": u, "as": 0}[name[-2:]])
    return layer


def slope(stack: nn.Module, T: int) -> float:
    x = torch.zeros(1, T, 1, dtype=torch.double, requires_grad=True)
    stack(x)[0][0, -1, 0].backward()
    return x.grad[0, 0, 0].item()


def test_the_sum_over_paths_by_hand_and_by_counting():
    says(
        "each of the three paths is $\\frac12",
        "together $\\frac34$",
        "One layer alone has $\\frac14$",
    )
    for L, by_hand in ((1, 1 / 4), (2, 3 / 4)):
        assert slope(with_weights(Stack("elman", 1, 1, L), w=1, u=0.5), T=3) == by_hand
    for T, L in ((2, 5), (4, 3)):
        # the moves as words of B (back) and D (down), each kind as often as it must be
        words = {word for word in product("BD", repeat=T + L - 2) if word.count("B") == T - 1}
        assert len(words) == comb(T + L - 2, L - 1)
        total = slope(with_weights(Stack("elman", 1, 1, L), w=0.7, u=0.9), T)
        assert np.isclose(total, len(words) * 0.9 ** (T - 1) * 0.7**L)


def test_the_number_of_paths_grows_like_a_power_of_the_length():
    says(
        "the number of paths grows like $T^{L-1}$",
        "it delays the vanishing and does not stop it",
    )
    sums = {T: comb(T + 1, 2) * 0.9 ** (T - 1) for T in (1, 10, 20, 400)}  # three layers
    assert sums[10] > 20 * sums[1]
    assert sums[20] < 2 * sums[10]
    assert sums[400] < 1e-12
    for L in (2, 3, 4):
        ratio = comb(2000 + L - 2, L - 1) / comb(1000 + L - 2, L - 1)
        assert np.isclose(ratio, 2 ** (L - 1), rtol=0.01)


def test_a_residual_connection_adds_one_to_the_factor_of_a_layer():
    says("turns the factor $J$ of each layer on the way down into $I + J$")
    for L in (1, 3):
        residual = Stack("elman", 1, 1, L, residual=True)
        assert np.isclose(slope(with_weights(residual, w=0.3, u=0.9), T=1), 1.3**L)


def test_the_matrix_of_a_residual_layer_is_its_jacobian_and_the_unit_matrix():
    says("where $D \\ne H$ the book's first layer goes without")
    torch.manual_seed(0)
    x = torch.randn(1, 1, 4)
    plain, residual = (Stack("elman", 4, 4, 1, residual=kind) for kind in (False, True))
    residual.load_state_dict(plain.state_dict())
    J, with_it = (
        torch.autograd.functional.jacobian(lambda a, s=s: s(a)[0][0, 0], x)[:, 0, 0]
        for s in (plain, residual)
    )
    assert torch.allclose(with_it, torch.eye(4) + J, atol=1e-6)
    plain, residual = (Stack("elman", 3, 4, 1, residual=kind) for kind in (False, True))
    residual.load_state_dict(plain.state_dict())
    assert torch.equal(plain(x[..., :3])[0], residual(x[..., :3])[0])


def test_the_parameters_are_those_of_the_formula():
    says("one layer has about $G H^2$. A second direction doubles that", "eight times as large")
    gates = {"elman": 1, "gru": 3, "lstm": 4}
    for (cell, G), L, d in product(gates.items(), (1, 2, 3), (1, 2)):
        D, H = 3, 5
        stack = Stack(cell, D, H, L, bidirectional=d == 2)
        counted = sum(p.numel() for name, p in stack.named_parameters() if name[-7:] != "bias_hh")
        assert counted == d * G * (H * D + H**2 + H) + (L - 1) * d * G * (d * H**2 + H**2 + H)

    def size(L, d, D=1, H=10**5):
        return d * (H * D + H**2 + H) + (L - 1) * d * (d * H**2 + H**2 + H)

    says(r"$2 G H'^2 = G H^2$ gives the width $H' = H / \sqrt2$")
    assert np.isclose(size(1, 2, H=10**5 / 2**0.5), size(1, 1), rtol=1e-4)
    sizes = [size(L, d) / size(1, 1) for L, d in ((1, 2), (2, 1), (2, 2))]
    assert np.allclose(sizes, [2, 3, 8], rtol=1e-3)


def test_the_layers_of_the_recorded_stack_have_three_time_scales_and_no_ladder(data):
    says("The top layer does hold on longest, but the middle one forgets fastest")
    deep = store.model("stacked-lstm").model.eval()
    words = [data.letters.encode(word) for word in data.valid if len(word) == 8]
    letters = torch.tensor(np.stack(words))
    for shift in (1, 2):
        changed = letters.clone()
        changed[:, 1] = letters[:, 1].roll(shift)
        with torch.no_grad():
            before, after = (deep.recurrent.states(deep.embedding(x)) for x in (letters, changed))
        moved = [(a - b).norm(dim=-1).mean(0) for a, b in zip(after, before, strict=True)]
        one, two, three = (float(norms[5] / norms[1]) for norms in moved)
        assert two < one < three


def test_one_mask_is_better_for_memory_than_many():
    says("With a share of one fifth", "a unit would survive $n$ steps with probability $(1-p)^n$")
    kept = np.random.default_rng(0).random((100_000, 20)) > 0.2
    assert np.isclose(kept.all(1).mean(), 0.8**20, atol=2e-3)
    assert np.isclose(kept[:, 0].mean(), 0.8, atol=5e-3)


def copies(dropout: dict) -> np.ndarray:
    """What a Keras layer keeps of ones, on its input or in its state. Shape: (T, H)."""
    through = "recurrent_dropout" in dropout
    layer = keras.layers.SimpleRNN(
        100,
        activation=None,
        use_bias=False,
        return_sequences=True,
        kernel_initializer="zeros" if through else "identity",
        recurrent_initializer="identity" if through else "zeros",
        **dropout,
    )
    x, state = np.ones((1, 5, 100), np.float32), np.ones((1, 100), np.float32)
    return np.asarray(layer(x, initial_state=state, training=True))[0] > 0


def test_keras_keeps_its_masks_over_time():
    says("`recurrent_dropout` stands on the arrow through time and keeps its mask; so does its")
    for argument in ("dropout", "recurrent_dropout"):
        kept = copies({argument: 0.5})
        assert (kept == kept[0]).all()
        assert 0.2 < kept.mean() < 0.8


def test_a_dropout_layer_of_keras_draws_anew_unless_told():
    says("draws anew at each step unless it is told `noise_shape=(B, 1, H)`")
    x = np.ones((2, 5, 100), np.float32)
    fresh = np.asarray(keras.layers.Dropout(0.5)(x, training=True))
    same = np.asarray(keras.layers.Dropout(0.5, noise_shape=(2, 1, 100))(x, training=True))
    assert not (fresh == fresh[:, :1]).all()
    assert (same == same[:, :1]).all()
    assert not (same[0] == same[1]).all()


def test_pytorch_drops_between_layers_and_warns_of_a_single_one():
    says("In PyTorch it does nothing there, and only a warning says so.")
    with pytest.warns(UserWarning, match="num_layers"):
        single = nn.LSTM(3, 4, num_layers=1, dropout=0.9)
    x = torch.randn(5, 1, 3)
    assert torch.equal(single(x)[0], single(x)[0])
    says("between the layers, new at each step, none on the input or above the top layer")
    double = nn.LSTM(3, 50, num_layers=2, dropout=0.5)
    assert not torch.equal(double(x)[0], double(x)[0])
    halves = [double(x) for _ in range(2)]
    assert torch.equal(halves[0][1][0][0], halves[1][1][0][0])  # layer 1: its input is whole
    assert (halves[0][0] != 0).all()  # and so is what comes out at the top


def test_the_gap_between_depths_hangs_on_the_learning_rate():
    says(
        "more phonemes wrong than one layer at the smallest rate", "more if each has its best rate"
    )
    per = {"basic": {}, "stacked": {}}
    for row in store.rows("tuning"):
        lstm = row["variant"].startswith("lstm") and not row["arguments"]["dropout"]
        if row["model"] in per and lstm:
            per[row["model"]][row["recipe"]["learning_rate"]] = 100 * row["valid"]["per"]
    smallest = min(per["basic"])
    gap = min(per["stacked"].values()) - min(per["basic"].values())
    assert per["stacked"][smallest] - per["basic"][smallest] > 2 * gap > 0


def test_deep_stacks_learn_even_their_training_words_less_well():
    says("deep one-directional stacks learn even their training words less well")
    last = {}
    for row in [*store.rows("matched"), *store.rows("ablations")]:
        if row["framework"] == "pytorch":
            last.setdefault(store.name(row), []).append(row["epochs"][-1]["loss"])
    means = [np.mean(last[name]) for name in ("basic-lstm", "stacked-lstm", "stacked-4-layers")]
    assert means == sorted(means)
    assert means[-1] > means[0] + 0.01


# By hand: for each of the four words, the words that begin like what is known of it at its a.
WORDS = {"hat": "AE", "hate": "EY", "had": "AE", "cane": "EY"}
ALIKE = {
    0: {"hat": 3, "hate": 3, "had": 3, "cane": 1},
    1: {"hat": 2, "hate": 2, "had": 1, "cane": 1},
    2: {"hat": 1, "hate": 1, "had": 1, "cane": 1},
}


@pytest.mark.parametrize(("k", "wrong", "bits"), [(0, 1, 3 * np.log2(3) - 2), (1, 1, 2), (2, 0, 0)])
def test_four_words_by_hand(k, wrong, bits):
    says("| *ha* | hat, hate, had | AE, EY, AE | AE | 1 | $3 \\log_2 3 - 2$ |")
    says(
        "| *hat* | hat, hate | AE, EY | either | 1 | 2 |", "at best it reads one *a* in four wrong"
    )
    loss, right = 0.0, 0
    groups = {}
    for word in WORDS:
        groups.setdefault((word + "$" * k)[: 2 + k], []).append(word)
    for group in groups.values():
        tags = [WORDS[word] for word in group]
        assert all(ALIKE[k][word] == len(group) for word in group)
        right += max(map(tags.count, tags))
        loss += sum(-np.log2(tags.count(tag) / len(tags)) for tag in tags)
    assert len(WORDS) - right == wrong
    assert np.isclose(loss, bits)


def test_the_function_of_the_page_finds_the_floor_of_the_dictionary(page, data):
    says("This is the floor under every one-directional net on these words, stacked or not.")
    (cell,) = re.findall(r"def best_possible.*?return wrong, bits\n", page, re.DOTALL)
    space = {}
    exec("from collections import Counter, defaultdict\nfrom math import log2\n" + cell, space)
    pairs = [("ab", "12"), ("ac", "32"), ("ac", "32"), ("b", "1")]
    assert space["best_possible"](pairs, 0)[0] == 1
    assert space["best_possible"](pairs, 1)[0] == 0
    words = {}
    for letters, targets in data.train.by_length.values():
        for row, tags in zip(letters.tolist(), targets.tolist(), strict=True):
            words["".join(data.letters.symbols[i] for i in row)] = tags
    wrong = [space["best_possible"](words.items(), k)[0] for k in (0, 1, 2)]
    assert wrong[0] > 2 * wrong[1] > 2 * wrong[2]


def test_no_chain_is_longer_than_in_one_direction():
    says(
        "gradient chain no longer than a one-directional one's",
        "the nearer end is never more than $\\frac{T-1}{2}$ steps off",
    )
    T, u = 7, 0.5
    layer = with_weights(Bidirectional("elman", 1, 1), w=1, u=u)
    jacobian = torch.autograd.functional.jacobian(
        lambda x: layer(x.reshape(1, -1, 1))[0], torch.zeros(T, dtype=torch.double)
    )
    steps = -torch.log2(jacobian.amax(1))  # (T, T): each factor of one half is a step
    apart = torch.arange(T)[:, None] - torch.arange(T)
    assert torch.allclose(steps, abs(apart).double())
    assert steps.max() == T - 1
    nearer = -torch.log2(torch.maximum(jacobian[-1, 0], jacobian[0, 1]))
    assert nearer.max() <= (T - 1) / 2


@pytest.mark.parametrize("framework", models.FRAMEWORKS)
def test_two_directions_say_a_fair_coin_and_cannot(framework):
    says(
        "Two directions reach a loss near zero on a fair coin",
        "no better than the one-directional net, which stood at",
    )
    rng = np.random.default_rng(1)
    for name, inside in (("basic", np.log(2)), ("bidirectional", 0)):
        spec = models.spec(name, cell="gru", embedding_size=8, hidden_size=16)
        trainer = models.trainer(framework, models.build(framework, spec, 4, 2, seed=1), Recipe())
        for _ in range(300):
            tosses = rng.integers(2, 4, (64, 13), dtype=np.int32)
            trainer.train_step(Batch(tosses[:, :-1], tosses[:, 1:] - 2), 1e-2)
        tosses = rng.integers(2, 4, (2000, 13), dtype=np.int32)
        y = parity.logits(trainer.model, tosses[:, :-1])
        wanted = torch.tensor(tosses[:, 1:] - 2).long()
        loss = nn.functional.cross_entropy(
            torch.tensor(np.asarray(y)).transpose(1, 2), wanted, reduction="none"
        ).mean(0)
        assert abs(loss[:-1].mean() - inside) < 0.02
        assert -0.02 < loss[-1] - np.log(2) < 0.1


def test_the_summary_of_pytorch():
    says("Only the packed batch and the masked one are right in both halves.", "`h_n[-2:]`")
    D, H = 3, 5
    lstm = nn.LSTM(D, H, num_layers=2, batch_first=True, bidirectional=True)
    x, lengths = torch.randn(2, 4, D), torch.tensor([4, 2])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, (alone, _) = lstm(x[1:, :2])
    _, (h_n, _) = lstm(packed)
    output, (padded, _) = lstm(x)
    assert torch.allclose(h_n[-2:, 1], alone[-2:, 0], atol=1e-6)
    for wrong in (padded[-2:, 1], output[1, -1].reshape(2, H)):
        assert not torch.isclose(wrong, alone[-2:, 0], atol=1e-3).any(1).all()
    whole, (h_n, _) = lstm(x[:1])
    assert torch.allclose(h_n[-2, 0], whole[0, -1, :H])
    assert torch.allclose(h_n[-1, 0], whole[0, 0, H:])


def test_the_summary_of_keras():
    says("a masked `Bidirectional` returns the two right states, joined")
    x = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    mask = np.arange(4) < np.array([[4], [2]])
    layer = keras.layers.Bidirectional(keras.layers.LSTM(5))
    alone = np.asarray(layer(x[1:, :2]))[0]
    assert np.allclose(np.asarray(layer(x, mask=mask))[1], alone, atol=1e-6)
    plain = np.asarray(layer(x))[1]
    assert not np.allclose(plain[:5], alone[:5], atol=1e-3)
    assert not np.allclose(plain[5:], alone[5:], atol=1e-3)


def test_a_mask_of_the_embedding_travels_through_a_stack_of_keras():
    says("`Embedding(mask_zero=True)` has made travels on from layer to layer by itself")
    words = np.array([[3, 1, 2, 4], [2, 5, 0, 0]])
    differ = []
    for masked in (True, False):
        net = keras.Sequential(
            [
                keras.layers.Embedding(6, 3, mask_zero=masked, embeddings_initializer="normal"),
                keras.layers.Bidirectional(keras.layers.LSTM(5, return_sequences=True)),
                keras.layers.Bidirectional(keras.layers.LSTM(5)),
            ]
        )
        net(words)
        net.set_weights([weight + 0.1 for weight in net.get_weights()])
        together, alone = np.asarray(net(words))[1], np.asarray(net(words[1:, :2]))[0]
        differ.append(np.abs(together - alone).max())
    assert differ[0] < 1e-6 < 1e-3 < differ[1]


def test_zeros_for_padding_hide_the_fault_until_training():
    says("zeros leave a state of zeros as it is while the biases are still 0")
    x = np.random.default_rng(0).standard_normal((1, 4, 3)).astype(np.float32)
    x[:, 2:] = 0
    layer = keras.layers.LSTM(5, go_backwards=True)
    assert np.allclose(layer(x), layer(x[:, :2]), atol=1e-6)
    kernel, recurrent, bias = layer.get_weights()
    layer.set_weights([kernel, recurrent, bias + 0.1])
    assert not np.allclose(layer(x), layer(x[:, :2]), atol=1e-3)


def test_past_and_future_meet_in_a_layer_above_and_in_no_stack_of_one_direction():
    says("In two stacks every score is a number from the past plus a number from the future")
    torch.manual_seed(0)
    D, H = 3, 5
    ends = 5 * torch.randn(2, D)
    x = torch.stack([torch.stack([p, torch.ones(D), q]) for p in ends for q in ends])
    layered = Stack("lstm", D, H, 2, bidirectional=True)
    ahead, back = Stack("lstm", D, H, 2), Stack("lstm", D, H, 2)
    apart = torch.cat([ahead(x)[0], back(x.flip(1))[0].flip(1)], dim=-1)
    for y, meets in ((layered(x)[0], True), (apart, False)):
        middle = y[:, 1]
        assert (((middle[0] - middle[1]) - (middle[2] - middle[3])).abs().max() > 1e-4) == meets


def test_the_record_says_what_each_step_buys():
    says(
        "In this book's task the direction is worth",
        "Depth in one direction changes nothing",
        "and two layers, the same step as in the last row, differ",
        "Only then does a second layer pay",
    )
    gains = statistics.compare(
        [
            ("stacked-lstm", "basic-lstm"),
            ("bidirectional-lstm", "basic-lstm"),
            ("look-ahead-lstm", "basic-lstm"),
            ("stacked-bidirectional-lstm", "bidirectional-lstm"),
        ]
    ).set_index("model")
    depth, two, late, both = (gains.iloc[row] for row in range(4))
    assert depth["low"] < 0 < depth["high"]
    assert max(-depth["low"], depth["high"]) < 1
    assert two["high"] < late["low"] < late["high"] < -30
    assert both["high"] < -1
    assert max(row["p, Holm"] for row in (two, late, both)) < 0.05
    runs = store.table("ablations").query("framework == 'pytorch'").groupby("name")["WER"].mean()
    basic = store.table("matched").query("framework == 'pytorch'").groupby("name")["WER"].mean()
    assert abs(runs["stacked-2-layers"] - basic["basic-lstm"]) < 1


def test_depth_weighs_more_in_speech():
    says("five layers instead of one took away nearly a quarter of the phoneme errors")
    mean = store.table("matched").query("framework == 'pytorch'").groupby("name")["WER"].mean()
    gain = 1 - mean["stacked-bidirectional-lstm"] / mean["bidirectional-lstm"]
    assert 0.03 < gain < 0.5 * (1 - 18.4 / 23.9)
    assert round(1 - 18.4 / 23.9, 2) == 0.23


def test_the_bits_of_ha_are_a_sum_over_its_words():
    says("together $3 \\log_2 3 - 2$")
    assert np.isclose(np.log2(3) + 2 * np.log2(3 / 2), 3 * np.log2(3) - 2)


def test_the_table_of_the_record_compares_equal_sizes_and_five_seeds():
    says("about the same number of parameters", "trained to the end with five seeds")
    names = ("basic", "stacked", "look-ahead", "bidirectional", "stacked-bidirectional")
    wanted = {f"{name}-lstm" for name in names}
    table = store.table("matched")
    ours = table[table["name"].isin(wanted) & (table["framework"] == "pytorch")]
    assert set(ours["name"]) == wanted
    assert (abs(ours["parameters"] / suite.PARAMETERS - 1) < 0.02).all()
    assert (ours.groupby("name").size() == 5).all()


def test_what_must_be_findable_at_a_glance_is_there(page):
    glance = page.split("## At a glance")[1].split("## The equations")[0]
    assert glance.count("| advantages | drawbacks | remedies |") == 2
    assert "**Stacking**" in glance
    assert "**Two directions**" in glance
    assert page.index("## At a glance") < 0.15 * len(page)
