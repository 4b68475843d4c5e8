"""What training means in every framework: the recipe, the learning rate, the epochs, the checkpoints.

One optimiser step is the frameworks' business (`unrolled.torch.training`, `unrolled.keras.training`); all around it stands here
once, so that a difference between two runs can only come from the step itself.
"""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from unrolled.budgets import Budget
from unrolled.checkpoints import Arrays, Checkpoint, differences, read, write
from unrolled.errors import UserError
from unrolled.tasks import pronunciation

Array = NDArray[Any]


@dataclass(frozen=True)
class Recipe:
    """How to train. The same recipe means the same in PyTorch and in Keras."""

    epochs: int = 4
    batch_size: int = 128  # words of one length
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 3e-3  # the highest of the schedule
    schedule: Literal["one-cycle", "cosine", "constant"] = "one-cycle"
    warm_up: float = 0.2  # share of the steps in which one-cycle rises
    clip_norm: float = 1.0  # gradients of a larger global norm are scaled down to it
    epsilon: float = 1e-8  # Adam's
    words: int | None = None  # train on a sample of so many words; None: on all
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "clip_norm", "epsilon"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"{name} is {getattr(self, name)}; it must be greater than 0")
        if self.words is not None and self.words <= 0:
            raise UserError(f"words is {self.words}; it must be greater than 0")

    def rate_at(self, step: int, total: int) -> float:
        """The learning rate of optimiser step `step` of `total`, counted from 0.

        one-cycle: a line from peak / 25 up to the peak, then half a cosine down to 0 (after Smith and Topin 2019).
        cosine: half a cosine from the peak to 0 (Loshchilov and Hutter 2017).
        """
        if self.schedule == "constant":
            return self.learning_rate
        rise = max(1, round(self.warm_up * total)) if self.schedule == "one-cycle" else 0
        if step < rise:
            return self.learning_rate * (1 + 24 * step / rise) / 25
        done = (step - rise) / max(1, total - rise)
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2


BUDGETS = {
    Budget.SMOKE: {"epochs": 1, "words": 2000},
    Budget.LIVE: {"epochs": 3},
    Budget.FULL: {"epochs": 12},
}


class Trainer(ABC):
    """A model and its optimiser in one framework."""

    framework: ClassVar[str]

    def __init__(self, model: Any, recipe: Recipe) -> None:
        self.model, self.recipe = model, recipe

    @abstractmethod
    def train_step(self, letters: Array, tags: Array, learning_rate: float) -> float:
        """One optimiser step on one batch; returns the mean cross-entropy before it. Shape: both (B, T)."""

    @abstractmethod
    def predict(self, letters: Array) -> Array:
        """The most probable tag of each letter. Shape: (B, T) -> (B, T)."""

    @abstractmethod
    def weights(self) -> Arrays:
        """A copy of the model's parameters, by the framework's own names."""

    @abstractmethod
    def load_weights(self, arrays: Arrays) -> None:
        """Puts back what `weights` returned."""

    @abstractmethod
    def optimizer_state(self) -> Arrays:
        """A copy of all that the optimiser remembers."""

    @abstractmethod
    def load_optimizer_state(self, arrays: Arrays) -> None:
        """Puts back what `optimizer_state` returned."""


