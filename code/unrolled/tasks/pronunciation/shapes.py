"""The book's data in shapes other than one tag per letter."""

from typing import Any, NamedTuple

import numpy as np

from unrolled.tasks.pronunciation.data import PronunciationData, Vocabulary
from unrolled.tasks.task import ABSENT, Answer, Array, Batch, Kind, Predictor, Row, Task

VOWELS = frozenset(
    ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
)
LENGTHS = (6, 7, 8)  # of the words; only a few, because Keras compiles one graph for each


class Pairs(NamedTuple):
    """Inputs and targets, a row for each example. Shape: (N, T) and (N, U), int32."""

    inputs: Array
    targets: Array

    def take(self, rows: Array) -> "Pairs":
        """Some of the rows."""
        return Pairs(self.inputs[rows], self.targets[rows])


def syllables(phonemes: tuple[str, ...]) -> int:
    """The number of syllables: that of the vowels among the phonemes, with or without stress."""
    return sum(phoneme.rstrip("012") in VOWELS for phoneme in phonemes)


def vowel_groups(word: str) -> int:
    """A rule-of-thumb syllable count: groups of vowel letters, less a final e; at least one."""
    vowels = "".join(letter if letter in "aeiouy" else " " for letter in word.removesuffix("e"))
    return max(1, len(vowels.split()))


def words(data: PronunciationData, part: str) -> dict[str, tuple[str, ...]]:
    """The words of the chosen lengths, in their first pronunciation, from "train" or "valid"."""
    words = data.train_words if part == "train" else data.valid
    return {word: variants[0] for word, variants in words.items() if len(word) in LENGTHS}


def single_letters(data: PronunciationData) -> Pairs:
    """One to one: every letter of every aligned training word on its own, with its tag."""
    rows = data.train.by_length.values()
    letters, tags = (np.concatenate([row[at].ravel() for row in rows]) for at in (0, 1))
    return Pairs(letters[:, None], tags[:, None])


def syllable_counts(data: PronunciationData, part: str) -> list[Pairs]:
    """Many to one: words and their numbers of syllables, one pair of arrays per length."""
    known = words(data, part)
    counts = {word: syllables(phonemes) for word, phonemes in known.items()}
    return [
        Pairs(
            np.stack([data.letters.encode(word) for word in known if len(word) == length]),
            np.array([[n] for word, n in counts.items() if len(word) == length], np.int32),
        )
        for length in LENGTHS
    ]


def bag(word: str, letters: Vocabulary) -> Array:
    """How often each letter occurs in a word; the order is lost. Shape: (letters,), int32."""
    return np.bincount(letters.encode(word), minlength=len(letters)).astype(np.int32)


def bags(data: PronunciationData, part: str) -> Pairs:
    """One to many: the letters of each word as counts, and its phonemes up to the end symbol."""
    known, symbols = words(data, part), data.target("phonemes").symbols
    inputs = np.stack([bag(word, data.letters) for word in known])
    targets = np.full((len(known), 1 + max(map(len, known.values()))), ABSENT, np.int32)
    for row, phonemes in zip(targets, known.values(), strict=True):
        row[: len(phonemes) + 1] = symbols.encode((*phonemes, symbols.symbols[0]))
    return Pairs(inputs, targets)


class ShapeTask(Task):
    """Random batches of rows of one shape, for a short training run of one epoch.

    Args:
        parts: the rows, each part of one length; a batch is drawn from one part.
        kind: the kind of answer.
        steps: the number of batches in the epoch.
        size: the number of rows in a batch.
    """

    name = "pronunciation"
    items = "rows"
    decides = "loss"

    def __init__(self, parts: list[Pairs], kind: Kind, steps: int, size: int) -> None:
        self.parts, self.kind, self.steps, self.size = parts, kind, steps, size

    @property
    def input_size(self) -> int:
        return 1 + max(int(part.inputs.max()) for part in self.parts)

    @property
    def answer(self) -> Answer:
        return Answer(self.kind, 1 + max(int(part.targets.max()) for part in self.parts))

    @property
    def facts(self) -> dict[str, Any]:
        return {"data": {"name": "rows of another shape"}}

    def num_items(self, sample: int | None) -> int:
        return self.steps * self.size * self.parts[0].inputs.shape[1]

    def epoch(
        self, epoch: int, batch_size: int, seed: int, sample: int | None = None
    ) -> list[Batch]:
        """`steps` batches of `size` rows, each from one part, drawn with replacement."""
        rng = np.random.default_rng(seed)
        rows = np.array([len(part.inputs) for part in self.parts])
        drawn = []
        for place in rng.choice(len(rows), self.steps, p=rows / rows.sum()):
            part = self.parts[place].take(rng.integers(rows[place], size=self.size))
            drawn.append(Batch(part.inputs, part.targets))
        return drawn

    def validate(self, predictor: Predictor) -> Row:
        """Scores nothing: the loss decides, and `share_right` is called where it is needed."""
        return {}


def share_right(predictor: Predictor, parts: list[Pairs]) -> float:
    """The share of rows whose first target is predicted correctly."""
    right = [predictor.predict(inputs)[:, 0] == targets[:, 0] for inputs, targets in parts]
    return float(np.concatenate(right).mean())
