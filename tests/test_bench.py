import io
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from unrolled import bench, models
from unrolled.bench import arithmetic, loops, machine, rows, setting
from unrolled.bench.arithmetic import Product
from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.torch.training import Trainer
from unrolled.training import Recipe

SMALL = bench.Setting(hidden_size=16, embedding_size=8, batch_size=8, length=2, threads=1)


@pytest.fixture(scope="module")
def measured() -> Sequence[bench.Row]:
    return bench.run(setting=SMALL, budget=Budget.SMOKE)


def test_a_product_is_counted_as_by_hand() -> None:
    # (2, 3) by (3, 5): 2 * 5 sums of 3 products, each a multiplication and an addition: 60.
    # d_input = d_output (2, 5) by (5, 3) and d_matrix = input (3, 2) by (2, 5): 60 each.
    product = Product(rows=2, inputs=3, outputs=5)
    assert product.flops == 180
    assert product.shapes() == [(2, 3, 5), (2, 5, 3), (3, 2, 5)]


def test_steps_follow_one_another_and_their_matrix_has_one_gradient() -> None:
    product = Product(rows=2, inputs=3, outputs=5, steps=4)
    assert product.flops == 4 * 180
    assert product.shapes() == [(2, 3, 5)] * 4 + [(2, 5, 3)] * 4 + [(3, 8, 5)]


@pytest.mark.parametrize(("cell", "gates"), [("elman", 1), ("lstm", 4), ("gru", 3)])
def test_the_operations_of_a_tagger_are_those_of_the_formula(cell: str, gates: int) -> None:
    B, T, D, H, K = 5, 3, 4, 6, 7
    arguments = {"cell": cell, "embedding_size": D, "hidden_size": H}
    products = loops.tagger_products(B, T, K, arguments)
    formula = 3 * 2 * B * T * (D * H * gates + H * H * gates) + 3 * 2 * B * T * H * K
    assert sum(product.flops for product in products) == formula
    by_shape = sum(2 * m * k * n for product in products for m, k, n in product.shapes())
    assert by_shape == formula


@pytest.mark.parametrize("cell", models.CELLS)
def test_the_operations_are_those_that_pytorch_counts(cell: str) -> None:
    # Our layers step by step, so that every product shows; the first one, by h_0, is counted too.
    B, T, D, H, K = 5, 3, 4, 6, 7
    arguments = {"cell": cell, "embedding_size": D, "hidden_size": H}
    model = models.build("pytorch", models.spec("basic", **arguments), 9, K, seed=0)
    letters, tags = torch.ones(B, T, dtype=torch.long), torch.zeros(B, T, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        state = tuple(h.requires_grad_() for h in model.recurrent.initial_state(B))
        outputs = []
        for x_t in model.embedding(letters).unbind(1):
            state = model.recurrent.step(x_t, state)
            outputs.append(state[0])
        logits = model.readout(torch.stack(outputs, 1))
        nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten()).backward()
    products = loops.tagger_products(B, T, K, arguments)
    assert counter.get_total_flops() == sum(product.flops for product in products)


def test_the_products_that_are_run_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[int, int, int]] = []

    def mm(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
        done.append((*a.shape, b.shape[1]))
        assert b.shape[0] == a.shape[1]
        assert a.dtype == b.dtype == torch.float32
        assert out.shape == (a.shape[0], b.shape[1])

    products = arithmetic.recurrent(B=2, T=3, D=4, H=5, gates=3)
    run, run_square = arithmetic.multiply(products), arithmetic.square(6)
    monkeypatch.setattr(torch, "mm", mm)
    run()
    run_square()
    step, back, both = (2, 5, 15), (2, 15, 5), (5, 6, 15)
    inputs = [(6, 4, 15), (6, 15, 4), (4, 6, 15)]
    assert done == [*inputs, step, step, step, back, back, back, both, (6, 6, 6)]


@pytest.mark.parametrize("cell", models.CELLS)
def test_the_bare_loop_and_ours_do_the_same_mathematics(cell: str) -> None:
    rng = np.random.default_rng(0)
    letters, tags = (rng.integers(n, size=(8, 5), dtype="int32") for n in (9, 7))
    arguments = {"cell": cell, "embedding_size": 4, "hidden_size": 6}
    ours = models.build("pytorch", models.spec("basic", **arguments), 9, 7, seed=0)
    bare = loops.BareTagger(9, 7, **arguments)
    layer, theirs = ours.recurrent, bare.recurrent
    with torch.no_grad():
        theirs.bias_hh_l0.copy_(getattr(layer, "bias_hh", torch.zeros_like(layer.bias)))
        theirs.bias_ih_l0.copy_(layer.bias)
        for mine, other in _shared(ours, bare).items():
            other.copy_(mine)
    # Our gradients are never clipped here, and the bare loop's rate is constant.
    trainer = Trainer(ours, Recipe(clip_norm=1e9))
    optimizer = torch.optim.Adam(bare.parameters(), lr=0.01)
    made = torch.from_numpy(letters).long(), torch.from_numpy(tags).long()
    loss = loops.bare_step(bare, optimizer, *made)
    assert trainer.train_step(letters, tags, 0.01) == pytest.approx(loss.item(), rel=1e-6)
    for mine, other in _shared(ours, bare).items():
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)
    assert loops.bare_step(bare, optimizer, *made) < loss


