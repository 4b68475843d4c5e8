"""Word families stay on one side of the split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unrolled.tasks import pronunciation


@pytest.fixture(scope="module")
def cmudict() -> pronunciation.Dictionary:
    return pronunciation.read_cmudict()


@pytest.mark.parametrize(
    "words",
    [
        ("bake", "bakes", "baked", "baking", "bake's", "bakes'", "BAKE"),
        ("city", "cities", "city's", "cities'"),
        ("run", "runs", "running"),
        ("actor", "actors", "actors'"),
        ("snafu", "snafus"),
        ("fluff", "fluffs", "fluffed", "fluffing"),
    ],
)
def test_inflected_forms_are_one_family(words: tuple[str, ...]) -> None:
    assert len({pronunciation.family(word) for word in words}) == 1


def test_different_words_are_different_families() -> None:
    words = ("bake", "bike", "baker's", "hat", "hate", "'s", "s", "'")
    families = [pronunciation.family(word) for word in words]
    assert all(families)
    assert len(set(families[:5])) == 5


@given(st.text(min_size=1))
def test_every_word_has_a_family(word: str) -> None:
    assert isinstance(pronunciation.family(word), str)


def test_no_family_straddles_the_split(cmudict: pronunciation.Dictionary) -> None:
    split = pronunciation.split_by_family(cmudict)
    families = [{pronunciation.family(word) for word in part} for part in split]
    assert not families[0] & families[1]
    assert not families[0] & families[2]
    assert not families[1] & families[2]
    assert split.train | split.valid | split.test == cmudict
    assert sum(map(len, split)) == len(cmudict)
    shares = [len(part) / len(cmudict) for part in split]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.005)


def test_no_plain_inflection_of_a_test_word_is_in_training(
    cmudict: pronunciation.Dictionary,
) -> None:
    """By spelling, without the stemmer: what remains are chance likenesses such as bet, betty."""

    def with_sibling(split: pronunciation.Split) -> float:
        endings = ("s", "'s", "ed", "ing")
        return sum(
            any(word + ending in split.train for ending in endings)
            or any(word.endswith(e) and word[: -len(e)] in split.train for e in endings)
            for word in split.test
        ) / len(split.test)

    assert with_sibling(pronunciation.split_by_family(cmudict)) < 0.01
    assert with_sibling(pronunciation.split_by_word(cmudict, seed=0)) > 0.25


def test_the_split_is_the_same_everywhere() -> None:
    words = ["hate", "tomato", "record", "quick", "jumps", "fox", "dog", "lazy", "brown", "over"]
    split = pronunciation.split_by_family(dict.fromkeys(words, (("X",),)))
    assert list(split.train) == ["hate", "tomato", "quick", "jumps", "fox", "dog", "brown", "over"]
    assert [list(split.valid), list(split.test)] == [["record"], ["lazy"]]


def test_a_word_keeps_its_part_when_the_dictionary_grows(
    cmudict: pronunciation.Dictionary,
) -> None:
    sample = dict(list(cmudict.items())[::100])
    whole = pronunciation.split_by_family(cmudict)
    for part, small in zip(whole, pronunciation.split_by_family(sample), strict=True):
        assert small.items() <= part.items()


def test_the_careless_split_leaks(cmudict: pronunciation.Dictionary) -> None:
    careful = pronunciation.split_by_family(cmudict)
    careless = pronunciation.split_by_word(cmudict, seed=0)
    assert pronunciation.leak(careful.train, careful.test) == 0
    assert pronunciation.leak(careless.train, careless.test) == pytest.approx(0.45, abs=0.02)
    assert careless.train | careless.valid | careless.test == cmudict
    assert careless == pronunciation.split_by_word(cmudict, seed=0)
    assert careless.test != pronunciation.split_by_word(cmudict, seed=1).test


def test_leak_counts_test_words() -> None:
    train = dict.fromkeys(("bake", "run"), (("X",),))
    test = dict.fromkeys(("bakes", "hat", "hats", "cat"), (("X",),))
    assert pronunciation.leak(train, test) == 0.25
    assert pronunciation.leak(train, {}) == 0
