"""How much to compute: a smoke test, a page of the book, or a run for the record."""

import os
from enum import StrEnum

from unrolled.errors import UserError


class Budget(StrEnum):
    """`smoke` takes seconds and only shows that things run.

    `live` is for the pages that train while the book is built, `full` for recorded runs.
    """

    SMOKE = "smoke"
    LIVE = "live"
    FULL = "full"


def current() -> Budget:
    """The budget named by the environment variable `UNROLLED_BUDGET`; `live` if it is not set.

    Raises:
        UserError: the variable names no budget.
    """
    name = os.environ.get("UNROLLED_BUDGET", Budget.LIVE)
    try:
        return Budget(name)
    except ValueError:
        known = ", ".join(Budget)
        raise UserError(f"UNROLLED_BUDGET is {name!r}; set it to one of {known}") from None