def _shared(ours: nn.Module, bare: nn.Module) -> dict[nn.Parameter, nn.Parameter]:
    """Ours and the bare one's, but for the bias of the layer: two of PyTorch's make one of ours."""
    return {
        ours.embedding.weight: bare.embedding.weight,
        ours.recurrent.weight_ih: bare.recurrent.weight_ih_l0,
        ours.recurrent.weight_hh: bare.recurrent.weight_hh_l0,
        ours.readout.weight: bare.readout.weight,
        ours.readout.bias: bare.readout.bias,
    }


def test_our_loop_is_an_epoch_of_training() -> None:
    work, examples = setting.words(SMALL, steps=3)
    seen: list[tuple[tuple[int, ...], float]] = []

    class Seen(Trainer):
        def train_step(self, letters: np.ndarray, tags: np.ndarray, learning_rate: float) -> float:
            seen.append((letters.shape, learning_rate))
            return 0.0

    recipe = Recipe(batch_size=SMALL.batch_size)
    model = models.build("pytorch", models.spec("basic"), work.num_letters, work.num_tags, seed=0)
    loop = loops.training_loop(Seen(model, recipe), examples)
    assert loop() == 3 * SMALL.batch_size * SMALL.length
    assert seen == [((8, 2), recipe.rate_at(step, 3)) for step in range(3)]


def test_rates_and_ratios_are_medians_over_the_rounds() -> None:
    rounds = {
        "pytorch": [90.0, 200.0, 110.0],
        "bare": [100.0, 100.0, 200.0],
        "keras": [30.0, 50.0, 40.0],
        "keras-xla": [60.0, 10.0, 55.0],
        "limit": [1000.0, 1000.0, 1000.0],
        "square": [2000.0, 1000.0, 500.0],
    }
    rates, keras, ratios = rows.summarise(rounds)
    assert rates["pytorch"] == bench.Spread(110.0, 90.0, 200.0)
    assert keras == "keras-xla"  # median 55 against 40
    assert ratios["pytorch/bare"] == bench.Spread(0.9, 0.55, 2.0)
    assert ratios["keras/pytorch"] == bench.Spread(0.5, 0.05, 60 / 90)
    assert ratios["keras/limit"] == bench.Spread(0.055, 0.01, 0.06)
    assert ratios["limit/square"] == bench.Spread(1.0, 0.5, 2.0)


def test_every_row_is_complete_and_finite(measured: Sequence[bench.Row]) -> None:
    assert [row.model for row in measured] == list(models.CELLS)
    for row in measured:
        assert list(row.rounds) == ["pytorch", "bare", "keras", "keras-xla", "limit", "square"]
        assert {len(values) for values in row.rounds.values()} == {3}
        values = [x for values in row.rounds.values() for x in values] + [*row.gflops.values()]
        assert all(0 < x < math.inf for x in values)
        assert set(row.compile_seconds) == {"keras", "keras-xla"}
        assert all(0 < seconds < 300 for seconds in row.compile_seconds.values())


def test_ratios_agree_with_the_rates(measured: Sequence[bench.Row]) -> None:
    for row in measured:
        assert (row.rates, row.keras, row.ratios) == rows.summarise(row.rounds)
        assert set(bench.TARGETS) < set(row.ratios)
        for ratio in row.ratios.values():
            assert ratio.low <= ratio.median <= ratio.high


