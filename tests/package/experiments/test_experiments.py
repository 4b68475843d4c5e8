import json
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import pytest
from places import ROOT
from unrolled import cli, training
from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.experiments import runner, store, suite, trials
from unrolled.models import saved
from unrolled.tasks import pronunciation
from unrolled.training import Recipe


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(store, "FOLDER", tmp_path / "results")
    return tmp_path


@pytest.fixture
def tiny(monkeypatch) -> tuple[suite.Run, ...]:
    """Three short runs in the place of the suite, on a small dictionary."""
    kinds = (
        ("basic", "elman", {"cell": "elman"}),
        ("basic", "gru", {"cell": "gru"}),
        ("window", "", {}),
    )
    runs = tuple(suite.Run(*kind[:2], "pytorch", 0, kind[2], budget=Budget.SMOKE) for kind in kinds)
    words = dict(list(pronunciation.read_cmudict().items())[::100])
    data = pronunciation.prepare(pronunciation.split_by_family(words), "a small dictionary")
    monkeypatch.setitem(suite.SUITES, "basic", runs)
    monkeypatch.setattr(pronunciation, "load", lambda: data)
    return runs


def test_names_are_unique():
    for runs in suite.SUITES.values():
        assert len({run.name for run in runs}) == len(runs)


def test_relative_times_go_by_the_name_of_a_model():
    two = suite.SECONDS["bidirectional", "lstm"]
    assert suite.relative_time("window", "bidirectional-lstm") == suite.SECONDS["window", ""] / two
    assert suite.relative_time("basic-lstm", "basic-lstm") == 1


def test_a_suite_that_is_not_there():
    with pytest.raises(UserError, match="no suite is called 'none'; there are basic"):
        suite.runs_of("none")


def test_append_and_read(folder):
    assert store.rows("basic") == []
    store.append("basic", {"run": "a", "value": 1})
    store.append("basic", {"run": "b", "value": 2})
    store.append("basic", {"run": "a", "value": 3})  # recorded already
    assert store.rows("basic") == [{"run": "a", "value": 1}, {"run": "b", "value": 2}]
    longer = {"run": "a", "recipe": {"epochs": 2}, "value": 4}
    store.append("basic", longer)
    assert store.rows("basic") == [{"run": "b", "value": 2}, longer]


def test_a_broken_line_is_named(folder):
    store.append("basic", {"run": "a"})
    with store.path("basic").open("a") as file:
        file.write('{"run": "b", \n')
    with pytest.raises(UserError, match=r"basic\.jsonl:2: not a JSON object"):
        store.rows("basic")


def test_work_does_what_is_missing_once(folder, tiny):
    first = next(work := runner.work("basic", folder / "unfinished"))
    assert first["run"] == "basic-elman-pytorch-0"
    work.close()  # stopped after the first run
    rest = list(runner.work("basic", folder / "unfinished"))
    assert [row["run"] for row in rest] == ["basic-gru-pytorch-0", "window-pytorch-0"]
    assert list(runner.work("basic", folder / "unfinished")) == []
    assert [row["run"] for row in store.rows("basic")] == [run.name for run in tiny]
    assert not list((folder / "unfinished").rglob("*.safetensors*"))


def test_a_row_tells_all(folder, tiny):
    row = runner.execute(tiny[0], folder)
    assert row["parameters"] > row["arguments"]["hidden_size"] ** 2
    assert row["recipe"]["seed"] == row["seed"] == 0
    assert 0 < row["test"]["per"] < row["test"]["wer"] <= 1
    assert row["letters_per_second"] > 0
    assert row["threads"] >= 1
    assert {"torch", "numpy", "unrolled"} <= row["versions"].keys()
    assert json.loads(json.dumps(row)) == row


def test_the_same_run_gives_the_same_result(folder, tiny):
    folders = [folder / "one", folder / "two"]
    for place in folders:
        place.mkdir()
    rows = [runner.execute(tiny[0], place) for place in folders]
    assert rows[0]["test"] == rows[1]["test"]
    other = runner.execute(replace(tiny[0], seed=1), folder)
    assert other["test"] != rows[0]["test"]


