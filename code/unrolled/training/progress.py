"""A progress bar for training."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress(
    console: Console | None, epochs: int, items: int, done: int, name: str = "items"
) -> Iterator[Callable[[int, float], None]]:
    """A bar over all epochs with the items per second, the loss and the time left.

    Yields a function to call after each step with the number of items in the step and its loss.

    Args:
        console: where the bar is drawn; None draws none.
        epochs: the number of epochs in the whole run.
        items: the number of items in one epoch.
        done: the number of epochs that an earlier run completed.
        name: what the items are called, in the plural.
    """
    if console is None:
        yield lambda items, loss: None
        return
    columns = (
        TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
        BarColumn(),
        TextColumn(f"{{task.fields[rate]:,.0f}} {name}/s  loss {{task.fields[loss]:.3f}}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        started, seen = time.perf_counter(), 0
        fields: dict[str, Any] = {
            "epochs": epochs,
            "epoch": done + 1,
            "rate": 0.0,
            "loss": math.nan,
        }
        task = bar.add_task("", total=epochs * items, completed=done * items, **fields)

        def advance(step: int, loss: float) -> None:
            nonlocal seen
            seen += step
            rate = seen / (time.perf_counter() - started)
            epoch = min(epochs, done + seen // items + 1)
            bar.update(task, advance=step, rate=rate, loss=loss, epoch=epoch)

        yield advance
