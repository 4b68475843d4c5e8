"""The suites of recorded runs: each run by model, framework, seed and recipe.

A suite is a list of runs, the most needed first. To add one, add it here and run
`unrolled experiments run SUITE`; runs that are already recorded are not repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from unrolled import models
from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.experiments import cells
from unrolled.experiments.run import Run
from unrolled.models import Spec


@dataclass(frozen=True)
class Entry:
    """A model as it takes part in a comparison, at the width that matches the parameters.

    Args:
        model, variant, arguments: as in `Run`.
        like: the model and variant whose tuned learning rate and dropout it uses; None: its own.
    """

    model: str
    variant: str
    arguments: Mapping[str, Any]
    like: tuple[str, str] | None = None

    def run(self, framework: str, seed: int, **recipe: Any) -> Run:
        """A run with the tuned hyperparameters and any other changes to the recipe."""
        rate, dropout = TUNED[self.like or (self.model, self.variant)]
        arguments = {"dropout": dropout, **self.arguments}
        kept = self in HEADLINE and framework == "pytorch" and seed == 0 and not recipe
        recipe = {"learning_rate": rate, **recipe}
        return Run(self.model, self.variant, framework, seed, arguments, recipe, kept=kept)


def _lstm(hidden_size: int, **others: Any) -> dict[str, Any]:
    return {"cell": "lstm", "hidden_size": hidden_size, **others}


def _variant(model: str, variant: str, arguments: Mapping[str, Any]) -> Entry:
    return Entry(model, variant, arguments, like=(model, "lstm"))


# The models that the chapters compare, each as near to 60,000 parameters as its width allows.
PARAMETERS = 60_000
HEADLINE = (
    Entry("basic", "elman", {"cell": "elman", "hidden_size": 194}),
    Entry("basic", "lstm", _lstm(98)),
    Entry("stacked", "lstm", _lstm(49, num_layers=3)),
    Entry("bidirectional", "lstm", _lstm(64)),
    Entry("stacked-bidirectional", "lstm", _lstm(37, num_layers=2)),
    Entry("look-ahead", "lstm", _lstm(98, delay=3)),
    Entry("conv", "lstm", _lstm(76, kernel_size=5)),
    Entry("conv-bidirectional", "lstm", _lstm(47, kernel_size=5)),
    Entry("attention-bidirectional", "lstm", _lstm(54, attention_size=32)),
    Entry("window", "", {"window": 5, "hidden_size": 249}),
    Entry("encoder-decoder-attention", "lstm", _lstm(39, attention_size=32)),
)


def headline(model: str, variant: str = "lstm") -> Spec:
    """A headline model with the width at which it is recorded."""
    (entry,) = (e for e in HEADLINE if (e.model, e.variant) == (model, variant))
    return models.spec(model, **entry.arguments)


# One thing changed at a time, the width adjusted so that the number of parameters stays.
ABLATIONS = (
    *(_variant("look-ahead", f"delay-{k}", _lstm(98, delay=k)) for k in (1, 2, 4, 5)),
    _variant("stacked", "2-layers", _lstm(62, num_layers=2)),
    _variant("stacked", "4-layers", _lstm(42, num_layers=4)),
    _variant("stacked", "4-layers-residual", _lstm(42, num_layers=4, residual=True)),
    _variant("stacked", "4-layers-norm", _lstm(42, num_layers=4, layer_norm=True)),
    _variant("stacked", "4-layers-dropout", _lstm(42, num_layers=4, dropout=0.2)),
    _variant("stacked-bidirectional", "3-layers", _lstm(29, num_layers=3)),
    *(
        _variant("conv", f"kernel-{k}", _lstm(width, kernel_size=k))
        for k, width in ((3, 80), (7, 72), (9, 67))
    ),
    Entry("attention", "lstm", _lstm(87, attention_size=32), ("attention-bidirectional", "lstm")),
    Entry("encoder-decoder", "lstm", _lstm(41), ("encoder-decoder-attention", "lstm")),
    _variant("bidirectional", "gru", {"cell": "gru", "hidden_size": 74}),
    _variant("stacked-bidirectional", "gru", {"cell": "gru", "hidden_size": 42}),
    Entry("bidirectional", "elman", {"cell": "elman", "hidden_size": 126}, ("basic", "elman")),
    Entry(
        "stacked-bidirectional", "elman", {"cell": "elman", "hidden_size": 73}, ("basic", "elman")
    ),
)

# Learning rates and dropouts of the suite "tuning"; the last pair was added when the highest rate
# of the others had won. TUNED: the best by PER on the validation words, by this search for each.
GRID = ((3e-3, 0.0), (6e-3, 0.0), (1.2e-2, 0.0), (6e-3, 0.1), (2.4e-2, 0.0))
TUNING_EPOCHS = 2
TUNED: dict[tuple[str, str], tuple[float, float]] = {
    ("basic", "elman"): (6e-3, 0.0),
    ("basic", "lstm"): (2.4e-2, 0.0),
    ("stacked", "lstm"): (1.2e-2, 0.0),
    ("bidirectional", "lstm"): (2.4e-2, 0.0),
    ("stacked-bidirectional", "lstm"): (2.4e-2, 0.0),
    ("look-ahead", "lstm"): (2.4e-2, 0.0),
    ("conv", "lstm"): (1.2e-2, 0.0),
    ("conv-bidirectional", "lstm"): (1.2e-2, 0.0),
    ("attention-bidirectional", "lstm"): (1.2e-2, 0.0),
    ("window", ""): (1.2e-2, 0.0),
    ("encoder-decoder-attention", "lstm"): (2.4e-2, 0.0),
}

# CPU seconds per epoch in PyTorch, measured in turns in one process on one core. The suite
# "timed" gives each model as many epochs as fit into SLOWEST epochs of the slowest tagger.
SECONDS: dict[tuple[str, str], float] = {
    ("basic", "elman"): 5.6,
    ("basic", "lstm"): 4.2,
    ("stacked", "lstm"): 5.6,
    ("bidirectional", "lstm"): 5.0,
    ("stacked-bidirectional", "lstm"): 6.7,
    ("look-ahead", "lstm"): 5.4,
    ("conv", "lstm"): 5.1,
    ("conv-bidirectional", "lstm"): 6.0,
    ("attention-bidirectional", "lstm"): 6.6,
    ("window", ""): 5.2,
    ("encoder-decoder-attention", "lstm"): 13.5,
}
SLOWEST = 8


def relative_time(model: str, against: str) -> float:
    """The time per epoch of one model, such as "basic-lstm", as a multiple of another's."""
    seconds = {"-".join(filter(None, key)): value for key, value in SECONDS.items()}
    return seconds[model] / seconds[against]


