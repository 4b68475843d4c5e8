"""Vocabularies and the arrays of aligned words."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from unrolled.tasks.pronunciation import ABSENT, END, Examples, Vocabulary, decode, spoken

LETTERS = Vocabulary.of_letters(["hate", "hat", "ox"])
TAGS = Vocabulary(("-", "AA", "AE", "EY", "HH", "T", "K S"))


def numbered(sizes: dict[int, int]) -> Examples:
    """For each length T so many rows; the letters and tags of a row tell which row it is."""
    arrays, start = {}, 2
    for length, size in sizes.items():
        rows = np.arange(start, start + size, dtype=np.int32)[:, None]
        letters = np.broadcast_to(rows, (size, length)).copy()
        arrays[length] = (letters, letters + 1000)
        start += size
    return Examples(arrays)


def test_letters_come_after_padding_and_unknown() -> None:
    assert LETTERS.symbols == ("<padding>", "<unknown>", "a", "e", "h", "o", "t", "x")
    assert len(LETTERS) == 8
    assert LETTERS.encode("hate").tolist() == [4, 2, 6, 3]
    assert LETTERS.encode("hate").dtype == np.int32
    assert LETTERS.encode("").shape == (0,)


def test_words_are_found_whatever_their_case_and_unicode_form() -> None:
    assert LETTERS.encode("HaTe").tolist() == LETTERS.encode("hate").tolist()
    accented = Vocabulary.of_letters(["é"])
    assert accented.encode("E\u0301").tolist() == accented.encode("é").tolist() == [2]


def test_a_letter_never_seen_is_unknown_and_a_tag_is_an_error() -> None:
    assert LETTERS.encode("zoë").tolist() == [1, 5, 1]
    assert TAGS.encode(["K S", "-"]).tolist() == [6, 0]
    with pytest.raises(ValueError, match="'ZH' is not in the vocabulary"):
        TAGS.encode(["ZH"])


def test_decode_gives_phonemes() -> None:
    assert TAGS.decode([4, 3, 0]) == ["HH", "EY", "-"]
    assert LETTERS.decode(LETTERS.encode("ox")) == ["o", "x"]
    assert decode(TAGS, np.array([4, 3, 5, 0])) == ("HH", "EY", "T")
    assert decode(TAGS, [1, 6]) == ("AA", "K", "S")
    assert decode(TAGS, [0, 0]) == ()


def test_spoken_words_end_and_are_padded_by_length() -> None:
    symbols = Vocabulary((END, "AA", "EY", "HH", "K", "S", "T"))
    words = {"hate": [("HH", "EY", "T")], "ox": [("AA", "K", "S"), ("AA",)]}
    examples = spoken(words, LETTERS, symbols)
    assert list(examples.by_length) == [2, 4]
    letters, targets = examples.by_length[2]
    assert [LETTERS.decode(row) for row in letters] == [["o", "x"]] * 2
    assert targets.tolist() == [[1, 4, 5, 0], [1, 0, ABSENT, ABSENT]]
    assert examples.by_length[4][1].tolist() == [[3, 2, 6, 0]]


def test_sizes_are_counted() -> None:
    examples = numbered({3: 5, 7: 2})
    assert len(examples) == 7
    assert examples.num_letters == 29


def test_an_epoch_has_every_row_once_with_its_own_tags() -> None:
    examples = numbered({3: 10, 5: 4, 6: 1})
    seen: Counter[int] = Counter()
    shapes: Counter[tuple[int, int]] = Counter()
    for letters, tags in examples.batches(4, np.random.default_rng(0), unknown_rate=0):
        assert letters.dtype == tags.dtype == np.int32
        np.testing.assert_array_equal(tags, letters + 1000)
        seen.update(letters[:, 0].tolist())
        shapes[letters.shape] += 1
    assert seen == dict.fromkeys(range(2, 17), 1)
    assert shapes == {(4, 3): 2, (2, 3): 1, (4, 5): 1, (1, 6): 1}


def test_the_order_depends_on_the_generator_alone() -> None:
    examples = numbered({3: 50, 5: 50})

    def epoch(rng: np.random.Generator) -> list:
        return [letters.tolist() for letters, _ in examples.batches(8, rng)]

    first = epoch(np.random.default_rng(1))
    np.random.seed(5)  # noqa: NPY002 the global generator must not matter
    assert epoch(np.random.default_rng(1)) == first
    assert epoch(np.random.default_rng(2)) != first
    rng = np.random.default_rng(1)
    assert epoch(rng) == first
    assert epoch(rng) != first, "the second epoch has another order"


def test_lengths_and_rows_are_mixed() -> None:
    examples = numbered({3: 64, 5: 64})
    batches = list(examples.batches(4, np.random.default_rng(0)))
    lengths = [letters.shape[1] for letters, _ in batches]
    assert lengths != sorted(lengths)
    rows = [row for letters, _ in batches for row in letters[:, 0]]
    assert sum(abs(a - b) == 1 for a, b in pairwise(rows)) < 30


def test_some_letters_become_unknown_so_that_the_unknown_embedding_is_trained() -> None:
    examples = numbered({10: 5000})
    before = {t: (x.copy(), k.copy()) for t, (x, k) in examples.by_length.items()}
    batches = list(examples.batches(100, np.random.default_rng(0)))
    unknown = sum((letters == 1).sum() for letters, _ in batches)
    assert 20 < unknown < 90, "0.001 of 50,000 letters"
    assert all((tags > 1).all() for _, tags in batches)
    np.testing.assert_array_equal(examples.by_length[10][0], before[10][0])
    exact = examples.batches(100, np.random.default_rng(0), unknown_rate=0)
    assert not any((letters == 1).any() for letters, _ in exact)


def test_a_batch_has_at_least_one_row() -> None:
    with pytest.raises(ValueError, match="batch_size is 0"):
        next(numbered({3: 1}).batches(0, np.random.default_rng(0)))


def test_a_sample_is_drawn_without_replacement() -> None:
    examples = numbered({3: 30, 5: 70})
    sample = examples.sample(40, seed=0)
    assert len(sample) == 40
    rows = [row for letters, _ in sample.by_length.values() for row in letters[:, 0]]
    assert len(set(rows)) == 40
    for length, (letters, tags) in sample.by_length.items():
        assert letters.shape[1] == length
        np.testing.assert_array_equal(tags, letters + 1000)
        assert set(letters[:, 0]) <= set(examples.by_length[length][0][:, 0])
    assert 5 < len(sample.by_length[3][0]) < 20, "each length has its share"
    again = examples.sample(40, seed=0)
    assert all((again.by_length[t][0] == x).all() for t, (x, _) in sample.by_length.items())
    other = examples.sample(40, seed=1)
    assert sorted(rows) != sorted(r for x, _ in other.by_length.values() for r in x[:, 0])
    assert len(examples.sample(1000, seed=0)) == 100
    assert len(Examples({}).sample(5, seed=0)) == 0
