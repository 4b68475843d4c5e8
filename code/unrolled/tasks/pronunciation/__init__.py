"""Spelling to sound: a word is read letter by letter, and each letter gets a tag.

A tag is zero, one or two phonemes, those that the letter stands for:
h a t e -> HH EY T -.
"""

import functools

from unrolled.tasks.pronunciation.alignment import Aligner
from unrolled.tasks.pronunciation.baselines import MostFrequentTag, WindowBackOff
from unrolled.tasks.pronunciation.data import (
    END,
    Examples,
    PronunciationData,
    Target,
    Vocabulary,
    decode,
    spoken,
)
from unrolled.tasks.pronunciation.dictionary import (
    Dictionary,
    Pronunciation,
    normalise,
    read_cmudict,
)
from unrolled.tasks.pronunciation.families import (
    Split,
    family,
    leak,
    split_by_family,
    split_by_word,
)
from unrolled.tasks.pronunciation.letters import Count, count, reference_tags, wrong_letters
from unrolled.tasks.pronunciation.loading import load, prepare
from unrolled.tasks.pronunciation.pairs import SilentEPair, silent_e_pairs
from unrolled.tasks.pronunciation.scoring import Score, score, transcribe
from unrolled.tasks.pronunciation.task import PronunciationTask, Reader, of_first_edition
from unrolled.tasks.pronunciation.word_lists import read_tsv, write_tsv
from unrolled.tasks.task import ABSENT, Kind

TASK, SAVED = PronunciationTask, Reader


@functools.cache
def book(kind: Kind) -> PronunciationTask:
    """The task on the data of the book, the CMU dictionary."""
    return PronunciationTask(load(), kind)


__all__ = [
    "ABSENT",
    "END",
    "SAVED",
    "TASK",
    "Aligner",
    "Count",
    "Dictionary",
    "Examples",
    "MostFrequentTag",
    "Pronunciation",
    "PronunciationData",
    "PronunciationTask",
    "Reader",
    "Score",
    "SilentEPair",
    "Split",
    "Target",
    "Vocabulary",
    "WindowBackOff",
    "book",
    "count",
    "decode",
    "family",
    "leak",
    "load",
    "normalise",
    "of_first_edition",
    "prepare",
    "read_cmudict",
    "read_tsv",
    "reference_tags",
    "score",
    "silent_e_pairs",
    "split_by_family",
    "split_by_word",
    "spoken",
    "transcribe",
    "write_tsv",
    "wrong_letters",
]
