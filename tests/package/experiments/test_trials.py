"""The trials of the cells: which are due, and that each is recorded once."""

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner
from unrolled import cli, models
from unrolled.experiments import store, trials
from unrolled.studies import pace, recall


@pytest.fixture(autouse=True)
def few(tmp_path, monkeypatch):
    """Two cells, two lags, one seed, and a learner that fails the LSTM at lag 10."""
    monkeypatch.setattr(store, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(models, "CELLS", ("elman", "lstm"))
    monkeypatch.setattr(trials, "LAGS", (5, 10, 20))
    monkeypatch.setattr(trials, "TASKS", ("echo",))
    monkeypatch.setattr(trials, "SEEDS", range(1))
    monkeypatch.setattr(trials, "STEPS", (4, 8))

    def learn(cell, task, lag, seed, recipe):
        return {"solved": cell == "elman" or lag < 10, "score": 0.5, "seed": seed, "task": task}

    monkeypatch.setattr(recall, "learn", learn)


def names(rows):
    return [row["run"] for row in rows]


def test_a_ladder_is_climbed_until_it_fails(tmp_path):
    done = names(trials.work("memory", tmp_path))
    assert set(done) == {f"echo-elman-{lag}-0" for lag in (5, 10, 20)} | {
        f"echo-lstm-{lag}-0" for lag in (5, 10)
    }
    assert names(store.rows("memory")) == done
    assert list(trials.work("memory", tmp_path)) == []


def test_what_is_recorded_is_not_done_again(tmp_path):
    work = trials.work("memory", tmp_path)
    first = next(work)
    work.close()  # stopped
    assert names(store.rows("memory")) == [first["run"]]
    rest = names(trials.work("memory", tmp_path))
    assert first["run"] not in rest
    assert len(rest) == 4


def test_what_another_process_works_at_is_left_to_it(tmp_path):
    from unrolled.models import saved

    with saved.reserved(tmp_path / "memory" / "echo-elman-5-0"):
        done = names(trials.work("memory", tmp_path))
    assert done == ["echo-lstm-5-0", "echo-lstm-10-0"]


def test_pace_measures_each_form_of_each_cell(tmp_path, monkeypatch):
    calls = SimpleNamespace(n=0)

    def measure(cell, T, form):
        calls.n += 1
        return {"seconds": 0.5, "relative": 1.0}

    monkeypatch.setattr(pace, "measure", measure)
    done = names(trials.work("pace", tmp_path))
    assert done == [f"{cell}-{T}-sequential" for T in (4, 8) for cell in ("elman", "lstm")]
    assert calls.n == 4


def test_the_command_shows_the_trials(tmp_path):
    list(trials.work("memory", tmp_path))
    shown = CliRunner().invoke(cli.app, ["experiments", "show", "memory"])
    assert shown.exit_code == 0
    assert "5 trials of memory are recorded" in shown.stdout
    assert "echo-lstm-10-0  not learnt  0.500" in shown.stdout


def test_the_command_does_the_trials(tmp_path):
    folder = ["--folder", str(tmp_path / "work")]
    done = CliRunner().invoke(cli.app, ["experiments", "run", "memory", *folder])
    assert done.exit_code == 0
    assert len(store.rows("memory")) == 5


def test_a_suite_that_is_not_there_is_named():
    done = CliRunner().invoke(cli.app, ["experiments", "run", "none"])
    assert done.exit_code != 0
    assert "no suite is called 'none'; there are basic" in done.output + str(done.exception)
