"""Counting errors, reading words, and what counting alone achieves."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unrolled.errors import UserError
from unrolled.tasks.pronunciation import (
    Examples,
    MostFrequentTag,
    Vocabulary,
    WindowBackOff,
    score,
    transcribe,
)

REFERENCES = {
    "hate": (("HH", "EY", "T"),),
    "tomato": (("T", "AH", "M", "EY", "T", "OW"), ("T", "AH", "M", "AA", "T", "OW")),
    "ox": (("AA", "K", "S"),),
}


def test_a_score_by_hand() -> None:
    predictions = {
        "hate": ("HH", "AE", "T", "EH"),  # one replaced, one too many
        "tomato": ("T", "AH", "M", "AA", "T", "OW"),  # the second pronunciation
        "ox": ("AA", "S"),  # one left out
        "elsewhere": ("Z",),
    }
    result = score(predictions, REFERENCES)
    assert result.distances == {"hate": 2, "tomato": 0, "ox": 1}
    assert result.lengths == {"hate": 3, "tomato": 6, "ox": 3}
    assert (result.words, result.wrong, result.errors, result.phonemes) == (3, 2, 3, 12)
    assert result.per == 3 / 12, "sums over all words, not the mean of the words' rates"
    assert result.wer == 2 / 3


def test_of_equally_close_references_the_first_counts() -> None:
    long, short = ("A", "B", "C"), ("A",)
    assert score({"w": ("A", "B")}, {"w": (long, short)}).lengths == {"w": 3}
    assert score({"w": ("A", "B")}, {"w": (short, long)}).lengths == {"w": 1}


def test_the_closest_reference_counts_wherever_it_stands() -> None:
    result = score({"w": ("A",)}, {"w": (("A", "B", "C"), ("A", "B"), ("C",))})
    assert (result.errors, result.phonemes) == (1, 2)


@pytest.mark.parametrize("predictions", [{}, {"w": None}, {"w": ()}])
def test_a_word_not_read_has_all_phonemes_wrong(predictions: dict) -> None:
    result = score(predictions, {"w": (("A", "B", "C"), ("A", "B"))})
    assert (result.errors, result.phonemes, result.wer) == (2, 2, 1)


def test_per_can_exceed_one() -> None:
    assert score({"w": tuple("ABCDE")}, {"w": (("X",),)}).per == 5


def test_there_must_be_references() -> None:
    with pytest.raises(UserError, match="no reference words"):
        score({"w": ("A",)}, {})
    for nothing in ((), ((),)):
        with pytest.raises(UserError, match="'w' has no pronunciation"):
            score({"w": ("A",)}, {"w": nothing})


def levenshtein(a: tuple, b: tuple) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


sounds = st.lists(st.sampled_from(["A", "B", "AB"]), max_size=6).map(tuple)


@given(sounds, sounds.filter(bool))
def test_the_distance_is_over_phonemes_not_characters(read: tuple, reference: tuple) -> None:
    assert score({"w": read}, {"w": (reference,)}).errors == levenshtein(read, reference)


def test_scoring_is_fast() -> None:
    references = {str(i): (("HH", "EY", "T", "AH", "L", "IY"),) * 2 for i in range(12_500)}
    predictions = {str(i): ("HH", "AE", "T", "L", "IY") for i in range(12_500)}
    start = time.process_time()
    assert score(predictions, references).errors == 25_000
    assert time.process_time() - start < 1


LETTERS = Vocabulary.of_letters(["abc"])
TAGS = Vocabulary(("-", "A", "B", "C", "K S"))


def spell(letters: np.ndarray) -> np.ndarray:
    """a, b, c are read A, B, C; the unknown letter K S."""
    return np.array([0, 4, 1, 2, 3])[letters]


def test_words_are_read_in_batches_of_one_length() -> None:
    shapes = []

    def predict(letters: np.ndarray) -> np.ndarray:
        assert letters.dtype == np.int32
        shapes.append(letters.shape)
        return spell(letters)

    words = ["ab", "c", "ba", "", "ac", "CAB", "x"]
    read = transcribe(words, LETTERS, TAGS, predict, batch_size=2)
    assert list(read) == words
    assert read == {
        "ab": ("A", "B"), "c": ("C",), "ba": ("B", "A"), "": (), "ac": ("A", "C"),
        "CAB": ("C", "A", "B"), "x": ("K", "S"),
    }  # fmt: skip
    assert sorted(shapes) == [(1, 2), (1, 3), (2, 1), (2, 2)]


def test_a_prediction_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"letters \(1, 2\) gave tags \(1, 2, 5\)"):
        transcribe(["ab"], LETTERS, TAGS, lambda letters: np.zeros((*letters.shape, 5)))


def examples(*pairs: tuple[str, str]) -> Examples:
    """Words and their tags, a tag a character: - for silence."""
    tags = Vocabulary(("-", "A", "B", "C"))
    rows: dict[int, list] = {}
    for word, sounds in pairs:
        rows.setdefault(len(word), []).append((LETTERS.encode(word), tags.encode(list(sounds))))
    return Examples(
        {n: (np.stack([x for x, _ in r]), np.stack([k for _, k in r])) for n, r in rows.items()}
    )


def test_most_frequent_tag_of_a_letter() -> None:
    model = MostFrequentTag().fit(examples(("aab", "A-B"), ("a", "A"), ("b", "C"), ("cb", "BB")))
    letters = np.stack([LETTERS.encode("abc"), LETTERS.encode("xba")])
    # a: A twice, - once. b: B twice, C once. c: B once. Unknown: B, three times in all, beats A.
    np.testing.assert_array_equal(model.predict(letters), [[1, 2, 2], [2, 2, 1]])


def test_windows_shrink_from_the_left_first() -> None:
    assert WindowBackOff(5).windows == [(2, 2), (1, 2), (1, 1), (0, 1), (0, 0)]
    assert WindowBackOff(1).windows == [(0, 0)]


def test_back_off_by_hand() -> None:
    model = WindowBackOff(3).fit(
        examples(("cab", "CAB"), ("cab", "CAB"), ("cab", "C-B"), ("bab", "BBB"), ("ac", "CC"))
    )

    def read(word: str) -> list[int]:
        return model.predict(LETTERS.encode(word)[None])[0].tolist()

    assert read("cab") == [3, 1, 2], "whole window: c[a]b is A twice and - once"
    assert read("bab") == [2, 2, 2], "whole window: b[a]b is B"
    # (a)[a]b was not seen; [a]b alone is A twice, - once, B once.
    assert read("aab")[1] == 1
    # (b)[a]c was not seen; [a]c alone is C.
    assert read("bac")[1] == 3
    # Of a alone A is the most frequent: A twice, -, B and C once each.
    assert read("aax")[1] == 1
    # The unknown letter takes the most frequent tag of all: B, six times.
    assert read("x") == [2]


def test_the_boundary_of_a_word_counts() -> None:
    model = WindowBackOff(3).fit(examples(("ab", "AB"), ("bab", "B-B"), ("cab", "C-B")))
    assert model.predict(LETTERS.encode("ab")[None])[0, 0] == 1
    assert model.predict(LETTERS.encode("aab")[None])[0, 1] == 0


def test_a_tie_goes_to_the_lower_tag() -> None:
    data = examples(("a", "C"), ("a", "A"), ("b", "B"))
    word = LETTERS.encode("a")[None]
    for model in (MostFrequentTag(), WindowBackOff(3)):
        assert model.fit(data).predict(word).tolist() == [[1]]


@pytest.mark.parametrize("size", [0, 2, -1])
def test_a_window_is_odd(size: int) -> None:
    with pytest.raises(ValueError, match="must be odd"):
        WindowBackOff(size)


def test_baselines_need_examples_and_a_sensible_window() -> None:
    for model in (MostFrequentTag(), WindowBackOff()):
        with pytest.raises(ValueError, match="no examples"):
            model.fit(Examples({}))
    with pytest.raises(ValueError, match="too wide for 3 letters"):
        WindowBackOff(41).fit(examples(("a", "A")))
