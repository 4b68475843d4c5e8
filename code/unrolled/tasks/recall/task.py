"""Recall as a task: every batch is drawn anew, so there is nothing to overfit."""

from typing import Any

import numpy as np

from unrolled.tasks.recall.sequences import RULES
from unrolled.tasks.task import Answer, Batch, Predictor, Row, Task

EVERY = 50  # steps in an epoch, between validations
HELD_OUT = 256  # sequences to validate on


class RecallTask(Task):
    """Echo, adding or copying at one lag; training ends as soon as it is learnt.

    Args:
        rule: a name in `RULES`.
        lag: the number of steps from an input to the output that depends on it.
        seed: for the training and the validation sequences.
        steps: the number of batches in an epoch.
    """

    name = "recall"
    items = "steps"
    decides = "score"
    inputs = "vectors"

    def __init__(self, rule: str, lag: int, seed: int, steps: int = EVERY) -> None:
        self.rule, self.lag, self.seed, self.steps = RULES[rule], lag, seed, steps
        self.lower_is_better = self.rule.is_number  # type: ignore[misc]  # depends on the rule
        self._facts = {"rule": rule, "lag": lag, "seed": seed}
        self._held_out = self.rule.draw(lag, HELD_OUT, np.random.default_rng([seed, 1]))
        self._states = [np.random.default_rng([seed, 0]).bit_generator.state]  # before each epoch

    @property
    def input_size(self) -> int:
        return self.rule.inputs

    @property
    def answer(self) -> Answer:
        return Answer("numbers" if self.rule.is_number else "labels", self.rule.outputs)

    @property
    def facts(self) -> dict[str, Any]:
        return {"data": self._facts}

    def num_items(self, sample: int | None) -> int:
        return self.steps * int(np.prod(self._held_out[0].shape[:2])) // HELD_OUT

    def epoch(
        self, epoch: int, batch_size: int, seed: int, sample: int | None = None
    ) -> list[Batch]:
        """The batches of an epoch; earlier ones are drawn first where that has not been done."""
        rng = np.random.default_rng()
        for done in range(min(epoch, len(self._states) - 1), epoch + 1):
            rng.bit_generator.state = self._states[done]
            batches = [Batch(*self.rule.draw(self.lag, batch_size, rng)) for _ in range(self.steps)]
            if done + 1 == len(self._states):
                self._states.append(rng.bit_generator.state)
        return batches

    def validate(self, predictor: Predictor) -> Row:
        inputs, targets = self._held_out
        return {"score": self.rule.score(predictor.predict(inputs), targets)}

    def is_done(self, row: Row) -> bool:
        return self.rule.is_solved(row["score"])
