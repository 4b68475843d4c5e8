import io
import json
import math
import re
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from unrolled import bench, models
from unrolled.bench import arithmetic, loops, machine, products, rows, setting
from unrolled.bench.arithmetic import Product
from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.tasks.task import ABSENT, Batch
from unrolled.torch.cells import CELLS, Recurrent, State
from unrolled.torch.training import Trainer
from unrolled.training import Recipe

SMALL = bench.Setting(hidden_size=16, embedding_size=8, batch_size=8, length=2, threads=1)


NAMES = ("elman", "conv", "encoder-decoder-attention")
SIZES = {"embedding_size": 4, "hidden_size": 6}
with_models = pytest.mark.parametrize("name", loops.MODELS)


@pytest.fixture(scope="module")
def measured() -> Sequence[bench.Row]:
    return bench.run(NAMES, setting=SMALL, budget=Budget.SMOKE)


def small(name: str) -> tuple[loops.Model, models.Spec]:
    """A model of the bench, and its spec with few units."""
    model = loops.MODELS[name]
    return model, replace(model.spec, arguments={**model.spec.arguments, **SIZES})


def test_every_model_can_be_measured() -> None:
    assert {*models.FUSED, *models.NAMED} - {"basic"} == set(bench.MODELS)


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


def test_the_products_of_a_batch_have_steps_and_batches() -> None:
    product = Product(rows=2, inputs=3, outputs=5, batch=7)
    assert product.flops == 7 * 180
    assert product.shapes() == [(2, 3, 5), (2, 5, 3), (3, 2, 5)]  # each of them seven times


@pytest.mark.parametrize(("cell", "gates"), [("elman", 1), ("lstm", 4), ("gru", 3)])
def test_the_operations_of_a_tagger_are_those_of_the_formula(cell: str, gates: int) -> None:
    B, T, D, H, K = 5, 3, 4, 6, 7
    arguments = {"cell": cell, "embedding_size": D, "hidden_size": H}
    needed = products.tagger(B, T, T, K, arguments)
    formula = 3 * 2 * B * T * (D * H * gates + H * H * gates) + 3 * 2 * B * T * H * K
    assert sum(product.flops for product in needed) == formula
    by_shape = sum(2 * m * k * n for product in needed for m, k, n in product.shapes())
    assert by_shape == formula


