"""Recorded results: one line of JSON per run in `book/results/SUITE.jsonl`.

An installed package carries a read-only copy.
"""

import base64
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock

from unrolled import tasks
from unrolled.errors import UserError
from unrolled.files import atomic_write
from unrolled.models import saved
from unrolled.tasks.task import Array, Measure, Task
from unrolled.training.checkpoints import Checkpoint, read, write
from unrolled.training.recipe import named_today

PACKAGE = Path(__file__).resolve().parents[1]
HOME = PACKAGE.parents[1]  # the root of a checkout


def folder(package: Path) -> Path:
    """The folder of the results: in the book of a checkout, or else within the package."""
    book = package.parents[1] / "book"
    return (book if package.parent.name == "code" and book.is_dir() else package) / "results"


FOLDER = folder(PACKAGE)


def require_book() -> None:
    """Refuses to record without the book: the results of an installed package are read-only.

    Raises:
        UserError: the package is not part of a checkout.
    """
    if FOLDER.parent == PACKAGE or not FOLDER.parent.is_dir():
        raise UserError(
            "the recorded results live in a checkout of the book; clone it and run from there"
        )


def path(suite: str) -> Path:
    """The file of a suite."""
    return FOLDER / f"{suite}.jsonl"


def rows(suite: str) -> list[dict[str, Any]]:
    """The rows recorded so far, in order.

    Raises:
        UserError: a line is not a JSON object.
    """
    file = path(suite)
    recorded: list[dict[str, Any]] = []
    for number, line in enumerate(file.read_text("utf-8").splitlines() if file.exists() else [], 1):
        try:
            row = dict(json.loads(line))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"{file}:{number}: not a JSON object ({error}); mend the line"
            ) from None
        if "recipe" in row:
            row["recipe"] = named_today(row["recipe"])
        if row not in recorded:
            recorded.append(row)  # a doubled line is no second run
    return recorded


def append(suite: str, row: Mapping[str, Any]) -> None:
    """Adds one run; the same run is never recorded twice, and new settings replace the old row.

    The file is replaced in one step, under a lock: it never holds half a line, and two processes
    do not overwrite each other's rows.

    Raises:
        UserError: the package is not part of a checkout, or the file cannot be written.
    """
    require_book()
    FOLDER.mkdir(exist_ok=True)
    with FileLock(FOLDER / f".{suite}.lock"):
        kept = rows(suite)
        same = [one for one in kept if one["run"] == row["run"]]
        if any(all(one.get(k) == row.get(k) for k in ("recipe", "arguments")) for one in same):
            return
        kept = [one for one in kept if one not in same]
        with atomic_write(path(suite), "w") as file:
            file.writelines(json.dumps(one) + "\n" for one in [*kept, row])


def keep(run: str, checkpoint: Path) -> None:
    """Stores the weights of a run with the results, without the loss of every step.

    Raises:
        UserError: the checkpoint cannot be read, or its copy cannot be written.
    """
    arrays, facts = read(checkpoint)
    history = {**facts["history"], "losses": []}
    weights(run).parent.mkdir(parents=True, exist_ok=True)
    write(weights(run), Checkpoint(arrays, {**facts, "history": history}))


def weights(run: str) -> Path:
    """The file for the weights of a run, such as bidirectional-lstm-pytorch-0."""
    return FOLDER / "weights" / f"{run}.safetensors"


def model(name: str) -> Any:
    """The first PyTorch run of a headline model, such as "bidirectional-lstm", ready to use.

    Returns:
        A `task.Saved`, of the class that the model's task names as `SAVED`.

    Raises:
        UserError: no weights of it are stored.
    """
    return saved.load(weights(f"{name}-pytorch-0"))


def to_text(values: Array) -> str:
    """Packs an array with one number for each test item, in their order, into a short text.

    Whole numbers from 0 to 255 are stored exactly, others in half precision.
    """
    whole = np.asarray(values)
    kind = "u1" if np.array_equal(whole, whole.astype(np.uint8)) else "f2"
    text = base64.b85encode(zlib.compress(whole.astype(kind).tobytes(), 9)).decode()
    return text if kind == "u1" else f"{kind}:{text}"  # a colon is no digit of base 85


def from_text(text: str) -> Array:
    """The inverse of `to_text`. Shape: returns (items,)."""
    kind, _, digits = text.rpartition(":")
    return np.frombuffer(zlib.decompress(base64.b85decode(digits)), kind or "u1")


