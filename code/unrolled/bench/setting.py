"""What the bench trains on, and for how long."""

from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from unrolled.budgets import Budget
from unrolled.errors import UserError
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import Examples
from unrolled.tasks.task import Kind


@dataclass(frozen=True)
class Setting:
    """The sizes of the models and of their batches."""

    hidden_size: int = 128
    embedding_size: int = 32
    batch_size: int = 128
    length: int = 8  # letters of each word
    real: bool = False  # words of the dictionary instead, at their real lengths
    threads: int | None = None  # None: PyTorch's default
    num_letters: int = 29  # V and K are those of the CMU dictionary
    num_tags: int = 76
    num_symbols: int = 40  # for a model that writes a sequence, including the end symbol

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and name != "real" and value < 1:
                raise UserError(f"{name} is {value}; it must be at least 1")

    def output_size(self, answer: str) -> int:
        """K for a model that answers "labels" or a "sequence"."""
        return {"labels": self.num_tags, "sequence": self.num_symbols}[answer]


class Work(NamedTuple):
    """How long to measure one model."""

    steps: int  # batches per loop and round
    rounds: int
    seconds: float  # after this no further round begins
    square: int  # rows of the large square matrices


BUDGETS = {
    Budget.SMOKE: Work(steps=2, rounds=3, seconds=0, square=256),
    Budget.LIVE: Work(steps=40, rounds=9, seconds=40, square=2048),
    Budget.FULL: Work(steps=100, rounds=25, seconds=300, square=2048),
}


def draw(setting: Setting, steps: int, answer: Kind = "labels") -> tuple[Setting, Examples]:
    """The words of one round, `steps` full batches, and the setting with their V and K.

    Random letters and as many random targets, of one length; or, if the setting is `real`, the
    first full batches of an epoch. Few batches of an epoch are not full, and XLA would compile
    each of those again.

    Raises:
        UserError: no length has enough words for one batch.
    """
    rng, size = np.random.default_rng(0), setting.batch_size
    if not setting.real:
        ids = (setting.num_letters, setting.output_size(answer))
        letters, targets = (
            rng.integers(n, size=(steps * size, setting.length), dtype="int32") for n in ids
        )
        return setting, Examples({setting.length: (letters, targets)})
    task = pronunciation.book(answer)
    symbols, examples = task.target
    full = (batch for batch in examples.batches(size, rng) if len(batch[0]) == size)
    batches = list(islice(full, steps))
    if not batches:
        raise UserError(f"no length has {size} words to fill a batch; choose a smaller batch size")
    by_length = {}
    for length in sorted({letters.shape[1] for letters, _ in batches}):
        alike = [batch for batch in batches if batch[0].shape[1] == length]
        letters, targets = (np.concatenate(arrays) for arrays in zip(*alike, strict=True))
        by_length[length] = (letters, targets)
    name = {"labels": "num_tags", "sequence": "num_symbols"}[answer]
    sizes: dict[str, Any] = {"num_letters": task.input_size, name: len(symbols)}
    return replace(setting, **sizes), Examples(by_length)
