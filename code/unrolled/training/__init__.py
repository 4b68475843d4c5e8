"""Training in every framework: the recipe, the learning rate, the epochs.

The frameworks provide the optimiser step (`unrolled.torch.training`, `unrolled.keras.training`).
Everything around it is written here once, so that a difference between two runs can only come
from the step itself.
"""

from unrolled.training.loop import Diverged, History, fit, partial
from unrolled.training.recipe import BUDGETS, Optimizer, Recipe, Schedule
from unrolled.training.trainer import Predictor, Trainer

__all__ = [
    "BUDGETS",
    "Diverged",
    "History",
    "Optimizer",
    "Predictor",
    "Recipe",
    "Schedule",
    "Trainer",
    "fit",
    "partial",
]
