"""Vocabularies, aligned examples as arrays, and the prepared data as a whole."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from unrolled.errors import UserError
from unrolled.tasks.pronunciation.dictionary import (
    SILENT,
    Case,
    Dictionary,
    Pronunciation,
    normalise,
)
from unrolled.tasks.task import ABSENT

PADDING, UNKNOWN = 0, 1  # the first two ids of every letter vocabulary
END = "<end>"  # ends the output of a model that writes phonemes; its id is 0
UNKNOWN_RATE = 0.001
UNALIGNED = "a model that needs no alignment, such as encoder-decoder-attention, learns from all"


@dataclass(frozen=True)
class Vocabulary:
    """The symbols of the inputs or of the targets; the id of a symbol is its index.

    Args:
        symbols: letters or tags, each once.
        unknown: the id of every symbol that is not listed; None if there is no such id.
        case: whether words are encoded in lower case or as they stand.
    """

    symbols: tuple[str, ...]
    unknown: int | None = None
    case: Case = "lower"

    @classmethod
    def of_letters(cls, words: Iterable[str], case: Case = "lower") -> "Vocabulary":
        """The letters of `words` in order, after padding (id 0) and the unknown letter (id 1)."""
        return cls(("<padding>", "<unknown>", *sorted(set().union(*words))), UNKNOWN, case)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def listed(self) -> tuple[str, ...]:
        """The symbols, without padding and the unknown symbol if there are any."""
        return self.symbols if self.unknown is None else self.symbols[self.unknown + 1 :]

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each symbol."""
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    def encode(self, sequence: str | Sequence[str]) -> np.ndarray:
        """The ids of a sequence of symbols. A string is a word: it is normalised first.

        Shape: returns (T,), int32.

        Raises:
            ValueError: a symbol is not listed and the vocabulary has no unknown id.
        """
        symbols = normalise(sequence, self.case) if isinstance(sequence, str) else sequence
        ids = [self.ids.get(symbol, self.unknown) for symbol in symbols]
        if None in ids:
            raise ValueError(f"{symbols[ids.index(None)]!r} is not in the vocabulary")
        return np.array(ids, dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The symbols of a sequence of ids."""
        return [self.symbols[int(i)] for i in ids]


@dataclass(frozen=True, eq=False)
class Examples:
    """Words and their targets, one row for each pronunciation, grouped by exact length.

    Letters are never padded: a batch holds words of one length. Targets are tags, one per
    letter, or phonemes up to the end symbol, padded with `ABSENT`.

    Args:
        by_length: for each number of letters T, the letters (N, T) and the targets (N, U), int32.
    """

    by_length: dict[int, tuple[np.ndarray, np.ndarray]]

    def __len__(self) -> int:
        return sum(len(letters) for letters, _ in self.by_length.values())

    @property
    def num_letters(self) -> int:
        """The total number of letters."""
        return sum(letters.size for letters, _ in self.by_length.values())

    def batches(
        self, batch_size: int, rng: np.random.Generator, unknown_rate: float = UNKNOWN_RATE
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """One epoch of training: every row once, in an order that depends only on `rng`.

        Rows are shuffled within each length and cut into batches (the last one of a length may be
        smaller), and then the batches are shuffled.

        A letter that never occurs in training has the unknown id, whose embedding would keep its
        initial value. So each letter is replaced by the unknown one with a small probability.

        Args:
            batch_size: the most rows in a batch, B.
            rng: draws the order and the replaced letters.
            unknown_rate: the probability that a letter is replaced; 0 leaves the words unchanged.

        Shape: yields letters (B, T) and targets (B, U), int32; for tags U = T.
        """
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1")
        batches = []
        for length in sorted(self.by_length):
            rows = rng.permutation(len(self.by_length[length][0]))
            cuts = range(0, len(rows), batch_size)
            batches += [(length, rows[cut : cut + batch_size]) for cut in cuts]
        for place in rng.permutation(len(batches)):
            length, rows = batches[place]
            letters, targets = (array[rows] for array in self.by_length[length])  # (B, T), (B, U)
            letters[rng.random(letters.shape) < unknown_rate] = UNKNOWN
            yield letters, targets

    def sample(self, n: int, seed: int) -> "Examples":
        """`n` rows drawn at random without replacement; all rows if there are fewer."""
        lengths = np.repeat(*np.array(self._sizes(), dtype=int).reshape(-1, 2).T)
        rows = np.concatenate([np.arange(size) for _, size in self._sizes()] or [lengths])
        drawn = np.sort(np.random.default_rng(seed).permutation(len(rows))[:n])
        chosen = {int(t): rows[drawn[lengths[drawn] == t]] for t in np.unique(lengths[drawn])}
        return Examples(
            {t: (self.by_length[t][0][r], self.by_length[t][1][r]) for t, r in chosen.items()}
        )

    def _sizes(self) -> list[tuple[int, int]]:
        return [(t, len(self.by_length[t][0])) for t in sorted(self.by_length)]


class Target(NamedTuple):
    """What a model learns to write, and the words to learn it from.

    Args:
        symbols: the output vocabulary.
        examples: the training words, with targets as ids of these symbols.
    """

    symbols: Vocabulary
    examples: Examples


@dataclass(frozen=True)
class PronunciationData:
    """Everything that a model of spelling to sound is trained and evaluated on.

    Args:
        letters: id 0 is padding, 1 the unknown letter, then the letters of the training set.
        tags: id 0 is the silent "-", then single phonemes, then pairs such as "K S".
        train: the aligned training words.
        train_words: all training words, including those that could not be aligned.
        valid: the validation words. None is ever dropped.
        test: the test words. None is ever dropped.
        dropped: the training words that could not be aligned, once for each such pronunciation,
            so `len(train) + len(dropped)` is the number of pronunciations in `train_words`.
        name: what the data was made from.
        stress: whether the phonemes keep their stress.
        notes: what of the files was read otherwise than it stands.
    """

    letters: Vocabulary
    tags: Vocabulary
    train: Examples
    train_words: Dictionary
    valid: Dictionary
    test: Dictionary
    dropped: tuple[str, ...]
    name: str
    stress: bool = False
    notes: tuple[str, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the words that shape a model: the training and validation sets."""
        text = json.dumps([self.train_words, self.valid], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def target(self, writes: str) -> Target:
        """What a model learns that writes "tags", one a letter, or "phonemes" until the end."""
        return self._tags if writes == "tags" else self._phonemes

    @property
    def _tags(self) -> Target:
        if not len(self.train):
            raise UserError(
                f"{self.name}: none of the {len(self.dropped):,} training words can be aligned; a "
                f"letter stands for at most 2 phonemes; {UNALIGNED}"
            )
        return Target(self.tags, self.train)

    @cached_property
    def _phonemes(self) -> Target:
        """Every training pronunciation, even the dropped ones: nothing has to be aligned."""
        phonemes = {p for variants in self.train_words.values() for v in variants for p in v}
        symbols = Vocabulary((END, *sorted(phonemes)))
        return Target(symbols, spoken(self.train_words, self.letters, symbols))


def spoken(words: Dictionary, letters: Vocabulary, symbols: Vocabulary) -> Examples:
    """Words with their phonemes up to the end symbol, one row for each pronunciation."""
    by_length: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for word, variants in words.items():
        row = letters.encode(word)
        for variant in variants:
            ids = symbols.encode((*variant, END))
            by_length.setdefault(len(row), []).append((row, ids))
    return Examples(
        {
            length: (np.stack([row for row, _ in rows]), _padded([ids for _, ids in rows]))
            for length, rows in sorted(by_length.items())
        }
    )


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Shape: N arrays (U_n,) -> (N, U) for the longest of them."""
    padded = np.full((len(rows), max(map(len, rows))), ABSENT, dtype=np.int32)
    for row, ids in zip(padded, rows, strict=True):
        row[: len(ids)] = ids
    return padded


def decode(symbols: Vocabulary, ids: Iterable[int]) -> Pronunciation:
    """The phonemes that a row of tags or phonemes stands for.

    A silent letter adds none, a pair adds two; everything after the end symbol is ignored.
    """
    answer = takewhile(lambda symbol: symbol != END, symbols.decode(ids))
    return tuple(p for symbol in answer if symbol != SILENT for p in symbol.split(" "))
