"""One recorded training, as the suites list it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unrolled.budgets import Budget


@dataclass(frozen=True)
class Run:
    """One training, from the initial weights to the score.

    Args:
        model: a name of `unrolled.models.NAMED`.
        variant: what tells it from other runs of the model: "lstm"; empty where nothing has to.
        framework: "pytorch" or "keras".
        seed: of the initial weights and of the order of the examples.
        arguments: of the model, where they are not the named ones.
        recipe: where it is not that of the budget.
        budget: how long it trains.
        tests: whether it is scored on the test part; False: on the validation part alone.
        kept: whether its weights are kept beside the results, for the pages to use.
        task: what it learns, a name of `unrolled.tasks`, on the book's own data.
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
