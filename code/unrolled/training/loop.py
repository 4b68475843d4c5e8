"""The training loop: epochs, validation, the best weights, and the state of an unfinished run."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from unrolled.errors import UserError
from unrolled.tasks.task import Row, Task
from unrolled.training.checkpoints import Arrays, Checkpoint, array_shapes, differing, read, write
from unrolled.training.progress import progress
from unrolled.training.trainer import Trainer


class Diverged(UserError):  # noqa: N818
    """The loss is no longer finite; repeating the run would end the same way."""


@dataclass
class History:
    """The record of a training run: one row per epoch, and the loss of every step.

    Args:
        decides: the column by which epochs are compared.
        lower_is_better: whether its lowest value is the best.
    """

    decides: str
    lower_is_better: bool = True
    epochs: list[Row] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @property
    def best(self) -> Row:
        """The best epoch on the validation set; the earliest one in a tie."""
        sign = 1 if self.lower_is_better else -1
        return min(self.epochs, key=lambda row: sign * row[self.decides])


def partial(path: Path) -> Path:
    """The file that keeps an unfinished run, until its checkpoint is written to `path`."""
    return path.with_name(path.name + ".part")


def fit(
    trainer: Trainer,
    task: Task,
    *,
    path: Path | None = None,
    facts: dict[str, Any] | None = None,
    console: Console | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    on_resume: Callable[[History], None] | None = None,
) -> History:
    """Trains by the trainer's recipe and leaves the weights of the best epoch in the model.

    With a `path`, the state after every epoch is kept in `path` + ".part". An interrupted run
    resumes from there and ends with the same weights as an uninterrupted one. When it is done,
    `path` holds the best weights and the part file is deleted.

    Args:
        trainer: a model with its optimiser.
        task: what it learns, with its data.
        path: where the checkpoint goes, in an existing folder; None saves nothing.
        facts: what the checkpoint records besides the history; a part file with other facts is
            refused.
        console: where the progress bar is drawn; None draws none.
        on_epoch: called with each epoch's row.
        on_resume: called with the history of a run that goes on where it was stopped.

    Raises:
        UserError: the part file belongs to another run, the loss is no longer finite, or a file
            cannot be written.
    """
    recipe = trainer.recipe
    facts = {**(facts or {}), "framework": trainer.framework, "recipe": asdict(recipe)}
    part = None if path is None else partial(path)
    history, best = History(task.decides, task.lower_is_better), trainer.weights()
    if path is not None and not path.parent.is_dir():
        raise UserError(f"cannot write {path}: there is no folder {path.parent}; create it")
    if part is not None and part.exists():
        history, best = _resume(trainer, part, facts)
        if on_resume is not None:
            on_resume(history)
    done = len(history.epochs)
    with progress(
        console, recipe.epochs, task.num_items(recipe.sample), done, task.items
    ) as advance:
        for epoch in range(done, recipe.epochs):
            if history.epochs and task.is_done(history.epochs[-1]):
                break
            try:
                row = _run_epoch(trainer, task, epoch, history, advance)
            except Diverged:
                if part is not None:
                    part.unlink(missing_ok=True)  # a lower learning rate starts afresh
                raise
            row |= task.validate(trainer)
            history.epochs.append(row)
            if history.best is row:
                best = trainer.weights()
            if part is not None:
                write(part, _snapshot(trainer, best, history, facts))
            if on_epoch is not None:
                on_epoch(row)
    trainer.load_weights(best)
    if path is not None and part is not None:
        write(path, Checkpoint(best, {**facts, "history": asdict(history)}))
        part.unlink(missing_ok=True)
    return history


def _run_epoch(
    trainer: Trainer,
    task: Task,
    epoch: int,
    history: History,
    advance: Callable[[int, float], None],
) -> Row:
    """Trains on every example once, in an order that depends only on the seed and the epoch."""
    recipe = trainer.recipe
    trainer.reseed(int(np.random.SeedSequence((recipe.seed, epoch)).generate_state(1)[0]))
    started, on_cpu, losses = time.perf_counter(), time.process_time(), []
    batches = task.epoch(epoch, recipe.batch_size, recipe.seed, recipe.sample)
    for step, batch in enumerate(batches):
        rate = recipe.rate_at(epoch * len(batches) + step, recipe.epochs * len(batches))
        losses.append(trainer.train_step(batch, rate))
        if not math.isfinite(losses[-1]):
            raise Diverged(
                f"the loss is {losses[-1]} at step {step + 1} of epoch {epoch + 1}; "
                f"lower the learning rate, which is {recipe.learning_rate:g}"
            )
        advance(batch.num_items, losses[-1])
    seconds = time.perf_counter() - started
    history.losses += losses
    sizes = [batch.num_items for batch in batches]
    return {
        "epoch": epoch + 1,
        "loss": float(np.average(losses, weights=sizes)),
        "seconds": seconds,
        "cpu_seconds": time.process_time() - on_cpu,
        f"{task.items}_per_second": sum(sizes) / seconds,
    }


def _snapshot(
    trainer: Trainer, best: Arrays, history: History, facts: dict[str, Any]
) -> Checkpoint:
    groups = {"model": trainer.weights(), "best": best, "optimizer": trainer.optimizer_state()}
    arrays = {f"{group}:{name}": a for group, some in groups.items() for name, a in some.items()}
    return Checkpoint(arrays, {**facts, "history": asdict(history)})


def _resume(trainer: Trainer, part: Path, facts: dict[str, Any]) -> tuple[History, Arrays]:
    """Loads an unfinished run's state into the trainer; returns its history and best weights."""
    arrays, kept = read(part)
    groups: dict[str, Arrays] = {"model": {}, "best": {}, "optimizer": {}}
    for name, array in arrays.items():
        group, _, rest = name.partition(":")
        groups.setdefault(group, {})[rest] = array
    other = differing(kept, facts)
    if not other and array_shapes(groups["model"]) != array_shapes(trainer.weights()):
        other = ["model"]
    if other:
        raise UserError(
            f"{part} holds an unfinished run with another {', another '.join(other)}; "
            "repeat its command to finish it, or delete the file to begin anew"
        )
    try:
        trainer.load_weights(groups["model"])
        trainer.load_optimizer_state(groups["optimizer"])
        return History(**kept["history"]), groups["best"]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{part}: damaged ({error!r}); delete it to begin anew") from error