def _timed() -> Iterator[Run]:
    time = SLOWEST * SECONDS["stacked-bidirectional", "lstm"]
    for seed, entry in product(range(3), HEADLINE):
        yield entry.run("pytorch", seed, epochs=round(time / SECONDS[entry.model, entry.variant]))


def _small() -> Iterator[Run]:
    for framework in ("pytorch", "keras"):
        arguments = {"cell": "lstm", "hidden_size": 32}
        recipe = {"learning_rate": 1e-2, "batch_size": 64, "sample": 20_000}
        yield Run(
            "bidirectional", "lstm", framework, 0, arguments, recipe, Budget.SMOKE, tests=False
        )


def _tuning() -> Iterator[Run]:
    for entry, (rate, dropout) in product(HEADLINE, GRID):
        variant = "-".join(filter(None, [entry.variant, f"rate-{rate:g}-dropout-{dropout:g}"]))
        yield Run(
            entry.model,
            variant,
            "pytorch",
            seed=0,
            arguments={**entry.arguments, "dropout": dropout},
            recipe={"learning_rate": rate, "epochs": TUNING_EPOCHS},
            tests=False,
        )


def _matched() -> Iterator[Run]:
    for seed in range(5):
        yield from (entry.run("pytorch", seed) for entry in HEADLINE)
        if seed < 3:
            yield from (entry.run("keras", seed) for entry in HEADLINE)


def _basic() -> Iterator[Run]:
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("basic", "elman", {"cell": "elman"}),
        ("basic", "lstm", {"cell": "lstm"}),
        ("basic", "gru", {"cell": "gru"}),
        ("window", "", {}),
    ]
    for seed, (model, variant, arguments), framework in product(
        range(3), kinds, ["pytorch", "keras"]
    ):
        yield Run(model, variant, framework, seed, arguments, {"epochs": 12})


SUITES: dict[str, tuple[Run, ...]] = {
    # practice/basic-rnn: the basic tagger with each cell at one width, and the window net.
    "basic": tuple(_basic()),
    # learning rate and dropout, on the validation words only.
    "tuning": tuple(_tuning()),
    # practice/report: the headline models at matched parameters.
    "matched": tuple(_matched()),
    # practice/report: the same models at equal training time.
    "timed": tuple(_timed()),
    # practice/*: what each part of a model contributes.
    "ablations": tuple(entry.run("pytorch", seed) for seed in range(2) for entry in ABLATIONS),
    # theory/types-of-rnn: every cell in both directions, with the same search for learning rates.
    "cells-tuning": tuple(cells.tuning()),
    "cells": tuple(cells.matched()),
    # runs of a few seconds that the tests repeat, so that the code cannot drift from the record.
    "small": tuple(_small()),
}


def runs_of(suite: str) -> tuple[Run, ...]:
    """The runs of a suite.

    Raises:
        UserError: there is no such suite, or a cell is not ready for it.
    """
    if suite not in SUITES:
        raise UserError(f"no suite is called {suite!r}; there are {', '.join(SUITES)}")
    if suite in ("cells-tuning", "cells"):
        cells.refuse_untuned(suite)
    return SUITES[suite]