@with_models
def test_the_operations_are_those_that_pytorch_counts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our layers step by step, so that every product shows; the first one, by h_0, counts too."""

    def stepwise(layer: Recurrent, x: torch.Tensor, state: State | None = None) -> object:
        state = layer.initial_state(len(x)) if state is None else state
        state = tuple(h if h.requires_grad else h.requires_grad_() for h in state)
        return Recurrent.unroll(layer, x, state)

    for cell in (CELLS[name] for name in models.FUSED):
        monkeypatch.setattr(cell, "forward", stepwise)
    B, T, U, K = 5, 3, 4, 7
    model, spec = small(name)
    U = U if spec.answer == "sequence" else T
    ours = models.build("pytorch", spec, 9, K, seed=0)
    letters, targets = (torch.ones(B, steps, dtype=torch.long) for steps in (T, U))
    with FlopCounterMode(display=False) as counter:
        logits = ours.teach(letters, targets)
        nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
    needed = model.products(B, T, U, K, spec.arguments)
    assert counter.get_total_flops() == sum(product.flops for product in needed)


def test_the_products_that_are_run_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[int, ...]] = []

    def multiply(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> None:
        done.append((*a.shape, b.shape[-1]))
        assert b.shape[-2] == a.shape[-1]
        assert a.dtype == b.dtype == torch.float32
        assert out.shape == (*a.shape[:-1], b.shape[-1])

    for name in ("mm", "bmm"):
        monkeypatch.setattr(torch, name, multiply)
    looks = Product(rows=3, inputs=4, outputs=3, batch=2)
    needed = [*arithmetic.recurrent(B=2, T=3, D=4, H=5, gates=3), looks]
    run, run_square = arithmetic.multiply(needed), arithmetic.square(6)
    run()
    run_square()
    step, back, both = (2, 5, 15), (2, 15, 5), (5, 6, 15)
    inputs = [(6, 4, 15), (6, 15, 4), (4, 6, 15)]
    words = [(2, 3, 4, 3), (2, 3, 3, 4), (2, 4, 3, 3)]
    assert done == [*inputs, step, step, step, back, back, back, both, *words, (6, 6, 6)]


@with_models
def test_the_bare_loop_and_ours_do_the_same_mathematics(name: str) -> None:
    rng, (model, spec) = np.random.default_rng(0), small(name)
    letters, targets = (rng.integers(n, size=(8, 5), dtype="int32") for n in (9, 7))
    targets[0, 3:] = ABSENT
    ours = models.build("pytorch", spec, 9, 7, seed=0)
    bare = model.bare(9, 7, spec.arguments)
    theirs, shared = dict(bare.named_parameters()), {}
    with torch.no_grad():
        for at, parameter in theirs.items():
            if ".bias_hh" in at:
                parameter.zero_()  # where ours has one bias, the other of PyTorch's two is 0
        for at, parameter in ours.named_parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=torch.manual_seed(1)))
            shared[at] = theirs.pop(_bare_name(at, theirs))
            shared[at].copy_(parameter)
    assert all(".bias_hh" in at for at in theirs), "nothing else is left over"
    # Our gradients are never clipped here, and the bare loop's rate is constant.
    trainer = Trainer(ours, Recipe(optimizer="sgd", clip_norm=1e9))
    optimizer = torch.optim.SGD(bare.parameters(), lr=0.1)
    made = torch.from_numpy(letters).long(), torch.from_numpy(targets).long()
    loss = loops.bare_step(bare, optimizer, *made)
    assert trainer.train_step(Batch(letters, targets), 0.1) == pytest.approx(loss.item(), rel=1e-5)
    for at, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter, shared[at], rtol=1e-4, atol=1e-6)
    assert loops.bare_step(bare, optimizer, *made) < loss


def _bare_name(name: str, theirs: Mapping[str, object]) -> str:
    """What the bare model calls a parameter of ours."""
    name = name.removeprefix("attention.")
    layer = re.fullmatch(
        r"(\w+)\.(?:layers\.(\d)\.)?(?:(forward|backward)_layer\.)?(weight_.h|bias(?:_hh)?)", name
    )
    if not layer or f"{layer[1]}.bias" in theirs:
        return name
    part, index, direction, tensor = layer.groups()
    tensor = "bias_ih" if tensor == "bias" else tensor
    end = "_reverse" if direction == "backward" else ""
    bare = f"{part}.{tensor}_l{index or 0}{end}"
    return bare if bare in theirs else f"{part}.{tensor}"


def test_our_loop_is_an_epoch_of_training() -> None:
    work, examples = setting.draw(SMALL, steps=3)
    seen: list[tuple[tuple[int, ...], float]] = []

    class Seen(Trainer):
        def train_step(self, batch: Batch, learning_rate: float) -> float:
            seen.append((batch.inputs.shape, learning_rate))
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
    assert [row.model for row in measured] == list(NAMES)
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
    sized, examples = setting.draw(chosen, steps=200)
    assert len(examples) == 200 * 64
    assert all(len(letters) % 64 == 0 for letters, _ in examples.by_length.values())
    data = setting.pronunciation.load()
    assert (sized.num_letters, sized.num_tags) == (len(data.letters), len(data.tags))
    mean = examples.num_letters / len(examples)
    assert mean == pytest.approx(data.train.num_letters / len(data.train), rel=0.05)


def test_the_default_sizes_are_those_of_the_dictionary() -> None:
    data = setting.pronunciation.load()
    default = bench.Setting()
    assert (default.num_letters, default.num_tags) == (len(data.letters), len(data.tags))
    assert default.num_symbols == len(data.target("phonemes").symbols)


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
