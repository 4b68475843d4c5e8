"""Where a model goes wrong: at which letters, and which phonemes it confuses."""

from collections import Counter
from collections.abc import Mapping

import pandas as pd
from rapidfuzz.distance import Levenshtein

from unrolled.tasks.pronunciation.dictionary import Dictionary, Pronunciation
from unrolled.tasks.pronunciation.letters import count
from unrolled.tasks.task import Array

NOTHING = "nothing"  # stands in for a phoneme that the prediction or the reference lacks


def by_pattern(
    wrong: Mapping[str, Mapping[str, Array]], patterns: Mapping[str, str]
) -> pd.DataFrame:
    """How many letters match a pattern, and how many of them each model reads wrong.

    Args:
        wrong: for each model, the letters of each word that it reads wrong, as returned by
            `wrong_letters`: a bool for each letter, (T,).
        patterns: named patterns that begin at the letters in question.

    Returns:
        A row for each pattern, with the column "letters" and one column for each model.
    """
    rows = {}
    for name, pattern in patterns.items():
        counts = {model: count(words, pattern) for model, words in wrong.items()}
        (letters,) = {count.letters for count in counts.values()}
        rows[name] = {"letters": letters, **{model: c.wrong for model, c in counts.items()}}
    return pd.DataFrame.from_dict(rows, orient="index")


def confusions(
    predictions: Mapping[str, Pronunciation], references: Dictionary
) -> Counter[tuple[str, str]]:
    """How often each phoneme is mistaken for each other one.

    Each prediction is compared with the closest pronunciation of its word.

    Returns:
        Counts by the true phoneme and the predicted one; one of the two may be `NOTHING`.
    """
    confused: Counter[tuple[str, str]] = Counter()
    for word, predicted in predictions.items():
        variants = references[word]
        right = min(variants, key=lambda variant: Levenshtein.distance(predicted, variant))
        for edit in Levenshtein.editops(predicted, right):
            true = right[edit.dest_pos] if edit.tag != "delete" else NOTHING
            instead = predicted[edit.src_pos] if edit.tag != "insert" else NOTHING
            confused[true, instead] += 1
    return confused
