"""The sentences of theory/types-of-rnn about all cells, held against the recorded runs."""

from functools import partial

import claims
import pytest
from unrolled import models
from unrolled.cells import LINEAR
from unrolled.experiments import cells, census, store, suite, trials

says = partial(claims.says, "theory/types-of-rnn")

GATED = [*census.FAMILIES["gated"], "slstm"]  # gates that see the state


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
        "Each run took {glue:text}`epochs` epochs at about {glue:text}`per_cell:,` parameters",
        "For {glue:text}`edge` cells the highest learning rate of the search was the best",
    )
    rows = store.rows("cells")
    assert {row["recipe"]["epochs"] for row in rows} == {cells.EPOCHS}
    assert all(abs(row["parameters"] / suite.PARAMETERS - 1) < 0.02 for row in rows)
    seeds = store.table("cells").groupby("name")["seed"].apply(sorted)
    assert all(cell_seeds == list(cells.SEEDS) for cell_seeds in seeds)


def test_the_rates_are_the_best_of_the_search():
    by_cell = {}
    for row in store.rows("cells-tuning"):
        key = row["arguments"]["cell"]
        by_cell.setdefault(key, []).append((row["valid"]["per"], row["recipe"]["learning_rate"]))
    assert {cell: min(tried)[1] for cell, tried in by_cell.items()} == cells.RATES
    assert all(sorted(rate for _, rate in tried) == list(cells.GRID) for tried in by_cell.values())


def test_gates_that_see_the_state_read_best(right):
    says(
        "The LSTM, the GRU and their kin, whose gates see the state, read best, and among them it "
        "hardly matters which one it is",
        "The plain cell stands right beside them",
        "Every cell that is linear in its state reads worse; the best of them is the LRU",
        "to one number a unit (IndRNN, SRU), to a rotation, to fixed clocks",
    )
    gated = right.loc[GATED, "mean"]
    assert gated.max() == gated["gru"] == right["mean"].max()
    assert gated.min() == gated["gru-before"]
    assert gated.max() - gated.min() < 0.7
    assert abs(right["mean"]["elman"] - gated.mean()) < 0.4
    tied = ["indrnn", "sru", "orthogonal", "clockwork"]
    worse = right.loc[[*LINEAR, *tied], "highest"]
    assert worse.max() < right.loc[[*GATED, "elman"], "lowest"].min() - 0.2
    assert right.loc[[*LINEAR], "mean"].idxmax() == "lru"


def test_what_was_not_expected(right):
    says(
        "The echo state, whose loop is never trained, reads {glue:text}`right_echo_state:.1f` % "
        "right, more than the fully trained RG-LRU",
        "And the mLSTM is last",
    )
    assert right["lowest"]["echo-state"] > right["highest"]["rg-lru"]
    assert right["mean"]["echo-state"] > right["mean"]["rg-lru"] + 0.2
    assert right["mean"].idxmin() == "mlstm"


def test_echo_wants_a_state_that_turns(lags):
    says(
        "No cell is good at both kinds of memory that the tasks ask for.",
        "the orthogonal cell, the plain cell and the stack-augmented one with their orthogonal "
        "start, and the LRU",
        "even the shortest lag is too long",
    )
    echo = {cell: lags[cell, "echo"] for cell in models.CELLS}
    turning = {"orthogonal", "elman", "stack-augmented", "lru"}
    assert min(echo[cell] for cell in turning) > max(echo[c] for c in echo if c not in turning)
    assert max(echo[cell] for cell in GATED) <= 10
    alone = [*census.FAMILIES["minimal"], "indrnn", "selective-ssm", "rg-lru"]
    assert all(echo[cell] == 0 for cell in alone)
    assert not [cell for cell in echo if echo[cell] >= 40 and lags[cell, "adding"] >= 80]


def test_adding_wants_gates(lags):
    says(
        "Every cell of the gated, the minimal and the exponential families learns it at the "
        "longest lag, and so do the two state space layers that choose, selective and RG-LRU.",
        "No other cell gets beyond {glue:text}`others_adding`",
        "The linear ones without any choice, LRU and S4D, are among the first to fail.",
    )
    families = ("gated", "minimal", "exponential")
    choosing = {cell for family in families for cell in census.FAMILIES[family]}
    choosing |= {"selective-ssm", "rg-lru"}
    assert {lags[cell, "adding"] for cell in choosing} == {trials.LAGS[-1]}
    rest = sorted(lags[cell, "adding"] for cell in models.CELLS if cell not in choosing)
    assert rest[-1] <= 40
    assert max(lags["lru", "adding"], lags["s4d", "adding"]) <= rest[3]


def test_copying_is_most_like_echo(lags):
    says("*Copying* is most like echo. The orthogonal cell, LRU and S4D do it at the longest lag")
    copying = {cell: lags[cell, "copying"] for cell in models.CELLS}
    assert {copying[cell] for cell in ("orthogonal", "lru", "s4d")} == {trials.LAGS[-1]}
    assert max(copying[cell] for cell in GATED) <= 10
    assert all(copying[cell] == 0 for cell in census.FAMILIES["minimal"])


def test_who_is_fast_on_long_sequences(paces):
    says(
        "At 1024 steps the QRNN is fastest, at once",
        "Next come loops, not scans: the plain cell takes",
        "The LRU gains most from its scan",
        "so for long sequences its time grows with $T^2$",
        "For the minimal cells the scan gains little here",
    )
    long = paces[1024].drop("echo-state", level="cell").sort_values()
    assert long.index[0] == ("qrnn", "parallel")
    assert {form for _, form in long.index[1:4]} == {"sequential"}
    assert ("elman", "sequential") in long.index[1:4]
    gains = long.xs("sequential", level="form") / long.xs("parallel", level="form")
    scanned = ["qrnn", "mingru", "minlstm", "lru", "rg-lru", "rwkv", "selective-ssm"]
    assert gains[scanned].idxmax() == "lru"
    assert gains[["mingru", "minlstm"]].max() < 1.5
    assert gains["selective-ssm"] < 0.5
    assert paces[1024]["mlstm", "parallel"] > 4 * paces[128]["mlstm", "parallel"]


def test_cells_without_a_matrix_are_wide():
    says("they are several times as wide as an LSTM of as many parameters")
    widths = {row["cell"]: row["hidden_size"] for row in store.rows("pace")}
    assert all(widths[cell] > 2 * widths["lstm"] for cell in ("mingru", "minlstm"))
