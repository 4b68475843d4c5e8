"""One recorded training run, as listed in the suites."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unrolled.budgets import Budget


@dataclass(frozen=True)
class Run:
    """One training run, from the initial weights to the scores.

    Args:
        model: a name in `unrolled.models.NAMED`.
        variant: distinguishes it from other runs of the model: "lstm"; may be empty.
        framework: "pytorch" or "keras".
        seed: for the initial weights and the order of the examples.
        arguments: of the model, where they differ from the defaults.
        recipe: what differs from the recipe of the budget.
        budget: how long it trains.
        tests: whether it is scored on the test set; False: on the validation set only.
        kept: whether its weights are stored with the results, for the pages to use.
        task: what it learns, a task of `unrolled.tasks`, on the book's own data.
    """

    model: str
    variant: str
    framework: str
    seed: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    budget: Budget = Budget.FULL
    tests: bool = True
    kept: bool = False
    task: str = "pronunciation"

    @property
    def name(self) -> str:
        """Its name in the store: basic-elman-pytorch-0."""
        return "-".join(filter(None, [self.model, self.variant, self.framework, str(self.seed)]))
