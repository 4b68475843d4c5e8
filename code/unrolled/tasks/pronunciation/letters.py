"""Which letters a tagger reads wrong, and in which contexts.

A word is scored by its phonemes, and no reference says which letter an error belongs to. So the
reference pronunciations are aligned with their letters, as in training, and a wrong prediction is
compared letter by letter with the closest of them. In a word that is read correctly no letter is
wrong, however its phonemes are spread over the letters.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from unrolled.tasks.pronunciation.alignment import Aligner
from unrolled.tasks.pronunciation.data import PronunciationData, decode
from unrolled.tasks.pronunciation.dictionary import Dictionary
from unrolled.tasks.pronunciation.scoring import answer

UNSEEN = 1e-3  # a pseudo-count, added for every letter and tag


class Count(NamedTuple):
    """How many letters there are, and how many of them are wrong."""

    letters: int
    wrong: int

    @property
    def percent(self) -> float:
        """The percentage that is wrong."""
        return 100 * self.wrong / self.letters


def counted_aligner(data: PronunciationData) -> Aligner:
    """The aligner whose theta[x, k] is the share of tag k among the training tags of letter x.

    A tag that a letter never had gets a small weight, so that unusual words can be aligned.
    """
    counts = np.full((len(data.letters), len(data.tags)), UNSEEN)
    for letters, tags in data.train.by_length.values():
        np.add.at(counts, (letters, tags), 1)
    theta = counts / counts.sum(axis=1, keepdims=True)
    return Aligner(data.letters.symbols, data.tags.symbols, theta)


def reference_tags(data: PronunciationData, words: Dictionary) -> dict[str, list[np.ndarray]]:
    """The tags (T,) of each pronunciation; words that cannot be aligned are left out."""
    pairs = [(word, variant) for word, variants in words.items() for variant in variants]
    aligned: dict[str, list[np.ndarray]] = defaultdict(list)
    for places, rows in counted_aligner(data).align(pairs):
        for place, row in zip(places, rows, strict=True):
            if (row >= 0).all():
                aligned[pairs[place][0]].append(row)
    return dict(aligned)


def wrong_letters(
    references: Mapping[str, list[np.ndarray]],
    data: PronunciationData,
    predict: Callable[[np.ndarray], np.ndarray],
) -> dict[str, np.ndarray]:
    """Which letters of each word a model reads wrong.

    Args:
        references: as `reference_tags` returns them.
        data: the model's data.
        predict: maps letters (B, T), int32, to tags (B, T).

    Shape: a bool for each letter, (T,).
    """
    wrong = {}
    for word, tags in answer(references, data.letters, predict).items():
        rows = np.stack(references[word])  # (variants, T)
        read = decode(data.tags, tags)
        right = any(read == decode(data.tags, row) for row in rows)
        differ = rows != tags
        wrong[word] = np.zeros(len(tags), bool) if right else differ[differ.sum(1).argmin()]
    return wrong


def count(wrong: Mapping[str, np.ndarray], pattern: str = ".") -> Count:
    """Counts the letters at which a pattern begins: "c(?=[eiy])" is a c before e, i or y."""
    at = [
        bool(letters[match.start()])
        for word, letters in wrong.items()
        for match in re.finditer(pattern, word)
    ]
    return Count(len(at), sum(at))
