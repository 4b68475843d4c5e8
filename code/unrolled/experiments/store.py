"""Recorded results: one JSON line a run in `book/results/SUITE.jsonl`.

An installed package carries a copy of them, to read.
"""

import base64
import json
import math
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from filelock import FileLock

from unrolled.errors import UserError
from unrolled.files import atomic_write
from unrolled.models import saved
from unrolled.training.checkpoints import Checkpoint, read, write

PACKAGE = Path(__file__).resolve().parents[1]
HOME = PACKAGE.parents[1]  # of a checkout


def folder(package: Path) -> Path:
    """Where the results are: in the book of a checkout, or else within the package."""
    book = package.parents[1] / "book"
    return (book if package.parent.name == "code" and book.is_dir() else package) / "results"


FOLDER = folder(PACKAGE)


def require_book() -> None:
    """Refuses to record where there is no book: an installed package is only read.

    Raises:
        UserError: the package is not that of a checkout.
    """
    if FOLDER.parent == PACKAGE or not FOLDER.parent.is_dir():
        raise UserError(
            "the recorded results live in a checkout of the book; clone it and run from there"
        )


def path(suite: str) -> Path:
    """The file of a suite."""
    return FOLDER / f"{suite}.jsonl"


def rows(suite: str) -> list[dict[str, Any]]:
    """What has been recorded so far, in the order in which it was.

    Raises:
        UserError: a line is no JSON object.
    """
    file = path(suite)
    found = []
    for number, line in enumerate(file.read_text("utf-8").splitlines() if file.exists() else [], 1):
        try:
            found.append(dict(json.loads(line)))
        except (ValueError, TypeError) as error:
            raise UserError(
                f"{file}:{number}: not a JSON object ({error}); mend the line"
            ) from None
    return found


def append(suite: str, row: Mapping[str, Any]) -> None:
    """Adds one run; the same run is never recorded twice, one by another recipe replaces it.

    The file is replaced in one step, under a lock: it never holds half a line, and two processes
    lose nothing to each other.

    Raises:
        UserError: the package is not that of a checkout, or the file cannot be written.
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
    """Keeps the weights of a run beside the results, without the loss of every step.

    Raises:
        UserError: the checkpoint cannot be read, or its copy not written.
    """
    arrays, facts = read(checkpoint)
    history = {**facts["history"], "losses": []}
    weights(run).parent.mkdir(parents=True, exist_ok=True)
    write(weights(run), Checkpoint(arrays, {**facts, "history": history}))


def weights(run: str) -> Path:
    """Where the weights of a run are kept, such as those of bidirectional-lstm-pytorch-0."""
    return FOLDER / "weights" / f"{run}.safetensors"


def model(name: str) -> saved.Saved:
    """The first PyTorch run of a headline model, such as "bidirectional-lstm", ready to use.

    Raises:
        UserError: no weights of it are kept.
    """
    return saved.load(weights(f"{name}-pytorch-0"))


def pack(counts: Iterable[int]) -> str:
    """One small number for each test word, in the order of the test words, as a short text."""
    array = np.fromiter((min(count, 255) for count in counts), np.uint8)
    return base64.b85encode(zlib.compress(array.tobytes(), 9)).decode()


def unpack(text: str) -> np.ndarray:
    """What `pack` was given. Shape: (words,), uint8."""
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), np.uint8)


class Errors(NamedTuple):
    """What the runs of one model got wrong, in the order of their seeds.

    Args:
        distances: wrong phonemes of each test word. Shape: (S, W).
        lengths: phonemes of the pronunciation that it was held against. Shape: (S, W).
    """

    distances: np.ndarray
    lengths: np.ndarray


def name(row: Mapping[str, Any]) -> str:
    """A run's model with its variant: bidirectional-lstm."""
    return "-".join(filter(None, [row["model"], row.get("variant", row["arguments"].get("cell"))]))


def errors(model: str, framework: str = "pytorch", *suites: str) -> Errors:
    """The errors of all recorded runs of a model on every test word.

    Args:
        model: with its variant, such as "bidirectional-lstm".
        framework: "pytorch" or "keras".
        suites: where to look; "matched" and "ablations" if none is named.

    Raises:
        UserError: no run of it is recorded.
    """
    suites = suites or ("matched", "ablations")
    found = [
        row
        for suite in suites
        for row in rows(suite)
        if (name(row), row["framework"]) == (model, framework)
    ]
    if not found:
        raise UserError(f"no run of {model} in {framework} is recorded in {' or '.join(suites)}")
    tests = [row["test"] for row in sorted(found, key=lambda row: row["seed"])]
    return Errors(*(np.stack([unpack(test[of]) for test in tests]) for of in Errors._fields))


def _model(arguments: Mapping[str, Any]) -> str:
    return arguments["cell"] if "cell" in arguments else f"window of {arguments['window']}"


NOT_READ = {"per": math.nan, "wer": math.nan}  # a run that never saw the test words


def table(*suites: str) -> pd.DataFrame:
    """The recorded runs with the numbers that comparisons need, one row a run; rates in percent."""
    return pd.DataFrame(
        {
            "run": row["run"],
            "name": name(row),
            "model": _model(row["arguments"]),
            "framework": row["framework"],
            "seed": row["seed"],
            "epochs": row["recipe"]["epochs"],
            "parameters": row["parameters"],
            "PER": 100 * row.get("test", NOT_READ)["per"],
            "WER": 100 * row.get("test", NOT_READ)["wer"],
            "valid PER": 100 * row["valid"]["per"],
            "valid WER": 100 * row["valid"]["wer"],
            "seconds": row["seconds"],
        }
        for suite in suites
        for row in rows(suite)
    )


def searched() -> pd.DataFrame:
    """The search for learning rate and dropout, one row a run; rates in percent.

    The rates are those on the validation words; `name` is the model's without what was searched.
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
    """The loss on the training words in each epoch, the mean over the runs of each model.

    Shape: a row for each model by name, a column for each epoch, counted from 1.
    """
    losses: dict[str, list[list[float]]] = {}
    for row in (row for suite in suites for row in rows(suite)):
        if row["framework"] == framework:
            losses.setdefault(name(row), []).append([epoch["loss"] for epoch in row["epochs"]])
    means = pd.DataFrame({model: np.mean(runs, axis=0) for model, runs in losses.items()}).T
    return means.rename(columns=lambda epoch: epoch + 1)


def summary(suite: str) -> pd.DataFrame:
    """Mean, lowest and highest test rates over the seeds of each model, in percent."""
    runs = table(suite).groupby(["model", "framework"], sort=False)
    rates = {
        f"{rate} {how}": runs[rate].agg(how)
        for rate in ("PER", "WER")
        for how in ("mean", "min", "max")
    }
    facts = {"seeds": runs.size(), "parameters": runs["parameters"].first()}
    return pd.DataFrame({**facts, **rates}).reset_index()
