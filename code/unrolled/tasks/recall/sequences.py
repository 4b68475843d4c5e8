"""Three kinds of sequence whose targets cannot be predicted without memory, at any lag.

A step without a target has `ABSENT`, or NaN where targets are numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unrolled.tasks.task import ABSENT, Array

ECHOED = 32  # targets in a sequence of the echo task
COPIED = 5  # symbols to copy
SYMBOLS = 8  # the number of different ones


@dataclass(frozen=True)
class Rule:
    """How sequences of one kind are drawn and when they count as learnt.

    Args:
        draw: (lag, batch, generator) -> inputs (B, T, D) and targets (B, T), or (B, T, 1) numbers.
        inputs: D.
        outputs: K classes; 1: the target is a number, compared with a single output.
        chance: the score of a model without memory.
        solved: the score at which it counts as learnt: the lowest, or for numbers the highest.
    """

    draw: Callable[[int, int, np.random.Generator], tuple[Array, Array]]
    inputs: int
    outputs: int
    chance: float
    solved: float

    @property
    def is_number(self) -> bool:
        """Whether the target is a number, scored by its squared error."""
        return self.outputs == 1

    def score(self, answers: Array, targets: Array) -> float:
        """The accuracy; for numbers the mean squared error.

        Shape: answers and targets (B, T), or (B, T, 1) numbers.
        """
        if self.is_number:
            due = ~np.isnan(targets)
            return float(np.square(answers - targets)[due].mean())
        return float((answers == targets)[targets != ABSENT].mean())

    def is_solved(self, score: float) -> bool:
        """Whether a score counts as learnt."""
        return score <= self.solved if self.is_number else score >= self.solved


def echo(lag: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Delayed echo: at each step, output the bit from `lag` steps ago.

    y_t = x_{t - lag}. So `lag` bits must be remembered at once.

    Shape: inputs (B, lag + 32, 1), +1 or -1; targets (B, lag + 32), 1 or 0.
    """
    bits = rng.integers(0, 2, (batch, lag + ECHOED))
    targets = np.full_like(bits, ABSENT)
    targets[:, lag:] = bits[:, :ECHOED]
    return (2 * bits[..., None] - 1).astype(np.float32), targets


def adding(lag: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Adding: two of `lag` numbers are marked; output their sum at the end.

    One mark is in the first half, one in the second (Hochreiter and Schmidhuber 1997, in the
    form of Le, Jaitly and Hinton 2015). Always predicting 1 has a mean squared error of 1/6.

    Shape: inputs (B, lag, 2), number and mark; targets (B, lag, 1) of floats.
    """
    numbers = rng.uniform(0, 1, (batch, lag))
    marks, every = np.zeros((batch, lag)), np.arange(batch)
    marks[every, rng.integers(0, lag // 2, batch)] = 1
    marks[every, rng.integers(lag // 2, lag, batch)] = 1
    targets = np.full((batch, lag, 1), np.nan, np.float32)
    targets[:, -1, 0] = (numbers * marks).sum(axis=1)
    return np.stack([numbers, marks], axis=-1).astype(np.float32), targets


def copying(lag: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Copying: read five symbols, wait `lag` steps, repeat them in order.

    The symbols are followed by `lag` - 1 blanks and a mark, then by blanks during the output
    (Hochreiter and Schmidhuber 1997, in the form of Arjovsky, Shah and Bengio 2016).

    Shape: inputs (B, 2 * 5 + lag, 10), one hot; targets (B, 2 * 5 + lag).
    """
    symbols = rng.integers(0, SYMBOLS, (batch, COPIED))
    inputs = np.full((batch, 2 * COPIED + lag), SYMBOLS)  # blank
    inputs[:, :COPIED] = symbols
    inputs[:, COPIED + lag - 1] = SYMBOLS + 1  # mark
    targets = np.full_like(inputs, ABSENT)
    targets[:, -COPIED:] = symbols
    return np.eye(SYMBOLS + 2, dtype=np.float32)[inputs], targets


RULES = {
    "echo": Rule(echo, 1, 2, chance=0.5, solved=0.99),
    "adding": Rule(adding, 2, 1, chance=1 / 6, solved=0.01),
    "copying": Rule(copying, SYMBOLS + 2, SYMBOLS, chance=1 / SYMBOLS, solved=0.99),
}
