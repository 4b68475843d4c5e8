"""The sentences of theory/types-of-rnn about all cells, held against what is recorded."""

from functools import partial

import claims
import pytest
from unrolled import census, models
from unrolled.experiments import cells, store, suite, trials

says = partial(claims.says, "theory/types-of-rnn")

GATED = [*census.FAMILIES["gated"], "slstm"]  # gates that see the state
ROTATING = ["elman", "orthogonal", "lru"]
INPUT_ALONE = ["sru", "qrnn", "mingru", "minlstm", "selective-ssm", "rg-lru", "rwkv", "mlstm"]
UNCHANGING = ["elman", "jordan", "indrnn", "clockwork", "orthogonal", "echo-state", "lru", "s4d"]


@pytest.fixture(scope="module")
def right():
    return census.right()


@pytest.fixture(scope="module")
def lags():
    return {key: lag.longest for key, lag in census.lags().items()}


@pytest.fixture(scope="module")
def paces():
    return census.paces()


def test_every_cell_is_recorded(right, lags, paces):
    assert set(right.index) == set(models.CELLS)
    assert set(lags) == {(cell, task) for cell in models.CELLS for task in trials.TASKS}
    assert set(paces.index.get_level_values("cell")) == set(models.CELLS)
    assert paces.notna().all(axis=None)
    assert list(trials.missing("memory")) == []
    assert list(trials.missing("pace")) == []


def test_every_cell_was_trained_alike():
    says(
        "All cells have about {glue:text}`per_cell:,` parameters and {glue:text}`epochs` epochs",
        "For {glue:text}`edge` of them the highest learning rate of the search was the best",
    )
    rows = store.rows("cells")
    assert {row["recipe"]["epochs"] for row in rows} == {cells.EPOCHS}
    assert all(abs(row["parameters"] / suite.PARAMETERS - 1) < 0.02 for row in rows)
    seeds = store.table("cells").groupby("name")["seed"].apply(sorted)
    assert all(found == list(cells.SEEDS) for found in seeds)


def test_the_rates_are_the_best_of_the_search():
    found = {}
    for row in store.rows("cells-tuning"):
        key = row["arguments"]["cell"]
        found.setdefault(key, []).append((row["valid"]["per"], row["recipe"]["learning_rate"]))
    assert {cell: min(tried)[1] for cell, tried in found.items()} == cells.RATES
    assert all(sorted(rate for _, rate in tried) == list(cells.GRID) for tried in found.values())


def test_gates_that_see_the_state_read_best(right):
    says(
        "The cells whose gates see the state read best, and among them it hardly matters which",
        "The plain cell stands right beside them",
        "Every cell that leaves the state out of its gates, or is linear in it, reads worse; the "
        "best of them is the LRU",
    )
    gated = right.loc[GATED, "phonemes"]
    assert gated.max() == right["phonemes"].max()
    assert gated.max() - gated.min() < 0.7
    assert gated.min() == gated["gru-before"]
    assert gated.max() == gated["gru"]
    assert abs(right["phonemes"]["elman"] - gated.mean()) < 0.4
    others = [*INPUT_ALONE, "lru", "s4d"]
    assert right.loc[others, "highest"].max() < right.loc[[*GATED, "elman"], "lowest"].min() - 0.2
    assert right.loc[others, "phonemes"].idxmax() == "lru"


def test_what_was_not_expected(right):
    says(
        "The echo state, whose loop is never trained, reads {glue:text}`right_echo_state:.1f` % "
        "right, more than the fully trained RG-LRU",
        "And the mLSTM is last",
    )
    assert right["lowest"]["echo-state"] > right["highest"]["rg-lru"] + 0.2
    assert right["phonemes"].idxmin() == "mlstm"


def test_two_kinds_of_memory(lags):
    says(
        "The table shows two kinds of memory, and no cell has both.",
        "the cells whose gates see only the input do not even manage the shortest",
        "Every cell with gates that depend on the input still learns it at the longest lag or "
        "close to it, the minimal ones too",
    )
    says(
        "*Copying* sides with echo",
        "Cells that turn do it at the longest lag that was tried, orthogonal, LRU and S4D alike",
    )
    echo = {cell: lags[cell, "echo"] for cell in models.CELLS}
    adding = {cell: lags[cell, "adding"] for cell in models.CELLS}
    assert max(echo[cell] for cell in [*GATED, *INPUT_ALONE]) <= 10
    assert min(echo[cell] for cell in ROTATING) >= 40
    assert max(echo, key=echo.get) == "orthogonal"
    assert all(echo[cell] == 0 for cell in INPUT_ALONE)
    assert min(adding[cell] for cell in [*GATED, *INPUT_ALONE]) >= 80
    assert max(adding[cell] for cell in UNCHANGING) <= 40
    turning = {lags[cell, "copying"] for cell in ("orthogonal", "lru", "s4d")}
    assert turning == {trials.LAGS[-1]}
    assert max(lags[cell, "copying"] for cell in [*GATED, *INPUT_ALONE]) <= 10
    assert not [cell for cell in models.CELLS if echo[cell] >= 40 and adding[cell] >= 80]


def test_a_scan_pays_on_long_sequences(paces):
    says("A scan pays, and the more the longer the sequence is.")
    for cell in ("qrnn", "rg-lru", "lru", "rwkv"):
        short, long = (
            paces[T][cell, "sequential"] / paces[T][cell, "parallel"] for T in (16, 1024)
        )
        assert 1.2 < short < long
    says("The selective cell is slower all at once than as a loop here")
    says("The mLSTM all at once weighs every pair of steps, so its time grows with $T^2$")
    assert paces[1024]["mlstm", "parallel"] > 4 * paces[128]["mlstm", "parallel"]
    assert all(
        paces[T]["selective-ssm", "parallel"] > paces[T]["selective-ssm", "sequential"]
        for T in trials.STEPS
    )


def test_cells_without_a_matrix_are_wide():
    says("At equal parameters a cell without a recurrent matrix is several times as wide")
    widths = {row["cell"]: row["hidden_size"] for row in store.rows("pace")}
    assert all(widths[cell] > 2 * widths["lstm"] for cell in ("mingru", "rg-lru", "s4d", "indrnn"))
