"""The time of a recurrent layer's training step, relative to the LSTM's loop, in PyTorch."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.studies.recall import num_parameters, width
from unrolled.torch.cells import CELLS

BATCH, INPUT_SIZE, PARAMETERS = 16, 32, 20_000
FORMS = ("parallel", "sequential")
ROUNDS = 5  # at least


def forms(cell: str) -> tuple[str, ...]:
    """The ways a layer can read a sequence: all have a loop, some a parallel form."""
    return FORMS if CELLS[cell].parallel else FORMS[1:]


def measure(cell: str, T: int, form: str) -> dict[str, Any]:
    """The CPU seconds of forward, backward and Adam's step, and their ratio to the LSTM's loop.

    Both are timed in turns, after one round that does not count. Processor time is measured, on
    one thread, so that other programs on the machine hardly matter.

    Args:
        cell: a name in `CELLS`.
        T: the number of time steps.
        form: "parallel", or "sequential" for the loop step by step.
    """
    layer, other = (
        CELLS[name](INPUT_SIZE, width(partial(CELLS[name], INPUT_SIZE), PARAMETERS))
        for name in (cell, "lstm")
    )
    steps = [_step(layer, form, T), _step(other, "sequential", T)]
    rounds, seconds = max(ROUNDS, 1024 // T), [0.0, 0.0]
    for turn in range(1 + rounds):
        for place, step in enumerate(steps):
            started = time.process_time()
            step()
            seconds[place] += (time.process_time() - started) / rounds if turn else 0
    mine, lstm = seconds
    return {
        "seconds": float(f"{mine:.4g}"),
        "relative": float(f"{mine / lstm:.4g}"),
        "batch": BATCH,
        "hidden_size": layer.hidden_size,
        "parameters": num_parameters(layer),
    }


def _step(layer: nn.Module, form: str, T: int) -> Callable[[], None]:
    """A function that runs one training step on random input each time it is called."""
    x = torch.randn(BATCH, T, INPUT_SIZE)
    learnt = [parameter for parameter in layer.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learnt) if learnt else None
    read: Callable[[Tensor], tuple[Tensor, Any]] = (
        layer if form == "parallel" else layer.unroll  # type: ignore[assignment]
    )

    def step() -> None:
        outputs, _ = read(x)
        if optimizer is None:
            return
        optimizer.zero_grad()
        outputs.square().mean().backward()
        optimizer.step()

    return step
