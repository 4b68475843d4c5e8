"""The runs that compare all cells: bidirectional taggers with about 60,000 parameters each."""

from collections.abc import Iterator
from itertools import product

from unrolled.cells import CELLS
from unrolled.errors import UserError
from unrolled.experiments.run import Run

EPOCHS = 4
SEEDS = range(5)
# The width of each direction that comes closest to `suite.PARAMETERS`.
WIDTHS = {
    "elman": 126,
    "jordan": 97,
    "indrnn": 268,
    "clockwork": 126,
    "orthogonal": 126,
    "echo-state": 126,
    "lstm": 64,
    "peephole": 63,
    "coupled": 74,
    "gru": 74,
    "gru-before": 74,
    "mgu": 91,
    "rhn": 70,
    "sru": 140,
    "qrnn": 109,
    "mingru": 208,
    "minlstm": 169,
    "lru": 85,
    "s4d": 206,
    "selective-ssm": 192,
    "rg-lru": 168,
    "rwkv": 105,
    "slstm": 64,
    "mlstm": 141,
    "stack-augmented": 119,
}
# The same search for each cell: on some of the words, and scored on the validation words only.
# The last rate was added when the highest of the others had won for half of the cells.
GRID = (3e-3, 6e-3, 1.2e-2, 2.4e-2, 4.8e-2)
TUNING = {"epochs": 2, "sample": 40_000}
# The best by PER on the validation words of the suite "cells-tuning".
RATES: dict[str, float] = {
    "elman": 1.2e-2,
    "jordan": 1.2e-2,
    "indrnn": 2.4e-2,
    "clockwork": 2.4e-2,
    "orthogonal": 2.4e-2,
    "echo-state": 4.8e-2,
    "lstm": 2.4e-2,
    "peephole": 2.4e-2,
    "coupled": 2.4e-2,
    "gru": 1.2e-2,
    "gru-before": 2.4e-2,
    "mgu": 1.2e-2,
    "rhn": 1.2e-2,
    "sru": 4.8e-2,
    "qrnn": 4.8e-2,
    "mingru": 2.4e-2,
    "minlstm": 2.4e-2,
    "lru": 2.4e-2,
    "s4d": 4.8e-2,
    "selective-ssm": 2.4e-2,
    "rg-lru": 4.8e-2,
    "rwkv": 4.8e-2,
    "slstm": 2.4e-2,
    "mlstm": 4.8e-2,
    "stack-augmented": 1.2e-2,
}


def refuse_untuned(suite: str) -> None:
    """Refuses a suite of this module that would leave out a cell of the catalogue.

    Args:
        suite: "cells-tuning", which needs the width of every cell, or "cells", which needs its
            learning rate as well.

    Raises:
        UserError: a number is missing; the message names the cell and says how to get it.
    """
    here = "of unrolled/experiments/cells.py"
    for cell in CELLS:
        if cell not in WIDTHS:
            raise UserError(
                f"the cell {cell} has no width; write the one that comes closest to "
                f"suite.PARAMETERS into WIDTHS {here}"
            )
        if suite == "cells" and cell not in RATES:
            raise UserError(
                f"the cell {cell} has no learning rate; run 'unrolled experiments run "
                f"cells-tuning' and write the best into RATES {here}"
            )


def tuning() -> Iterator[Run]:
    """Each cell with each learning rate."""
    for cell, rate in product(WIDTHS, GRID):
        yield Run(
            "bidirectional",
            f"{cell}-rate-{rate:g}",
            "pytorch",
            seed=0,
            arguments={"cell": cell, "hidden_size": WIDTHS[cell]},
            recipe={"learning_rate": rate, **TUNING},
            tests=False,
        )


def matched() -> Iterator[Run]:
    """Each cell with its best learning rate."""
    for seed, cell in product(SEEDS, RATES):
        yield Run(
            "bidirectional",
            cell,
            "pytorch",
            seed,
            arguments={"cell": cell, "hidden_size": WIDTHS[cell]},
            recipe={"learning_rate": RATES[cell], "epochs": EPOCHS},
        )
