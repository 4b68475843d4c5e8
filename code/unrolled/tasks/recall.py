"""Three tasks that cannot be done without remembering, at any lag. NumPy only.

Every batch is new, so there is nothing to overfit. What a model must not answer has the target
`ABSENT`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ABSENT = -1
ECHOED = 32  # answers in a sequence of the echo task
COPIED = 5  # symbols to be copied
SYMBOLS = 8  # that they are drawn from


@dataclass(frozen=True)
class Task:
    """One of the tasks.

    Args:
        draw: (lag, batch, generator) -> inputs (B, T, D) and targets (B, T).
        inputs: D.
        outputs: K classes; 1: the target is a number, held against one output.
        chance: what a model scores that remembers nothing.
        solved: from which score on the task counts as learnt; of a number's error, up to which.
    """

    draw: Callable[[int, int, np.random.Generator], tuple[Array, Array]]
    inputs: int
    outputs: int
    chance: float
    solved: float

    @property
    def is_number(self) -> bool:
        """Whether the answer is a number, scored by its squared error."""
        return self.outputs == 1

    def score(self, said: Array, targets: Array) -> float:
        """The share of right answers; of numbers the mean squared error.

        Shape: said (B, T, K); targets (B, T).
        """
        there = targets != ABSENT
        if self.is_number:
            return float(np.square(said[..., 0] - targets)[there].mean())
        return float((said.argmax(axis=-1) == targets)[there].mean())

    def is_solved(self, score: float) -> bool:
        """Whether a score counts as learnt."""
        return score <= self.solved if self.is_number else score >= self.solved


def echo(lag: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Delayed echo: at each step say the bit of `lag` steps ago.

    y_t = x_{t - lag}. So `lag` bits must be held at once.

    Shape: inputs (B, lag + 32, 1), +1 or -1; targets (B, lag + 32), 1 or 0.
    """
    bits = rng.integers(0, 2, (batch, lag + ECHOED))
    targets = np.full_like(bits, ABSENT)
    targets[:, lag:] = bits[:, :ECHOED]
    return (2 * bits[..., None] - 1).astype(np.float32), targets


def adding(lag: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Adding: of `lag` numbers two are marked; say their sum at the end.

    One mark stands in the first half, one in the second (Hochreiter and Schmidhuber 1997, in the
    form of Le, Jaitly and Hinton 2015). Saying 1 each time has a mean squared error of 1/6.

    Shape: inputs (B, lag, 2), number and mark; targets (B, lag) of floats.
    """
    numbers = rng.uniform(0, 1, (batch, lag))
    marks, every = np.zeros((batch, lag)), np.arange(batch)
    marks[every, rng.integers(0, lag // 2, batch)] = 1
    marks[every, rng.integers(lag // 2, lag, batch)] = 1
    targets = np.full((batch, lag), ABSENT, np.float32)
    targets[:, -1] = (numbers * marks).sum(axis=1)
    return np.stack([numbers, marks], axis=-1).astype(np.float32), targets


def copying(lag: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Copying: read five symbols, wait `lag` steps, say them in their order.

    After the symbols stand `lag` - 1 blanks and a mark, then blanks while the answers are due
    (Hochreiter and Schmidhuber 1997, in the form of Arjovsky, Shah and Bengio 2016).

    Shape: inputs (B, 2 * 5 + lag, 10), one hot; targets (B, 2 * 5 + lag).
    """
    symbols = rng.integers(0, SYMBOLS, (batch, COPIED))
    said = np.full((batch, 2 * COPIED + lag), SYMBOLS)  # blank
    said[:, :COPIED] = symbols
    said[:, COPIED + lag - 1] = SYMBOLS + 1  # mark
    targets = np.full_like(said, ABSENT)
    targets[:, -COPIED:] = symbols
    return np.eye(SYMBOLS + 2, dtype=np.float32)[said], targets


TASKS = {
    "echo": Task(echo, 1, 2, chance=0.5, solved=0.99),
    "adding": Task(adding, 2, 1, chance=1 / 6, solved=0.01),
    "copying": Task(copying, SYMBOLS + 2, SYMBOLS, chance=1 / SYMBOLS, solved=0.99),
}
