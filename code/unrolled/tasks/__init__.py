"""The tasks: their data, the arrays made from it, and the scores. Imports no framework.

Each task is a folder, named as checkpoints and recorded runs refer to it.
"""

from importlib import import_module
from typing import Any

from unrolled.errors import UserError

NAMES = ("pronunciation", "recall", "text")


def named(name: str) -> Any:
    """The module of a task: its `TASK`, and `SAVED`, the class of its trained models.

    Raises:
        UserError: there is no such task.
    """
    if name not in NAMES:
        raise UserError(f"there is no task {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"unrolled.tasks.{name}")
