"""What training means in every framework: the recipe, the learning rate, the epochs.

One optimiser step is the frameworks' business (`unrolled.torch.training`,
`unrolled.keras.training`). All around it stands here once, so that a difference between two runs
can only come from the step itself.
"""

from unrolled.tasks.pronunciation import ABSENT
from unrolled.training.loop import Diverged, History, examples, fit, part_of, validate
from unrolled.training.recipe import BUDGETS, Optimizer, Recipe, Schedule
from unrolled.training.trainer import Array, Trainer

__all__ = [
    "ABSENT",
    "BUDGETS",
    "Array",
    "Diverged",
    "History",
    "Optimizer",
    "Recipe",
    "Schedule",
    "Trainer",
    "examples",
    "fit",
    "part_of",
    "validate",
]
