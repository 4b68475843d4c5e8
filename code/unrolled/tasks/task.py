"""The contract of a task: what its examples are, what is answered, and how that is scored.

`fit` trains a model of any framework on any task, `saved` keeps it, `statistics` compares what it
scored; none of them knows what the task is about. What a task brings is in its own folder.
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
ABSENT = -1  # a target that does not count in the loss; of numbers it is NaN
Inputs = Literal["ids", "vectors"]
Kind = Literal["labels", "label", "next", "sequence", "unaligned", "numbers", "quantiles"]


class Batch(NamedTuple):
    """Some examples, one a row.

    Args:
        inputs: ids (B, T), or vectors (B, T, D).
        targets: what is to be answered, (B, U), `ABSENT` where nothing is; numbers (B, U, M), NaN
            where nothing is.
        lengths: the items of each row, (B,), where rows are padded on the right; None: none is.
        weights: how much each target counts, (B, U); None: all count alike.
        continues: True: each row goes on where the same row of the batch before ended, and the
            state is carried over; False: a stream begins; None: each row stands by itself.
    """

    inputs: Array
    targets: Array
    lengths: Array | None = None
    weights: Array | None = None
    continues: bool | None = None

    @property
    def num_items(self) -> int:
        """The items of all rows together, padding left out."""
        if self.lengths is None:
            return int(np.prod(self.inputs.shape[:2]))
        return int(self.lengths.sum())


@dataclass(frozen=True)
class Answer:
    """What a model answers, and so its loss.

    - `labels`: one of K classes at each step, (B, T); `next`: the same, and the class is the next
      item; `label`: one for the whole row, (B, 1);
      `sequence`: symbols until an end symbol, (B, U), each told those before it.
      Cross-entropy.
    - `unaligned`: a sequence whose places in the input nobody tells: the loss of CTC, (B, U).
    - `numbers`: M numbers a step, (B, U, M). The mean squared error.
    - `quantiles`: of M numbers a step those at the `levels`. The pinball loss.

    Args:
        kind: one of these.
        size: what the model puts out at each step: K classes, M numbers, or M times the levels.
        levels: of the quantiles, each between 0 and 1, rising.
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
        """Whether it is no choice among classes."""
        return self.kind in ("numbers", "quantiles")


@dataclass(frozen=True)
class Measure:
    """A number by which models of a task are judged: sum of values / sum of what they are out of.

    Args:
        title: as it stands in a table, such as WER.
        counted: what is right or wrong, in the plural, such as words.
        key: its name in a row.
        scale: what it is multiplied by in a table; 100 makes it percent.
        value: the name of the array, of those that `Task.test` returns, that is added up.
        out_of: the name of the array that it is divided by; "": the number of items.
        at_most: values above count as this; 1 counts the items that are wrong at all.
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
        """Whether an item is right or wrong, and wrong ones are counted."""
        return self.at_most == 1 and not self.out_of

    def parts(self, arrays: Mapping[str, Array]) -> tuple[Array, Array]:
        """The values, and what they are out of. Shape: of the arrays, float32."""
        values = np.minimum(arrays[self.value], self.at_most).astype(np.float32)
        if not self.out_of:
            return values, np.ones_like(values)
        return values, arrays[self.out_of].astype(np.float32)


class Predictor(Protocol):
    """A model in use, of any framework."""

    def predict(self, inputs: Array, lengths: Array | None = None) -> Array:
        """The answers: the most probable class of each step, or the numbers."""

    def logits(
        self, inputs: Array, targets: Array | None = None, lengths: Array | None = None
    ) -> Array:
        """What the model puts out before any choice: by itself, or told the targets before each."""

    def advance(self, inputs: Array, state: Any = None) -> tuple[Array, Any]:
        """The logits of rows that go on from a state, and the state after them."""


class Task(ABC):
    """One thing to be learned, with its data.

    Args of every subclass are its own. What it declares for all models:
    - `name`: its folder in `unrolled.tasks`; `items`: what a row is made of, in the plural.
    - `decides`: the column of `validate` by which the best epoch is chosen, the lowest value or,
      with `lower_is_better` False, the highest.
    """

    name: ClassVar[str]
    items: ClassVar[str]
    decides: ClassVar[str]
    lower_is_better: ClassVar[bool] = True
    measures: ClassVar[tuple[Measure, ...]] = ()  # the first one is tested
    inputs: ClassVar[Inputs] = "ids"

    @property
    @abstractmethod
    def input_size(self) -> int:
        """How many ids there are, or D, the features of a vector."""

    @property
    @abstractmethod
    def answer(self) -> Answer:
        """What is answered."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What a checkpoint keeps so that the model can be used without the data.

        Vocabularies, scaling, and under "data" its name and a fingerprint, as JSON can hold them.
        """

    @abstractmethod
    def num_items(self, sample: int | None) -> int:
        """The items of one epoch on all examples, or on a sample of them."""

    @abstractmethod
    def epoch(
        self, epoch: int, batch_size: int, seed: int, sample: int | None = None
    ) -> Sequence[Batch]:
        """The batches of one epoch of training, in an order that the seed and the epoch decide.

        Args:
            epoch: counted from 0.
            batch_size: the most rows of a batch, B.
            seed: of the order, and of whatever else is drawn.
            sample: train on so many examples, drawn by the seed; None: on all.
        """

    @abstractmethod
    def validate(self, predictor: Predictor) -> Row:
        """Scores a model on the validation part: what an epoch's row tells besides the loss."""

    def test(self, predictor: Predictor) -> tuple[Row, dict[str, Array]]:
        """Scores a model on the test part, which is read once, after all choices.

        Returns:
            The row as `validate` has it, and by name what statistics pair: numbers, one for each
            test item in a fixed order, such as errors and what they are divided by.

        Raises:
            UserError: the task has no test part.
        """
        raise UserError(f"the task {self.name} has no test part")

    def is_done(self, row: Row) -> bool:
        """Whether an epoch's row is so good that training may stop."""
        return False


@dataclass(frozen=True)
class Saved:
    """A model read from disk, and all that is needed to use it without the data.

    A task has a subclass of its own that says what the model is for.

    Args:
        path: of the checkpoint.
        facts: what the checkpoint tells: model, recipe, the task's own `facts`, history.
        predictor: the model in use, with the framework that it runs in.
    """

    path: Path
    facts: Mapping[str, Any]
    predictor: Any

    @property
    def framework(self) -> str:
        """Where it runs, "pytorch" or "keras"."""
        return str(self.predictor.framework)

    @property
    def model(self) -> Any:
        """The framework's own model."""
        return self.predictor.model

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
