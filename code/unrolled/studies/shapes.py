"""The book's data in other shapes than one tag a letter, and a short training on them."""

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

import numpy as np

from unrolled.models import parity
from unrolled.tasks.pronunciation import ABSENT, PronunciationData, Vocabulary
from unrolled.training import Array, Recipe, Trainer

VOWELS = frozenset(
    ["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"]
)
LENGTHS = (6, 7, 8)  # of the words: few, because Keras compiles one graph for each


class Pairs(NamedTuple):
    """Inputs and targets, a row for each example. Shape: (N, T) and (N, U), int32."""

    inputs: Array
    targets: Array

    def take(self, rows: Array) -> "Pairs":
        """Some of the rows."""
        return Pairs(self.inputs[rows], self.targets[rows])


def syllables(phonemes: tuple[str, ...]) -> int:
    """As many as there are vowels among the phonemes, whose stress does not count."""
    return sum(phoneme.rstrip("012") in VOWELS for phoneme in phonemes)


def vowel_groups(word: str) -> int:
    """A count by eye: groups of vowel letters, without an e at the end; at least one."""
    vowels = "".join(letter if letter in "aeiouy" else " " for letter in word.removesuffix("e"))
    return max(1, len(vowels.split()))


def words(data: PronunciationData, part: str) -> dict[str, tuple[str, ...]]:
    """The words of some lengths with their first pronunciation; `part` is "train" or "valid"."""
    some = data.train_words if part == "train" else data.valid
    return {word: said[0] for word, said in some.items() if len(word) in LENGTHS}


def single_letters(data: PronunciationData) -> Pairs:
    """One to one: every letter of every aligned training word by itself, with its tag."""
    rows = data.train.by_length.values()
    letters, tags = (np.concatenate([row[at].ravel() for row in rows]) for at in (0, 1))
    return Pairs(letters[:, None], tags[:, None])


def syllable_counts(data: PronunciationData, part: str) -> list[Pairs]:
    """Many to one: words and how many syllables they have, one pair of arrays a length."""
    known = words(data, part)
    return [
        Pairs(
            np.stack([data.letters.encode(word) for word in known if len(word) == length]),
            np.array(
                [[syllables(said)] for word, said in known.items() if len(word) == length], np.int32
            ),
        )
        for length in LENGTHS
    ]


def bag(word: str, letters: Vocabulary) -> Array:
    """How often each letter stands in a word; in which order is lost. Shape: (letters,), int32."""
    return np.bincount(letters.encode(word), minlength=len(letters)).astype(np.int32)


def bags(data: PronunciationData, part: str) -> Pairs:
    """One to many: the letters of each word as counts, and its phonemes up to the end symbol."""
    known, symbols = words(data, part), data.target("phonemes").symbols
    inputs = np.stack([bag(word, data.letters) for word in known])
    targets = np.full((len(known), 1 + max(map(len, known.values()))), ABSENT, np.int32)
    for row, said in zip(targets, known.values(), strict=True):
        row[: len(said) + 1] = symbols.encode((*said, symbols.symbols[0]))
    return Pairs(inputs, targets)


def build(shape: str, *sizes: int, rate: float = 3e-3) -> dict[str, Trainer]:
    """The same model of a shape in both frameworks, from the same weights.

    Args:
        shape: "one-to-one", "many-to-one" or "one-to-many".
        sizes: of the inputs' and of the outputs' vocabulary.
        rate: the highest learning rate.
    """
    import_module("torch").manual_seed(0)
    trainers: dict[str, Trainer] = {}
    for framework, package in (("pytorch", "unrolled.torch"), ("keras", "unrolled.keras")):
        model = import_module(f"{package}.shapes").SHAPES[shape](*sizes)
        if trainers:
            parity.carry(trainers["pytorch"].model, model)
        kind = import_module(f"{package}.training").Trainer
        trainers[framework] = kind(model, Recipe(learning_rate=rate))
    return trainers


def batches(parts: list[Pairs], size: int, steps: int) -> Iterator[Pairs]:
    """So many batches of so many rows, each of one part, drawn with replacement from a seed."""
    rng = np.random.default_rng(0)
    shares = np.array([len(part.inputs) for part in parts]) / sum(len(p.inputs) for p in parts)
    for place in rng.choice(len(parts), steps, p=shares):
        yield parts[place].take(rng.integers(len(parts[place].inputs), size=size))


def learn(trainer: Trainer, parts: list[Pairs], steps: int, size: int = 128) -> list[float]:
    """Trains for some steps by the trainer's schedule and returns the loss of each."""
    return [
        trainer.train_step(*batch, trainer.recipe.rate_at(step, steps))
        for step, batch in enumerate(batches(parts, size, steps))
    ]


def share_right(trainer: Trainer, parts: list[Pairs]) -> float:
    """The share of rows whose first target is said."""
    right = [trainer.predict(inputs)[:, 0] == targets[:, 0] for inputs, targets in parts]
    return float(np.concatenate(right).mean())
