"""What is measured for the record: every run by model, cell, framework, seed and budget."""

from dataclasses import dataclass
from itertools import product

from unrolled.budgets import Budget
from unrolled.errors import UserError


@dataclass(frozen=True)
class Run:
    """One training, from the initial weights to the score on the test words.

    Args:
        model: a name of `unrolled.models.NAMED`.
        cell: for models that have one.
        framework: "pytorch" or "keras".
        seed: of the initial weights and of the order of the words.
        budget: how long it trains.
    """

    model: str
    cell: str | None
    framework: str
    seed: int
    budget: Budget = Budget.FULL

    @property
    def name(self) -> str:
        """Its name in the store: basic-elman-pytorch-0."""
        return "-".join(filter(None, [self.model, self.cell, self.framework, str(self.seed)]))


SUITES: dict[str, tuple[Run, ...]] = {
    # practice/basic-rnn: the basic tagger with each cell, and the feed-forward baseline.
    "basic": tuple(
        Run(model, cell, framework, seed)
        for seed, (model, cell), framework in product(
            range(3),
            [("basic", "elman"), ("basic", "lstm"), ("basic", "gru"), ("window", None)],
            ["pytorch", "keras"],
        )
    ),
}


def named(suite: str) -> tuple[Run, ...]:
    """The runs of a suite.

    Raises:
        UserError: there is no such suite.
    """
    if suite not in SUITES:
        raise UserError(f"no suite is called {suite!r}; there are {', '.join(SUITES)}")
    return SUITES[suite]
