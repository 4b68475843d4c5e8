"""Splitting a dictionary so that no inflected sibling of a test word is in training."""

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from snowballstemmer.english_stemmer import EnglishStemmer

from unrolled.tasks.pronunciation.dictionary import Dictionary, normalise

PARTS = ("train", "valid", "test")
_TRAIN, _VALID = 0.8, 0.9  # where the training share ends, and the validation share

_POSSESSIVE = re.compile(r"(?<=.)('s|')$")
_LEFT_OVER = re.compile(r"(?<=..)s$|(?<=(.))\1$")


class Split(NamedTuple):
    """A dictionary in three parts that share no word."""

    train: Dictionary
    valid: Dictionary
    test: Dictionary


@lru_cache(maxsize=1 << 18)
def family(word: str) -> str:
    """The word family: the English Snowball stem of the word without its possessive.

    *bake*, *bakes*, *baked* and *baking's* all belong to the family *bake*. The stemmer leaves some
    endings on (*snafus*) and halves some double letters in the inflected form only (*fluffed*), so
    a final s and the second of two equal last letters are removed as well. Irregular forms, and
    words of other languages, are grouped only as far as English endings reach.

    Source: M. F. Porter, Snowball: a language for stemming algorithms, 2001.
    """
    word = normalise(word)
    bare = _POSSESSIVE.sub("", word)
    stem = EnglishStemmer().stemWord(bare)
    return _LEFT_OVER.sub("", stem) or word


def part_of(word: str) -> str:
    """The part of the split that a word belongs to, from a stable hash of its family.

    The hash is the same on every machine and does not depend on the other words, so a word stays
    in its part when the dictionary grows.
    """
    digest = hashlib.blake2b(family(word).encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    return "train" if place < _TRAIN else "valid" if place < _VALID else "test"


def split_by_family(d: Dictionary) -> Split:
    """Split about 80/10/10 into training, validation and test; a family stays together."""
    parts: dict[str, Dictionary] = {part: {} for part in PARTS}
    for word, variants in d.items():
        parts[part_of(word)][word] = variants
    return Split(**parts)


def split_by_word(d: Dictionary, seed: int) -> Split:
    """The careless split: 80/10/10 of the words at random. For comparison only, because it leaks.

    `leak` measures how much.
    """
    words = np.array(list(d), dtype=object)
    np.random.default_rng(seed).shuffle(words)
    ends = [round(_TRAIN * len(words)), round(_VALID * len(words))]
    return Split(*({word: d[word] for word in part} for part in np.split(words, ends)))


def leak(train: Dictionary, test: Dictionary) -> float:
    """The share of test words with a family member in the training set; 0 without test words."""
    known = {family(word) for word in train}
    return sum(family(word) in known for word in test) / max(len(test), 1)
