"""What is measured of the cells alone: how far back each learns to remember, and its pace.

A trial is a small experiment of seconds to minutes without a dictionary. `work` does those that
are missing, one after the other, as `runner.work` does runs.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from rich.console import Console

from unrolled import models
from unrolled.experiments import store
from unrolled.experiments.runner import commit
from unrolled.models import saved
from unrolled.tasks import recall

SUITES = ("memory", "pace")
LAGS = (5, 10, 20, 40, 80, 160)
TASKS = tuple(recall.RULES)
STEPS = (16, 128, 1024)  # T of the pace
SEEDS = range(5)


@dataclass(frozen=True)
class Trial:
    """One measurement.

    Args:
        name: in the store: echo-lstm-20-0.
        facts: what it is of; they stand in its row.
    """

    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def missing(suite: str) -> Iterator[Trial]:
    """What can be done now; of a memory task the next lag, if those before it are learnt."""
    recorded = {row["run"]: row for row in store.rows(suite)}
    yield from (_memory if suite == "memory" else _pace)(recorded)


def _memory(recorded: Mapping[str, Any]) -> Iterator[Trial]:
    for seed, task, cell in product(SEEDS, TASKS, models.CELLS):
        for lag in LAGS:
            trial = Trial(
                f"{task}-{cell}-{lag}-{seed}",
                {"cell": cell, "task": task, "lag": lag, "seed": seed},
            )
            if trial.name not in recorded:
                yield trial
                break
            if not recorded[trial.name]["solved"]:
                break


def _pace(recorded: Mapping[str, Any]) -> Iterator[Trial]:
    pace = import_module("unrolled.studies.pace")  # loads PyTorch
    for T, cell in product(STEPS, models.CELLS):
        for form in pace.forms(cell):
            name = f"{cell}-{T}-{form}"
            if name not in recorded:
                yield Trial(name, {"cell": cell, "T": T, "form": form})


def work(suite: str, folder: Path, console: Console | None = None) -> Iterator[dict[str, Any]]:
    """Does every missing trial and yields its row once that is recorded.

    It may be stopped at any moment; what is recorded stays. Several processes may work at once.

    Args:
        suite: a name of `SUITES`.
        folder: where trials are claimed.
        console: where each trial is named; None names none.

    Raises:
        UserError: there is no checkout of the book, PyTorch is missing, or `folder` cannot be
            written.
    """
    store.require_book()
    versions, at, tried = models.versions("pytorch"), commit(), set[str]()
    while todo := [trial for trial in missing(suite) if trial.name not in tried]:
        trial = todo[0]
        tried.add(trial.name)
        with suppress(saved.BusyError), saved.reserved(folder / suite / trial.name):
            if all(row["run"] != trial.name for row in store.rows(suite)):
                if console is not None:
                    console.print(trial.name)
                row = {"run": trial.name, **trial.facts, **execute(suite, trial)}
                row |= {"versions": versions, "threads": models.threads("pytorch"), "commit": at}
                store.append(suite, row)
                yield row


def execute(suite: str, trial: Trial) -> dict[str, Any]:
    """Does one trial."""
    facts = trial.facts
    if suite == "pace":
        measured: dict[str, Any] = import_module("unrolled.studies.pace").measure(**facts)
        return measured
    training = import_module("unrolled.studies.recall")
    found: dict[str, Any] = training.learn(
        facts["cell"], facts["task"], facts["lag"], facts["seed"], training.Search()
    )
    return found


def tell(row: Mapping[str, Any]) -> str:
    """One row in a few words."""
    if "relative" in row:
        return f"{row['run']}  {row['seconds']:.3g} s  {row['relative']:.2f} of the LSTM's loop"
    return f"{row['run']}  {'learnt' if row['solved'] else 'not learnt'}  {row['score']:.3f}"
