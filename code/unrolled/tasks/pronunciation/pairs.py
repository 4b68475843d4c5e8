"""Pairs of words that differ in a final *e*: hat and hate, not and note."""

from typing import NamedTuple

import numpy as np

from unrolled.tasks.pronunciation.data import Examples, Vocabulary


class SilentEPair(NamedTuple):
    """A word and the same word with a final *e*, whose shared letters are tagged differently.

    Args:
        word: the letters of the shorter word, (T,).
        longer: the letters of the longer one, (T + 1,).
        place: the first letter that is tagged differently, counted from 0.
        tags: its tag in the shorter word and in the longer one.
    """

    word: np.ndarray
    longer: np.ndarray
    place: int
    tags: tuple[int, int]


def silent_e_pairs(examples: Examples, letters: Vocabulary) -> list[SilentEPair]:
    """The pairs among the training words, each in its first listed pronunciation.

    A model that reads from left to right and tags each letter at once has seen the same letters
    at `place` in both words, so it predicts the same tag and is wrong in one of them.
    """
    e = letters.ids["e"]
    pairs = []
    first: dict[int, dict[bytes, np.ndarray]] = {}
    for length, (rows, tags) in examples.by_length.items():
        # Later rows of a word are variants: filling from the back leaves the first one.
        reversed_rows = zip(rows[::-1], tags[::-1], strict=True)
        first[length] = {row.tobytes(): tag for row, tag in reversed_rows}
    for length, words in first.items():
        for key, tags in words.items():
            word = np.frombuffer(key, dtype=np.int32).copy()  # bytes are read-only
            longer = np.append(word, np.int32(e))
            other = first.get(length + 1, {}).get(longer.tobytes())
            if other is not None and (tags != other[:-1]).any():
                place = int((tags != other[:-1]).argmax())
                pairs.append(
                    SilentEPair(word, longer, place, (int(tags[place]), int(other[place])))
                )
    return pairs
