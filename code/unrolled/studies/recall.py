"""How far back a recurrent layer with only a readout learns to remember; in PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from unrolled.tasks.recall import RULES, RecallTask, Rule
from unrolled.torch.taggers import Tagger
from unrolled.torch.training import Trainer
from unrolled.training import Recipe, fit

BATCH = 32  # sequences per step
PARAMETERS = 10_000
INPUT_SIZE = 32  # features that a cell reads: with one or two, some cells would have few weights


@dataclass(frozen=True)
class Search:
    """How long, and how fast: the same for every cell."""

    steps: int = 1500
    rates: tuple[float, ...] = (1e-2, 2e-3)  # for Adam; the second only if the first fails
    clip_norm: float = 1.0
    every: int = 50  # steps between validations; training stops once it has learnt

    def recipe(self, rate: float, seed: int) -> Recipe:
        """The recipe of one attempt."""
        return Recipe(
            epochs=-(-self.steps // self.every),
            batch_size=BATCH,
            learning_rate=rate,
            schedule="constant",
            clip_norm=self.clip_norm,
            seed=seed,
        )


def rememberer(cell: str, rule: Rule, hidden_size: int) -> Tagger:
    """One recurrent layer between two affine maps. Shape: (B, T, D) -> (B, T, K)."""
    return Tagger(rule.inputs, rule.outputs, cell, INPUT_SIZE, hidden_size, inputs="vectors")


def num_parameters(module: nn.Module) -> int:
    """The number of parameters of a module, learnt or not."""
    return sum(parameter.numel() for parameter in module.parameters())


def width(build: Callable[[int], nn.Module], parameters: int) -> int:
    """The H whose module comes closest to the given number of parameters."""

    def off(hidden_size: int) -> int:
        return abs(num_parameters(build(hidden_size)) - parameters)

    low = 1
    while off(low + 1) < off(low):
        low += 1
    return low


def learn(cell: str, rule_name: str, lag: int, seed: int, search: Search) -> dict[str, Any]:
    """Trains on new batches until the held-out sequences are solved, or the steps run out.

    Returns:
        Whether it was `solved`, the `score`, the `steps` and the `rate` it took, and what was
        trained.
    """
    rule = RULES[rule_name]
    hidden_size = width(partial(rememberer, cell, rule), PARAMETERS)
    task = RecallTask(rule_name, lag, seed, steps=min(search.every, search.steps))
    best: dict[str, Any] = {}
    for rate in search.rates:
        torch.manual_seed(seed)
        model = rememberer(cell, rule, hidden_size)
        history = fit(Trainer(model, search.recipe(rate, seed), task.answer), task)
        score = history.best["score"]
        attempt = {"solved": rule.is_solved(score), "score": score}
        attempt |= {"steps": len(history.losses), "rate": rate}
        attempt["cpu_seconds"] = round(sum(row["cpu_seconds"] for row in history.epochs), 2)
        if not best or (score < best["score"]) == rule.is_number:
            best = attempt
        if best["solved"]:
            break
    return {**best, "hidden_size": hidden_size, "parameters": num_parameters(model)}