@dataclass
class History:
    """What happened in training: one row an epoch, and the loss of every step."""

    epochs: list[dict[str, float]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    @property
    def best(self) -> dict[str, float]:
        """The epoch with the lowest PER on the validation words, the earliest of equals."""
        return min(self.epochs, key=lambda row: row["per"])


def validate(trainer: Trainer, data: pronunciation.PronunciationData) -> pronunciation.Score:
    """PER and WER on the validation words."""
    said = pronunciation.transcribe(data.valid, data.letters, data.tags, trainer.predict)
    return pronunciation.score(said, data.valid)


def fit(
    trainer: Trainer,
    data: pronunciation.PronunciationData,
    *,
    path: Path | None = None,
    facts: dict[str, Any] | None = None,
    console: Console | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
) -> History:
    """Trains by the trainer's recipe and leaves the weights of the best epoch in the model.

    With a `path` the state after every epoch is kept in `path` + ".part". A run that was stopped goes on from there and ends
    with the same weights as one that never stopped; when it is done, `path` holds the best weights and the part is gone.

    Args:
        trainer: a model with its optimiser.
        data: the prepared words.
        path: where the checkpoint goes; None keeps nothing.
        facts: what the checkpoint tells besides the history; a part that tells otherwise is refused.
        console: where the progress bar is drawn; None draws none.
        on_epoch: called with each epoch's row.

    Raises:
        UserError: the part belongs to another run, the loss grows beyond all numbers, or a file cannot be written.
    """
    recipe = trainer.recipe
    facts = {**(facts or {}), "framework": trainer.framework, "recipe": asdict(recipe)}
    part = None if path is None else path.with_name(path.name + ".part")
    examples = data.train if recipe.words is None else data.train.sample(recipe.words, recipe.seed)
    history, best = History(), trainer.weights()
    if part is not None and part.exists():
        history, best = _resume(trainer, part, facts)
    with _progress(console, recipe, examples, len(history.epochs)) as advance:
        for epoch in range(len(history.epochs), recipe.epochs):
            row = _run_epoch(trainer, examples, epoch, history, advance)
            scored = validate(trainer, data)
            row |= {"per": scored.per, "wer": scored.wer}
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
    examples: pronunciation.Examples,
    epoch: int,
    history: History,
    advance: Callable[[int, float], None],
) -> dict[str, float]:
    """Every word once, in an order that only the seed and the epoch decide."""
    recipe = trainer.recipe
    batches = list(examples.batches(recipe.batch_size, np.random.default_rng((recipe.seed, epoch))))
    started, losses = time.perf_counter(), []
    for step, (letters, tags) in enumerate(batches):
        rate = recipe.rate_at(epoch * len(batches) + step, recipe.epochs * len(batches))
        losses.append(trainer.train_step(letters, tags, rate))
        if not math.isfinite(losses[-1]):
            raise UserError(
                f"the loss is {losses[-1]} at step {step + 1} of epoch {epoch + 1}; "
                "try a lower learning rate"
            )
        advance(letters.size, losses[-1])
    seconds = time.perf_counter() - started
    history.losses += losses
    sizes = [letters.size for letters, _ in batches]
    return {
        "epoch": epoch + 1,
        "loss": float(np.average(losses, weights=sizes)),
        "seconds": seconds,
        "letters_per_second": sum(sizes) / seconds,
    }


def _snapshot(
    trainer: Trainer, best: Arrays, history: History, facts: dict[str, Any]
) -> Checkpoint:
    groups = {"model": trainer.weights(), "best": best, "optimizer": trainer.optimizer_state()}
    arrays = {
        f"{group}:{name}": a for group, arrays in groups.items() for name, a in arrays.items()
    }
    return Checkpoint(arrays, {**facts, "history": asdict(history)})


def _resume(trainer: Trainer, part: Path, facts: dict[str, Any]) -> tuple[History, Arrays]:
    """Puts an unfinished run's state into the trainer; returns its history and best weights so far."""
    arrays, kept = read(part)
    history = History(**kept.pop("history"))
    if other := differences(kept, facts):
        raise UserError(
            f"{part} holds an unfinished run with another {other[0]}; "
            "repeat its command to finish it, or delete the file to begin anew"
        )
    groups: dict[str, Arrays] = {"model": {}, "best": {}, "optimizer": {}}
    for name, array in arrays.items():
        group, _, rest = name.partition(":")
        groups[group][rest] = array
    trainer.load_weights(groups["model"])
    trainer.load_optimizer_state(groups["optimizer"])
    return history, groups["best"]


@contextmanager
def _progress(
    console: Console | None, recipe: Recipe, examples: pronunciation.Examples, done: int
) -> Iterator[Callable[[int, float], None]]:
    """A bar over all epochs with the rate and the time left; without a console nothing is drawn."""
    if console is None:
        yield lambda letters, loss: None
        return
    per_epoch = examples.num_letters
    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn("{task.fields[rate]:,.0f} letters/s  loss {task.fields[loss]:.3f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        started, seen = time.perf_counter(), 0
        task = bar.add_task(
            "",
            total=recipe.epochs * per_epoch,
            completed=done * per_epoch,
            epochs=recipe.epochs,
            epoch=done + 1,
            rate=0.0,
            loss=math.nan,
        )

        def advance(letters: int, loss: float) -> None:
            nonlocal seen
            seen += letters
            rate = seen / (time.perf_counter() - started)
            epoch = done + min(seen, (recipe.epochs - done) * per_epoch - 1) // per_epoch + 1
            bar.update(task, advance=letters, rate=rate, loss=loss, epoch=epoch)

        yield advance
