"""The table and the plots that hold all cells side by side."""

import pandas as pd
import pytest
from unrolled.experiments import census, store
from unrolled.experiments.census import DASH, Lag
from unrolled.experiments.trials import LAGS


def tried(cell, task, *passed):
    """Rows of the memory tasks as trials leaves them: each seed goes on until it fails once."""
    rows = []
    for seed, number in enumerate(passed):
        for place, lag in enumerate(LAGS[: number + 1]):
            solved = place < number
            rows.append({"cell": cell, "task": task, "lag": lag, "seed": seed, "solved": solved})
    return rows


def paced(**relative):
    return [
        {"cell": "mingru", "T": int(key.split("_")[1]), "form": key.split("_")[0], "relative": v}
        for key, v in relative.items()
    ]


@pytest.fixture
def recorded(monkeypatch):
    """Two cells with results of every kind."""
    rows = {
        "memory": [*tried("lstm", "echo", 6, 6, 5), *tried("mingru", "echo", 0, 1, 0)],
        "pace": paced(parallel_16=0.5, sequential_16=0.8, parallel_1024=0.05),
    }
    runs = pd.DataFrame(
        {
            "name": ["bidirectional-lstm"] * 2 + ["bidirectional-mingru"],
            "framework": "pytorch",
            "seed": [0, 1, 0],
            "parameters": 60_000,
            "PER": [10.0, 12.0, 15.0],
            "WER": [40.0, 42.0, 50.0],
        }
    )
    monkeypatch.setattr(store, "rows", rows.__getitem__)
    monkeypatch.setattr(store, "table", lambda suite: runs)


@pytest.fixture
def empty(monkeypatch):
    monkeypatch.setattr(store, "rows", lambda suite: [])


def test_every_family_has_a_mark_of_its_own():
    assert len(census.FAMILIES) == len(set(census.MARKS))


def test_a_lag_is_learnt_if_most_seeds_learn_it():
    assert census.lags(tried("lstm", "echo", 3, 2, 2)) == {("lstm", "echo"): Lag(LAGS[1], 3)}
    assert census.lags(tried("lstm", "echo", 3, 3, 0)) == {("lstm", "echo"): Lag(LAGS[2], 3)}
    assert census.lags(tried("lstm", "echo", 3, 0)) == {("lstm", "echo"): Lag(0, 2)}
    assert census.lags(tried("lstm", "adding", 0)) == {("lstm", "adding"): Lag(0, 1)}


def test_a_lag_as_text():
    assert str(Lag(0, 3)) == f"< {LAGS[0]}"
    assert str(Lag(LAGS[1], 3)) == f"{LAGS[1]}"
    assert str(Lag(LAGS[-1], 3)) == f"\u2265 {LAGS[-1]}"


def test_the_table_shows_what_is_recorded_and_a_dash_for_the_rest(recorded):
    table = census.table()
    assert list(table.index) == list(census.TITLES.values())
    lstm, mingru = table.loc["LSTM"], table.loc["minGRU"]
    assert (lstm["phonemes", "right, %"], lstm["lag", "echo"]) == ("89.0", f"\u2265 {LAGS[-1]}")
    assert lstm["lag", "adding"] == DASH
    assert (mingru["phonemes", "right, %"], mingru["lag", "echo"]) == ("85.0", f"< {LAGS[0]}")
    assert (mingru["loop", "16"], mingru["at once", "16"]) == ("0.8", "0.5")
    assert (mingru["loop", "1024"], mingru["at once", "1024"]) == (DASH, "0.05")
    assert set(table.loc["Jordan"]) == {DASH}


def test_the_table_of_nothing_is_dashes(empty):
    assert (census.table() == DASH).all(axis=None)


def test_the_plot_of_reading_tells_each_cell(recorded):
    figure = census.right_by_cell()
    assert "LSTM 89.0 %; minGRU 85.0 %" in figure.alt
    assert "LSTM</text>" in figure.svg
    assert figure.svg.count("minimal</text>") == 1


def test_the_plot_of_pace_tells_each_line(recorded):
    figure = census.pace_by_length(["mingru", "lstm"])
    assert "minGRU, loop: T = 16 0.8" in figure.alt
    assert "minGRU, at once: T = 16 0.5, T = 1024 0.05" in figure.alt
    assert "LSTM, loop" not in figure.alt


def test_plots_of_nothing_say_so(empty):
    assert "Nothing is recorded yet" in census.right_by_cell().alt
    assert "Nothing is recorded yet" in census.pace_by_length(["lstm"]).alt
