"""The contract of a task: its examples, the kind of answer, and how predictions are scored.

`fit` trains a model of any framework on any task, `saved` stores it, `statistics` compares the
scores; none of them knows what the task is about. All of that is in the task's own folder.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import UserError

Array = NDArray[Any]
Row = dict[str, float]
ABSENT = -1  # a target that does not count in the loss; among numbers it is NaN
Inputs = Literal["ids", "vectors"]
Kind = Literal["labels", "label", "next", "sequence", "unaligned", "numbers", "quantiles"]


class Batch(NamedTuple):
    """Some examples, one per row.

    Args:
        inputs: ids (B, T), or vectors (B, T, D).
        targets: classes (B, U), `ABSENT` where there is no target; or numbers (B, U, M), NaN
            where there is none.
        lengths: the items in each row, (B,), if rows are padded on the right; None: none is.
        weights: how much each target counts, (B, U); None: all count alike.
        continues: True: each row continues the same row of the previous batch, and the state is
            carried over; False: a stream begins; None: rows are independent.
    """

    inputs: Array
    targets: Array
    lengths: Array | None = None
    weights: Array | None = None
    continues: bool | None = None

    @property
    def num_items(self) -> int:
        """The total number of items, without padding."""
        if self.lengths is None:
            return int(np.prod(self.inputs.shape[:2]))
        return int(self.lengths.sum())


@dataclass(frozen=True)
class Answer:
    """The kind of answer that a model gives, which determines its loss.

    - `labels`: one of K classes at each step, (B, T); `next`: the same, and the class is the next
      item; `label`: one class for the whole row, (B, 1);
      `sequence`: symbols until an end symbol, (B, U), each given those before it.
      The loss is the cross-entropy.
    - `unaligned`: a sequence not aligned with the input, (B, U). The CTC loss.
    - `numbers`: M numbers per step, (B, U, M). The mean squared error.
    - `quantiles`: for each of M numbers per step, its quantiles at the `levels`. The pinball loss.

    Args:
        kind: one of these.
        size: the outputs at each step: K classes, M numbers, or M times the number of levels.
        levels: the quantile levels, each between 0 and 1, in rising order.
    """

    kind: Kind
    size: int
    levels: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip((0, *self.levels), (*self.levels, 1), strict=True))
        if (self.kind == "quantiles") != bool(self.levels) or not rising:
            raise UserError(
                f"the levels of {self.kind} are {self.levels}; quantiles have levels between 0 and "
                "1, the lowest first, and nothing else has any"
            )

    @property
    def is_number(self) -> bool:
        """Whether the outputs are numbers, not scores of classes."""
        return self.kind in ("numbers", "quantiles")


@dataclass(frozen=True)
class Measure:
    """A metric for the models of a task: the sum of the values / the sum of their totals.

    Args:
        title: its name in a table, such as WER.
        counted: what is right or wrong, in the plural, such as words.
        key: its name in a row.
        scale: its factor in a table; 100 makes it percent.
        value: the name of the array, among those that `Task.test` returns, to sum up.
        out_of: the name of the array whose sum is the divisor; "": the number of items.
        at_most: values are capped at this; 1 counts the items with any error.
    """

    title: str
    counted: str
    key: str
    scale: float
    value: str
    out_of: str = ""
    at_most: float = np.inf

    @property
    def counts(self) -> bool:
        """Whether each item is either right or wrong, and the wrong ones are counted."""
        return self.at_most == 1 and not self.out_of

    def parts(self, arrays: Mapping[str, Array]) -> tuple[Array, Array]:
        """The values and the totals to divide them by. Shape: that of the arrays, float32."""
        values = np.minimum(arrays[self.value], self.at_most).astype(np.float32)
        if not self.out_of:
            return values, np.ones_like(values)
        return values, arrays[self.out_of].astype(np.float32)


class Predictor(Protocol):
    """A model for prediction, in any framework."""

    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        """The predictions: the most probable class at each step, or the numbers."""

    def logits(
        self, inputs: Array, targets: Array | None = None, lengths: Array | None = None
    ) -> Array:
        """The logits, on the model's own predictions or, given targets, by teacher forcing."""

    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        """The logits of rows that continue from a state, and the state after them."""


class Task(ABC):
    """Something to learn, with its data.

    Each subclass has its own arguments. For all models it declares:
    - `name`: its folder in `unrolled.tasks`; `items`: what a row is made of, in the plural.
    - `decides`: the column of `validate` by which the best epoch is chosen, the lowest value or,
      with `lower_is_better` False, the highest.
    """

    name: ClassVar[str]
    items: ClassVar[str]
    decides: ClassVar[str]
    lower_is_better: ClassVar[bool] = True
    measures: ClassVar[tuple[Measure, ...]] = ()  # significance is tested on the first
    inputs: ClassVar[Inputs] = "ids"

    @property
    @abstractmethod
    def input_size(self) -> int:
        """The number of ids, or D, the features of a vector."""

    @property
    @abstractmethod
    def answer(self) -> Answer:
        """The kind and size of the answer."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a checkpoint stores so that the model can be used without the data.

        Vocabularies, scaling, and under "data" its name and a fingerprint, all as JSON values.
        """

    @abstractmethod
    def num_items(self, sample: int | None) -> int:
        """The number of items in an epoch on all examples, or on a sample of them."""

    @abstractmethod
    def epoch(
        self, epoch: int, batch_size: int, seed: int, sample: int | None = None
    ) -> Sequence[Batch]:
        """The batches of one training epoch, in an order set by the seed and the epoch.

        Args:
            epoch: counted from 0.
            batch_size: the most rows in a batch, B.
            seed: for the order, and for any other randomness.
            sample: train on this many examples, drawn by the seed; None: on all.
        """

    @abstractmethod
    def validate(self, predictor: Predictor) -> Row:
        """Scores a model on the validation set; the scores join the loss in the epoch's row."""

    def test(self, predictor: Predictor) -> tuple[Row, dict[str, Array]]:
        """Scores a model on the test set, which is used once, after all choices are made.

        Returns:
            A row as from `validate`, and by name the arrays that statistics pair: one number for
            each test item, in a fixed order, such as its errors and what they are divided by.

        Raises:
            UserError: the task has no test set.
        """
        raise UserError(f"the task {self.name} has no test part")

    def is_done(self, row: Row) -> bool:
        """Whether an epoch's row is good enough for training to stop."""
        return False


@dataclass(frozen=True)
class Saved:
    """A model read from disk, with all that is needed to use it without the data.

    A task may have its own subclass, with methods for what the model does.

    Args:
        path: of the checkpoint.
        facts: what the checkpoint records: model, recipe, the task's own `facts`, history.
        predictor: the model, in the framework that it runs in.
    """

    path: Path
    facts: Mapping[str, Any]
    predictor: Any

    @property
    def framework(self) -> str:
        """The framework that it runs in, "pytorch" or "keras"."""
        return str(self.predictor.framework)

    @property
    def model(self) -> Any:
        """The framework's own model."""
        return self.predictor.model

    def check(self) -> None:
        """Looks whether the facts are what this class needs, so that nothing fails later.

        Raises:
            KeyError, TypeError or ValueError: a fact is missing, or of another kind.
        """

    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        """As in `Predictor`."""
        answers: Array = self.predictor.predict(inputs, lengths)
        return answers

    def logits(
        self, inputs: Array, targets: Array | None = None, lengths: Array | None = None
    ) -> Array:
        """As in `Predictor`."""
        logits: Array = self.predictor.logits(inputs, targets, lengths)
        return logits
