"""What is learned: data, the arrays made of it, and the score. No framework is imported here.

Each task is a folder with the name that checkpoints and recorded runs know it by.
"""

from importlib import import_module
from typing import Any

from unrolled.errors import UserError

NAMES = ("pronunciation", "recall", "text")


def named(name: str) -> Any:
    """The module of a task: its `TASK`, and `SAVED`, the class of its models in use.

    Raises:
        UserError: there is no such task.
    """
    if name not in NAMES:
        raise UserError(f"there is no task {name!r}; there are {', '.join(NAMES)}")
    return import_module(f"unrolled.tasks.{name}")