@dataclass(frozen=True)
class Scores:
    """The scores of one model's runs on every test item, in the order of their seeds.

    Args:
        arrays: by name, a number for each run and item, (S, N).
        measures: of the task; significance is tested on the first.
    """

    arrays: Mapping[str, Array]
    measures: Sequence[Measure]

    def __getitem__(self, name: str) -> Array:
        """One of the arrays, (S, N)."""
        return self.arrays[name]

    def take(self, items: Array) -> "Scores":
        """The scores on some of the items, chosen by index or by a bool for each."""
        arrays = {name: array[:, items] for name, array in self.arrays.items()}
        return Scores(arrays, self.measures)

    def measure(self, title: str | None = None) -> Measure:
        """The measure of that title; None: the first one."""
        return next(m for m in self.measures if title in (None, m.title))


def name(row: Mapping[str, Any]) -> str:
    """A run's model with its variant: bidirectional-lstm."""
    return "-".join(filter(None, [row["model"], row.get("variant", row["arguments"].get("cell"))]))


def scores(model: str, framework: str = "pytorch", *suites: str) -> Scores:
    """The scores of all recorded runs of a model on every test item.

    Args:
        model: with its variant, such as "bidirectional-lstm".
        framework: "pytorch" or "keras".
        suites: where to look; by default "matched" and "ablations".

    Raises:
        UserError: no run of it is recorded.
    """
    suites = suites or ("matched", "ablations")
    recorded = [
        row
        for suite in suites
        for row in rows(suite)
        if (name(row), row["framework"]) == (model, framework)
    ]
    if not recorded:
        raise UserError(f"no run of {model} in {framework} is recorded in {' or '.join(suites)}")
    tests = [row["test"] for row in sorted(recorded, key=lambda row: row["seed"])]
    packed = [key for key, value in tests[0].items() if isinstance(value, str)]
    arrays = {key: np.stack([from_text(test[key]) for test in tests]) for key in packed}
    return Scores(arrays, measures(recorded[0]))


def measures(row: Mapping[str, Any]) -> Sequence[Measure]:
    """The measures of a row's task. The rows of the first edition name no task."""
    task: type[Task] = tasks.named(row.get("task", "pronunciation")).TASK
    return task.measures


def _model(arguments: Mapping[str, Any]) -> str:
    return arguments["cell"] if "cell" in arguments else f"window of {arguments['window']}"


def table(*suites: str) -> pd.DataFrame:
    """The recorded runs with the numbers that comparisons need, one row per run.

    Each measure of the task has one column for the test set and one for the validation set
    ("valid WER"); for runs that were not tested the first is missing.
    """
    return pd.DataFrame(
        {
            "run": row["run"],
            "name": name(row),
            "model": _model(row["arguments"]),
            "framework": row["framework"],
            "seed": row["seed"],
            "epochs": row["recipe"]["epochs"],
            "parameters": row["parameters"],
            **{m.title: m.scale * row.get("test", {}).get(m.key, math.nan) for m in measures(row)},
            **{f"valid {m.title}": m.scale * row["valid"][m.key] for m in measures(row)},
            "seconds": row["seconds"],
        }
        for suite in suites
        for row in rows(suite)
    )


def searched() -> pd.DataFrame:
    """The search for learning rate and dropout, one row per run; error rates in percent.

    The error rates are those on the validation words; `name` is the model's, without the
    hyperparameters searched.
    """
    runs, recorded = table("tuning"), rows("tuning")
    return pd.DataFrame(
        {
            "name": runs["name"].str.partition("-rate-")[0],
            "learning rate": [row["recipe"]["learning_rate"] for row in recorded],
            "dropout": [row["arguments"]["dropout"] for row in recorded],
            "epochs": runs["epochs"],
            "PER": runs["valid PER"],
            "WER": runs["valid WER"],
        }
    )


def training_losses(*suites: str, framework: str = "pytorch") -> pd.DataFrame:
    """The training loss in each epoch, averaged over the runs of each model.

    Shape: a row for each model, a column for each epoch, counted from 1.
    """
    losses: dict[str, list[list[float]]] = {}
    for row in (row for suite in suites for row in rows(suite)):
        if row["framework"] == framework:
            losses.setdefault(name(row), []).append([epoch["loss"] for epoch in row["epochs"]])
    means = pd.DataFrame({model: np.mean(runs, axis=0) for model, runs in losses.items()}).T
    return means.rename(columns=lambda epoch: epoch + 1)


def ranges(suite: str) -> pd.DataFrame:
    """Mean, lowest and highest test error rates over the seeds of each model, in percent."""
    runs = table(suite).groupby(["model", "framework"], sort=False)
    rates = {
        f"{rate} {how}": runs[rate].agg(how)
        for rate in ("PER", "WER")
        for how in ("mean", "min", "max")
    }
    facts = {"seeds": runs.size(), "parameters": runs["parameters"].first()}
    return pd.DataFrame({**facts, **rates}).reset_index()
