"""Completes a suite: trains, scores and records the missing runs, one by one."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from unrolled import models, tasks
from unrolled.errors import UserError
from unrolled.experiments import store
from unrolled.experiments.run import Run
from unrolled.experiments.suite import SUITES, runs_of
from unrolled.models import saved
from unrolled.training import BUDGETS, History, Recipe


def missing(suite: str) -> list[Run]:
    """The runs of a suite that are not recorded yet, or were recorded with other settings."""
    recorded = {row["run"]: row for row in store.rows(suite)}
    return [run for run in runs_of(suite) if not _is(run, recorded.get(run.name, {}))]


def _is(run: Run, row: Mapping[str, Any]) -> bool:
    """Whether a row has the settings of a run."""
    if not row or Recipe(**row["recipe"]) != _recipe(run):
        return False
    return models.spec(run.model, **row["arguments"]) == models.spec(run.model, **run.arguments)


def elsewhere(run: Run) -> dict[str, Any] | None:
    """The row of the same run in any suite, if there is one."""
    rows = (row for suite in SUITES for row in store.rows(suite) if row["run"] == run.name)
    return next((row for row in rows if _is(run, row) and ("test" in row) == run.tests), None)


def _recipe(run: Run) -> Recipe:
    return Recipe(**{**BUDGETS[run.budget], **run.recipe}, seed=run.seed)


def work(suite: str, folder: Path, console: Console | None = None) -> Iterator[dict[str, Any]]:
    """Does every missing run and yields its row once it is recorded.

    It may be stopped at any moment, even by a kill: what is recorded stays, and the unfinished run
    resumes from its last epoch. A run that another suite has already recorded is copied from there.
    Several processes may work at once: each run is claimed by a lock, which the system releases
    when the process ends.

    Args:
        suite: a name in `suite.SUITES`.
        folder: where unfinished runs are kept.
        console: where progress is drawn; None draws none.

    Raises:
        UserError: there is no such suite, no checkout of the book, or `folder` cannot be written.
    """
    todo, folder = prepared(suite, folder)
    at = commit()
    for run in todo:
        with suppress(saved.BusyError), saved.reserved(unfinished(run, folder)):
            if run not in missing(suite):  # another process was faster
                continue
            if console is not None:
                console.print(f"{run.name} ({run.budget})")
            row = elsewhere(run) or {**execute(run, folder, console), "commit": at}
            record(suite, run, row, folder)
            yield row


def prepared(suite: str, folder: Path) -> tuple[list[Run], Path]:
    """The missing runs, and the folder for the unfinished runs of this suite.

    Raises:
        UserError: there is no such suite, no checkout of the book, or `folder` cannot be written.
    """
    todo = missing(suite)
    store.require_book()
    folder = folder / suite  # a run of the same name in another suite is another run
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {folder}: {error.strerror}") from None
    for run in runs_of(suite):
        if run not in todo:  # a kill may have come after its row was recorded
            unfinished(run, folder).unlink(missing_ok=True)
    return todo, folder


def record(suite: str, run: Run, row: Mapping[str, Any], folder: Path) -> None:
    """Stores the row of a run, and its weights if they are to be kept; then deletes its file."""
    path = unfinished(run, folder)
    if run.kept and path.exists():
        store.keep(run.name, path)
    store.append(suite, row)
    path.unlink(missing_ok=True)


def unfinished(run: Run, folder: Path) -> Path:
    """The file of a run's checkpoint, until the run is recorded."""
    return folder / f"{run.name}.safetensors"


def _tell_resumed(history: History, console: Console | None) -> None:
    if console is not None:
        console.print(f"goes on after epoch {len(history.epochs)}")


def execute(run: Run, folder: Path, console: Console | None = None) -> dict[str, Any]:
    """Trains one run, unless it is finished already, and scores its best weights.

    Returns:
        The row to record, but for the commit: settings, versions, threads, parameters, seconds,
        items per second, and the scores on the validation and test sets.
    """
    recipe = _recipe(run)
    spec = models.spec(run.model, **run.arguments)
    task = tasks.named(run.task).book(spec.answer)
    trained, _ = saved.train(
        spec,
        run.framework,
        recipe,
        task,
        unfinished(run, folder),
        console=console,
        on_resume=lambda history: _tell_resumed(history, console),
    )
    history = History(**trained.facts["history"])
    seconds, cpu = (sum(r[clock] for r in history.epochs) for clock in ("seconds", "cpu_seconds"))
    items = task.num_items(recipe.sample) * len(history.epochs)
    row = {
        "run": run.name,
        "task": run.task,
        "model": run.model,
        "variant": run.variant,
        "arguments": spec.arguments,
        "framework": run.framework,
        "seed": run.seed,
        "budget": run.budget,
        "recipe": asdict(recipe),
        "data": trained.facts["data"],
        "parameters": sum(array.size for array in trained.predictor.weights().values()),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        f"{task.items}_per_second": round(items / seconds),
        "epochs": [_rounded(epoch) for epoch in history.epochs],
        "best_epoch": history.best["epoch"],
        "valid": task.validate(trained.predictor),
        "versions": trained.facts["versions"],
        "threads": models.threads(run.framework),
    }
    if run.tests:
        scored, arrays = task.test(trained.predictor)
        row["test"] = {**scored, **{name: store.to_text(array) for name, array in arrays.items()}}
    return row


def tell(row: Mapping[str, Any]) -> str:
    """A row summed up in one line."""
    scored = row.get("test", row["valid"])
    told = (f"{m.title} {scored[m.key]:.4f}" for m in store.measures(row))
    return "  ".join([row["run"], *told])


def _rounded(epoch: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.4g}") for name, value in epoch.items()}


def commit() -> str | None:
    """The commit of the running code, with "+" if it has been changed since.

    None if the code does not come from a checkout of this project.
    """
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        if not store.HOME.samefile(git("rev-parse", "--show-toplevel")):
            return None
        changed = git("status", "--porcelain", "--", str(here.parent))
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