def test_a_finished_run_that_is_not_recorded_is_not_trained_again(folder, tiny, monkeypatch):
    unfinished = folder / "unfinished"
    (unfinished / "basic").mkdir(parents=True)
    row = runner.execute(tiny[0], unfinished / "basic")
    monkeypatch.setattr(training, "fit", None)
    done = next(runner.work("basic", unfinished))
    assert done == {**row, "commit": done["commit"]}
    assert store.rows("basic")[0]["test"] == row["test"]
    assert not list(unfinished.rglob("*.safetensors"))


def test_a_run_by_another_budget_is_not_recorded_yet(folder, tiny, monkeypatch):
    for run in tiny:
        recipe = {"epochs": 1, "sample": 2000}
        row = {"run": run.name, "recipe": recipe, "arguments": dict(run.arguments)}
        store.append("basic", row)
    assert runner.missing("basic") == []
    monkeypatch.setitem(training.BUDGETS, Budget.SMOKE, {"epochs": 2, "sample": 2000})
    assert runner.missing("basic") == list(tiny)


def test_every_recorded_run_counts():
    for name in suite.SUITES:
        recorded = {row["run"] for row in store.rows(name)}
        assert recorded.isdisjoint(run.name for run in runner.missing(name))


def test_the_commit_is_that_of_this_project_alone(folder, monkeypatch):
    git = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
    head = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    assert (runner.commit() or "").rstrip("+") == head
    monkeypatch.setattr(store, "HOME", folder)  # as if the code lay in another project
    assert runner.commit() is None


def test_what_cannot_be_worked_at_is_refused_before_the_data_is_read(folder, monkeypatch):
    monkeypatch.setattr(pronunciation, "load", None)
    with pytest.raises(UserError, match="no suite is called 'none'"):
        next(runner.work("none", folder / "unfinished"))
    (folder / "file").touch()
    with pytest.raises(UserError, match=r"cannot write .*file.basic: "):
        next(runner.work("basic", folder / "file"))
    monkeypatch.setattr(store, "FOLDER", folder / "gone" / "results")
    with pytest.raises(UserError, match="live in a checkout of the book; clone it"):
        next(runner.work("basic", folder / "unfinished"))
    with pytest.raises(UserError, match="live in a checkout of the book; clone it"):
        store.append("basic", {"run": "a"})
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_an_installed_package_reads_its_copy_and_records_nothing(folder, monkeypatch):
    checkout, elsewhere = folder / "code" / "unrolled", folder / "lib" / "unrolled"
    assert store.folder(checkout) == checkout / "results"  # a folder of that name, but no book
    (folder / "book").mkdir()
    assert store.folder(checkout) == folder / "book" / "results"
    assert store.folder(elsewhere) == elsewhere / "results"
    assert store.folder(store.PACKAGE) == store.HOME / "book" / "results"
    monkeypatch.setattr(store, "FOLDER", store.folder(folder))
    monkeypatch.setattr(store, "PACKAGE", folder)
    with pytest.raises(UserError, match="live in a checkout of the book; clone it"):
        store.append("basic", {"run": "a"})
    assert not store.FOLDER.exists()


def test_another_process_keeps_its_run(folder, tiny):
    unfinished = folder / "unfinished"
    with saved.reserved(runner.unfinished(tiny[0], unfinished / "basic")):
        done = [row["run"] for row in runner.work("basic", unfinished)]
    assert done == [run.name for run in tiny[1:]]


