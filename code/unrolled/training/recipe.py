"""How to train, in every framework: the hyperparameters of a run and its learning rate."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from unrolled.budgets import Budget
from unrolled.errors import UserError

Optimizer = Literal["adam", "sgd"]
Schedule = Literal["one-cycle", "cosine", "constant"]


@dataclass(frozen=True)
class Recipe:
    """How to train. A recipe means the same in PyTorch and in Keras."""

    epochs: int = 4
    batch_size: int = 128  # examples in a step
    optimizer: Optimizer = "adam"
    learning_rate: float = 3e-3  # the highest of the schedule
    schedule: Schedule = "one-cycle"
    warm_up: float = 0.2  # share of the steps in which one-cycle rises
    clip_norm: float = 1.0  # gradients of a larger global norm are scaled down to it
    epsilon: float = 1e-8  # Adam's
    weight_decay: float = 0.0  # each step subtracts rate * weight_decay of a weight (AdamW)
    label_smoothing: float = 0.0  # share of the target's probability spread over all classes
    consistency: float = 0.0  # weight of the difference between two passes with other dropout
    sample: int | None = None  # train on this many examples, drawn by the seed; None: on all
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "learning_rate", "clip_norm", "epsilon"):
            if not 0 < getattr(self, name) < math.inf:
                raise UserError(f"{name} is {getattr(self, name)}; it must be greater than 0")
        if not 0 <= self.consistency < math.inf:
            raise UserError(f"consistency is {self.consistency}; it must be at least 0")
        if self.sample is not None and not self.sample > 0:
            raise UserError(f"sample is {self.sample}; it must be greater than 0")
        for name in ("epochs", "batch_size", "sample", "seed"):
            if not isinstance(getattr(self, name), int | None):
                raise UserError(f"{name} is {getattr(self, name)}; it must be a whole number")
        for name in ("warm_up", "label_smoothing", "weight_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise UserError(
                    f"{name} is {getattr(self, name)}; it must be at least 0 and less than 1"
                )
        if self.seed < 0:
            raise UserError(f"seed is {self.seed}; it must not be negative")
        for name, known in (("optimizer", Optimizer), ("schedule", Schedule)):
            if getattr(self, name) not in get_args(known):
                raise UserError(
                    f"{name} is {getattr(self, name)!r}; it must be {' or '.join(get_args(known))}"
                )

    def rate_at(self, step: int, total: int) -> float:
        """The learning rate of optimiser step `step` of `total`, counted from 0.

        one-cycle: linear from peak / 25 up to the peak, then half a cosine towards 0 (after
        Smith and Topin 2019). cosine: half a cosine from the peak towards 0 (Loshchilov and
        Hutter 2017).
        """
        if self.schedule == "constant":
            return self.learning_rate
        rise = round(self.warm_up * total) if self.schedule == "one-cycle" else 0
        if step < rise:
            return self.learning_rate * (1 + 24 * step / rise) / 25
        done = (step - rise) / max(1, total - rise)
        return self.learning_rate * (1 + math.cos(math.pi * done)) / 2


def named_today(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded recipe with today's names; the first edition called the sample `words`."""
    return {{"words": "sample"}.get(name, name): value for name, value in recipe.items()}


BUDGETS = {
    Budget.SMOKE: {"epochs": 1, "sample": 2000},
    Budget.LIVE: {"epochs": 3},
    Budget.FULL: {"epochs": 8},
}
