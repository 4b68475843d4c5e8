"""Works through a suite: what is missing is trained, scored and recorded, run by run."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from unrolled import models, trained, training
from unrolled.experiments import store
from unrolled.experiments.suite import Run, named
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import PronunciationData
from unrolled.training import BUDGETS, Recipe


def missing(suite: str) -> list[Run]:
    """The runs of a suite that are not recorded yet."""
    done = {row["run"] for row in store.rows(suite)}
    return [run for run in named(suite) if run.name not in done]


def work(suite: str, folder: Path, console: Console | None = None) -> Iterator[dict[str, Any]]:
    """Does every missing run and yields its row once that is recorded.

    It may be stopped at any moment, by a kill too: what is recorded stays, and the run that was
    under way goes on from its last epoch. Several processes may work at once: each run is claimed
    by a lock, which the system frees when its process ends.

    Args:
        suite: a name of `suite.SUITES`.
        folder: where unfinished runs are kept.
        console: where progress is drawn; None draws none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = pronunciation.load()
    for run in missing(suite):
        with suppress(Timeout), FileLock(folder / f"{run.name}.lock", timeout=0):
            if run not in missing(suite):  # another process was faster
                continue
            if console is not None:
                console.print(f"{run.name} ({run.budget})")
            row = execute(run, data, folder, console)
            store.append(suite, row)
            _unfinished(run, folder).unlink(missing_ok=True)
            yield row


def _unfinished(run: Run, folder: Path) -> Path:
    return folder / f"{run.name}.safetensors"


def execute(
    run: Run, data: PronunciationData, folder: Path, console: Console | None = None
) -> dict[str, Any]:
    """Trains one run and scores its best weights, the test words once.

    Returns:
        All that is recorded of it: settings, versions, commit, parameters, seconds, letters a
        second, PER and WER on the validation and on the test words.
    """
    how_long: dict[str, Any] = {**BUDGETS[run.budget]}
    recipe = Recipe(**how_long, seed=run.seed)
    spec = models.spec(run.model, cell=run.cell)
    model = models.build(run.framework, spec, len(data.letters), len(data.tags), run.seed)
    trainer = models.trainer(run.framework, model, recipe)
    facts = trained.describe(spec, run.framework, recipe, data, stress=False)
    history = training.fit(
        trainer, data, path=_unfinished(run, folder), facts=facts, console=console
    )
    seconds = sum(row["seconds"] for row in history.epochs)
    letters = sum(row["seconds"] * row["letters_per_second"] for row in history.epochs)
    return {
        "run": run.name,
        "model": run.model,
        "arguments": spec.arguments,
        "framework": run.framework,
        "seed": run.seed,
        "budget": run.budget,
        "recipe": asdict(recipe),
        "data": facts["data"],
        "parameters": sum(array.size for array in trainer.weights().values()),
        "seconds": round(seconds, 1),
        "letters_per_second": round(letters / seconds),
        "best_epoch": history.best["epoch"],
        "valid": _scored(trainer.predict, data, data.valid),
        "test": _scored(trainer.predict, data, data.test),
        "versions": facts["versions"],
        "commit": commit(),
    }


def _scored(
    predict: Callable[[Any], Any], data: PronunciationData, words: pronunciation.Dictionary
) -> dict[str, float]:
    said = pronunciation.transcribe(words, data.letters, data.tags, predict)
    score = pronunciation.score(said, words)
    return {"per": score.per, "wer": score.wer, "words": score.words}


def commit() -> str | None:
    """The commit of the code that runs, with "+" if it was changed since; None outside of git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", str(here.parent))
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None