def test_run_and_show_as_a_user(folder, tiny, capsys, monkeypatch):
    unfinished = str(folder / "unfinished")
    monkeypatch.setattr(suite, "SUITES", {"basic": tiny, "more": tiny})
    monkeypatch.setattr(runner, "SUITES", suite.SUITES)
    monkeypatch.setattr(trials, "SUITES", ())
    assert cli.main(["experiments", "run", "--folder", unfinished]) == 0  # all of them
    assert [row["run"] for row in store.rows("more")] == [run.name for run in tiny]
    assert "window-pytorch-0" in capsys.readouterr().err
    assert cli.main(["experiments", "run", "more", "--folder", unfinished]) == 0
    assert capsys.readouterr().err == "no run was left to do\n"
    assert cli.main(["experiments", "show", "basic"]) == 0
    assert capsys.readouterr().out.startswith("3 of 3 runs of basic are recorded")
    assert cli.main(["experiments", "show", "basic", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [row["run"] for row in shown["recorded"]] == [run.name for run in tiny]


def test_an_unknown_suite_is_the_users_mistake(folder, capsys):
    assert cli.main(["experiments", "show", "none"]) == 2
    known = ", ".join([*suite.SUITES, *trials.SUITES])
    assert capsys.readouterr().err == f"error: no suite is called 'none'; there are {known}\n"


def recorded(model, variant, framework, seed, losses, **columns):
    """A row as the runner writes it, with what the tables read."""
    recipe = {"epochs": len(losses), "learning_rate": 0.01}
    return {
        "run": f"{model}-{variant}-{framework}-{seed}",
        "model": model,
        "variant": variant,
        "framework": framework,
        "seed": seed,
        "arguments": {"cell": "lstm", "dropout": 0.0},
        "recipe": recipe,
        "parameters": 10,
        "seconds": 1.0,
        "valid": {"per": 0.1, "wer": 0.4},
        "epochs": [{"loss": loss} for loss in losses],
        **columns,
    }


def test_a_table_of_several_suites_holds_the_runs_of_all(folder):
    for suite_, seed in (("basic", 0), ("basic", 1), ("matched", 2)):
        store.append(suite_, recorded("basic", "lstm", "pytorch", seed, [1.0]))
    assert store.table("basic", "matched")["seed"].tolist() == [0, 1, 2]
    assert store.table("matched")["seed"].tolist() == [2]


def test_training_losses_are_means_over_the_runs_of_a_model(folder):
    store.append("basic", recorded("basic", "lstm", "pytorch", 0, [2.0, 1.0]))
    store.append("matched", recorded("basic", "lstm", "pytorch", 1, [4.0, 2.0]))
    store.append("matched", recorded("basic", "lstm", "keras", 0, [9.0, 8.0]))
    store.append("matched", recorded("stacked", "lstm", "pytorch", 0, [5.0, 4.0]))
    losses = store.training_losses("basic", "matched")
    assert losses.loc["basic-lstm"].to_dict() == {1: 3.0, 2: 1.5}
    assert losses.loc["stacked-lstm"].to_dict() == {1: 5.0, 2: 4.0}
    in_keras = store.training_losses("matched", framework="keras")
    assert in_keras.loc["basic-lstm"].to_dict() == {1: 9.0, 2: 8.0}


def test_the_search_is_told_by_model_rate_and_dropout():
    searched = store.searched()
    assert len(searched) == len(suite.HEADLINE) * len(suite.GRID)
    names = {"-".join(filter(None, [e.model, e.variant])) for e in suite.HEADLINE}
    assert set(searched["name"]) == names
    for _, rows in searched.groupby("name"):
        settings = zip(rows["learning rate"], rows["dropout"], strict=True)
        assert sorted(settings) == sorted(suite.GRID)
    best = searched.loc[searched.groupby("name")["PER"].idxmin()].set_index("name")
    for (model, variant), (rate, dropout) in suite.TUNED.items():
        row = best.loc["-".join(filter(None, [model, variant]))]
        assert (row["learning rate"], row["dropout"]) == (rate, dropout)


def test_a_headline_model_has_its_recorded_width():
    spec = suite.headline("basic", "elman")
    assert spec.arguments["cell"] == "elman"
    assert spec.arguments["hidden_size"] == 194
    assert suite.headline("stacked").arguments["num_layers"] == 3
    with pytest.raises(ValueError, match="not enough values"):
        suite.headline("stacked", "gru")


def test_recipes_of_the_first_edition_read_as_those_of_today():
    today = {field.name for field in fields(Recipe)}
    row = store.rows("small")[0]
    assert row["recipe"].keys() == today
    assert row["recipe"]["sample"] == 20_000
    kept = store.model("basic-lstm").facts["recipe"]
    assert kept.keys() <= today
    assert kept["sample"] is None
