"""Spelling to sound: a word comes in letter by letter, each letter gets a tag.

A tag is the none, one or two phonemes that the letter stands for:
h a t e -> HH EY T -.
"""

from unrolled.tasks.pronunciation.alignment import Aligner
from unrolled.tasks.pronunciation.baselines import MostFrequentTag, WindowBackOff
from unrolled.tasks.pronunciation.data import (
    ABSENT,
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
    read_tsv,
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

__all__ = [
    "ABSENT",
    "END",
    "Aligner",
    "Count",
    "Dictionary",
    "Examples",
    "MostFrequentTag",
    "Pronunciation",
    "PronunciationData",
    "Score",
    "SilentEPair",
    "Split",
    "Target",
    "Vocabulary",
    "WindowBackOff",
    "count",
    "decode",
    "family",
    "leak",
    "load",
    "normalise",
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
    "wrong_letters",
]
