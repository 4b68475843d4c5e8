"""Baselines that only count: what a network has to beat."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from unrolled.tasks.pronunciation.data import PADDING, Examples


@dataclass
class MostFrequentTag:
    """Gives each letter its most frequent tag in the training set.

        k(x) = argmax_k count(x, k)

    A letter not seen in training takes the most frequent tag overall.
    """

    writes: ClassVar[str] = "tags"

    best: np.ndarray = field(init=False)  # (largest letter id + 1,)
    default: int = field(init=False)

    def fit(self, examples: Examples) -> "MostFrequentTag":
        """Count. Raises ValueError if there are no examples."""
        letters, tags = _flat(examples)
        self.default = int(np.bincount(tags).argmax())
        counts = np.zeros((letters.max() + 1, tags.max() + 1), np.int64)
        np.add.at(counts, (letters, tags), 1)
        self.best = np.where(counts.any(1), counts.argmax(1), self.default)
        return self

    def predict(self, letters: np.ndarray) -> np.ndarray:
        """The tags of letters. Shape: (B, T) to (B, T)."""
        known = letters < len(self.best)
        return np.where(known, self.best[np.where(known, letters, 0)], self.default)


@dataclass
class WindowBackOff:
    """Gives each letter the most frequent tag of the longest window around it seen in training.

    A window of `size` letters is tried first. If it was not seen in training, its letters are
    dropped one at a time, the farthest first and the left one before the right one, because
    English spelling looks ahead. For size 5, with 0 the letter itself:

        (-2 .. +2)  (-1 .. +2)  (-1 .. +1)  (0 .. +1)  (0)  any letter

    The boundary of a word counts as a symbol. Ties go to the lower tag id.

    Args:
        size: the width of the window in letters, odd.
    """

    writes: ClassVar[str] = "tags"

    size: int = 5
    tables: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = field(init=False)
    base: int = field(init=False)
    default: int = field(init=False)

    def __post_init__(self) -> None:
        if self.size < 1 or self.size % 2 == 0:
            raise ValueError(f"the window size is {self.size}; it must be odd and positive")

    @property
    def windows(self) -> list[tuple[int, int]]:
        """The windows as numbers of letters to the left and right, in back-off order."""
        half = self.size // 2
        steps = [[(reach, reach), (reach - 1, reach)] for reach in range(half, 0, -1)]
        return [window for step in steps for window in step] + [(0, 0)]

    def fit(self, examples: Examples) -> "WindowBackOff":
        """Count. Raises ValueError if there are no examples, or the alphabet is too large."""
        letters, tags = _flat(examples)
        self.default, self.base = int(np.bincount(tags).argmax()), int(letters.max()) + 1
        if self.base**self.size >= 2**63:
            raise ValueError(f"a window of {self.size} is too wide for {self.base} letters")
        rows = sorted(examples.by_length)
        self.tables = {}
        for window in self.windows:
            codes = [self._codes(examples.by_length[t][0], *window).ravel() for t in rows]
            self.tables[window] = _most_frequent(np.concatenate(codes), tags)
        return self

    def predict(self, letters: np.ndarray) -> np.ndarray:
        """The tags of letters. Shape: (B, T) to (B, T)."""
        tags = np.full(letters.shape, -1)
        for window in self.windows:
            known, best = self.tables[window]
            codes = self._codes(letters, *window)
            place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
            tags = np.where((tags < 0) & (known[place] == codes), best[place], tags)
        return np.where(tags < 0, self.default, tags)

    def _codes(self, letters: np.ndarray, left: int, right: int) -> np.ndarray:
        """One number for each window, -1 if it holds an unseen letter. Shape: (B, T)."""
        length = letters.shape[1]
        padded = np.pad(letters.astype(np.int64), ((0, 0), (left, right)), constant_values=PADDING)
        codes, unheard = np.zeros(letters.shape, np.int64), np.zeros(letters.shape, bool)
        for offset in range(left + right + 1):
            column = padded[:, offset : offset + length]
            codes, unheard = codes * self.base + column, unheard | (column >= self.base)
        return np.where(unheard, -1, codes)


def _flat(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """All letters and all tags, flattened, in order of word length."""
    if not len(examples):
        raise ValueError("there are no examples to count")
    rows = [examples.by_length[length] for length in sorted(examples.by_length)]
    letters, tags = zip(*rows, strict=True)
    return np.concatenate([a.ravel() for a in letters]), np.concatenate([a.ravel() for a in tags])


def _most_frequent(codes: np.ndarray, tags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct codes, sorted, and the most frequent tag of each."""
    known, place = np.unique(codes, return_inverse=True)
    width = int(tags.max()) + 1
    cells, counts = np.unique(place * width + tags, return_counts=True)
    owner, tag = cells // width, cells % width
    order = np.lexsort((tag, -counts, owner))
    first = order[np.searchsorted(owner[order], np.arange(len(known)))]
    return known, tag[first]
