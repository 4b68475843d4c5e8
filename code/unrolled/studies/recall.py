"""How far back a recurrent layer learns to remember, with nothing but a readout; in PyTorch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.tasks.recall import ABSENT, TASKS, Task
from unrolled.torch.cells import CELLS
from unrolled.torch.layers import dense

BATCH, HELD_OUT = 32, 256  # sequences of a step, and of the score
PARAMETERS = 10_000
INPUT_SIZE = 32  # features that a cell reads: one or two would leave some cells hardly a weight


@dataclass(frozen=True)
class Recipe:
    """How long, and how fast: the same for every cell."""

    steps: int = 1500
    rates: tuple[float, ...] = (1e-2, 2e-3)  # of Adam; the second only where the first fails
    clip_norm: float = 1.0
    every: int = 50  # steps from score to score; once learnt, it stops


class Rememberer(nn.Module):
    """One recurrent layer between two affine maps. Shape: (B, T, D) -> (B, T, K)."""

    def __init__(self, cell: str, task: Task, hidden_size: int) -> None:
        super().__init__()
        self.embedding = dense(task.inputs, INPUT_SIZE)
        self.recurrent = CELLS[cell](INPUT_SIZE, hidden_size)
        self.readout = dense(hidden_size, task.outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.recurrent(self.embedding(x))[0])


def num_parameters(module: nn.Module) -> int:
    """All numbers of a module, learnt or not."""
    return sum(parameter.numel() for parameter in module.parameters())


def width(build: Callable[[int], nn.Module], parameters: int) -> int:
    """The H with which what is built of it comes closest to so many parameters."""

    def off(hidden_size: int) -> int:
        return abs(num_parameters(build(hidden_size)) - parameters)

    low = 1
    while off(low + 1) < off(low):
        low += 1
    return low


def learn(cell: str, task_name: str, lag: int, seed: int, recipe: Recipe) -> dict[str, Any]:
    """Trains on new batches until the held-out sequences are answered, or the steps are done.

    Returns:
        Whether it was `solved`, the `score`, the `steps` and the `rate` it took, and what was
        trained.
    """
    task = TASKS[task_name]
    hidden_size = width(partial(Rememberer, cell, task), PARAMETERS)
    held_out = task.draw(lag, HELD_OUT, np.random.default_rng([seed, 1]))
    best: dict[str, Any] = {}
    for rate in recipe.rates:
        torch.manual_seed(seed)
        model = Rememberer(cell, task, hidden_size)
        started = time.process_time()
        steps, score = _train(model, task, lag, rate, recipe, held_out, seed)
        found = {"solved": task.is_solved(score), "score": score, "steps": steps, "rate": rate}
        found["cpu_seconds"] = round(time.process_time() - started, 2)
        if not best or (score < best["score"]) == task.is_number:
            best = found
        if best["solved"]:
            break
    return {**best, "hidden_size": hidden_size, "parameters": num_parameters(model)}


def _train(
    model: Rememberer,
    task: Task,
    lag: int,
    rate: float,
    recipe: Recipe,
    held_out: tuple[Any, Any],
    seed: int,
) -> tuple[int, float]:
    """Returns the steps that were taken and the best score."""
    rng = np.random.default_rng([seed, 0])
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    scores: list[float] = []
    for step in range(1, recipe.steps + 1):
        x, targets = map(torch.from_numpy, task.draw(lag, BATCH, rng))
        loss = _loss(task, model(x), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
        optimizer.step()
        if step % recipe.every == 0:
            with torch.no_grad():
                scores.append(task.score(model(torch.from_numpy(held_out[0])).numpy(), held_out[1]))
            if task.is_solved(scores[-1]):
                return step, scores[-1]
    return recipe.steps, min(scores) if task.is_number else max(scores)


def _loss(task: Task, said: Tensor, targets: Tensor) -> Tensor:
    """Of the answers that are due alone. Shape: said (B, T, K); targets (B, T)."""
    if task.is_number:
        due = targets != ABSENT
        return F.mse_loss(said[..., 0][due], targets[due])
    return F.cross_entropy(said.flatten(0, 1), targets.flatten(), ignore_index=ABSENT)