def test_the_rate_of_products_is_plausible(measured: Sequence[bench.Row]) -> None:
    # From a slow core to a large server; letters and operations must agree.
    for row in measured:
        assert 0.5 < row.gflops["square"] < 20_000
        assert row.gflops["limit"] == pytest.approx(
            row.rates["limit"].median * row.flops_per_letter / 1e9
        )


def test_a_loop_of_products_takes_as_long_as_the_products() -> None:
    # A hundredth of a second and more a loop, so that what stands around the products is nothing.
    loop = loops.counted(arithmetic.square(512), letters=7.0)
    a, out = torch.rand(512, 512), torch.empty(512, 512)
    seconds: dict[str, list[float]] = {"loop": [], "torch.mm": []}
    with machine.same_threads(1):
        for _ in range(15):
            started = time.process_time()
            assert [loop() for _ in range(4)] == [7.0] * 4
            between = time.process_time()
            for _ in range(4):
                torch.mm(a, a, out=out)
            seconds["loop"].append(between - started)
            seconds["torch.mm"].append(time.process_time() - between)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    assert medians["loop"] == pytest.approx(medians["torch.mm"], rel=0.5)


def test_rows_are_json_and_tell_the_setting_and_the_machine(measured: Sequence[bench.Row]) -> None:
    (read, *_) = json.loads(json.dumps([asdict(row) for row in measured]))
    assert read["setting"]["hidden_size"] == 16
    assert read["rates"]["bare"].keys() == {"median", "low", "high"}
    facts = read["facts"]
    assert facts["threads"]["pytorch"] == 1
    assert facts["cpu"]
    assert {"python", "numpy", "torch", "tensorflow", "keras"} <= facts["versions"].keys()


def test_the_table_shows_every_loop_and_the_ratios(measured: Sequence[bench.Row]) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(bench.table(measured))
    text = console.export_text()
    for row in measured:
        assert f"{row.ratios['pytorch/bare'].median:.2f} (" in text
        assert f"{row.ratios['keras/pytorch'].median:.2f} (" in text
        assert f"{row.rates['limit'].median / 1000:.0f}" in text
    assert text.count("keras-xla") == 2 * len(measured)  # its line, and its compile time
    assert "words of 2 letters" in text


@pytest.mark.parametrize(
    ("load", "clock", "warned"),
    [
        (3.0, "perf_counter", True),
        (0.4, "perf_counter", False),
        (3.0, "process_time", False),
        (None, "perf_counter", False),
    ],
)
def test_a_busy_machine_is_told_of(
    measured: Sequence[bench.Row], load: float | None, clock: str, warned: bool
) -> None:
    facts = measured[0].facts | {"load": load, "clock": clock, "cores": 2}
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(bench.table([replace(measured[0], facts=facts)]))
    assert ("Other programs are busy" in console.export_text()) == warned


def test_threads_are_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    with machine.same_threads(before + 1) as threads:
        assert threads["pytorch"] == torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before


def test_real_words_have_the_lengths_of_the_dictionary() -> None:
    chosen = bench.Setting(real=True, batch_size=64)
    found, examples = setting.words(chosen, steps=200)
    assert len(examples) == 200 * 64
    assert all(len(letters) % 64 == 0 for letters, _ in examples.by_length.values())
    data = setting.pronunciation.load()
    assert (found.num_letters, found.num_tags) == (len(data.letters), len(data.tags))
    mean = examples.num_letters / len(examples)
    assert mean == pytest.approx(data.train.num_letters / len(data.train), rel=0.05)


def test_the_default_sizes_are_those_of_the_dictionary() -> None:
    data = setting.pronunciation.load()
    default = bench.Setting()
    assert (default.num_letters, default.num_tags) == (len(data.letters), len(data.tags))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bench.run(["transformer"]), "no model transformer"),
        (lambda: bench.Setting(hidden_size=0), "hidden_size is 0"),
        (lambda: bench.Setting(threads=0), "threads is 0"),
        (
            lambda: bench.run(setting=bench.Setting(real=True, batch_size=10**6)),
            "no length has 1000000 words",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(call, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
