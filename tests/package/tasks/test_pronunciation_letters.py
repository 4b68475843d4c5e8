"""Which letters are wrong: the references, the comparison, and the count by company."""

import numpy as np
import pytest
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import letters as module

WORDS = {
    "hat": (("HH", "AE", "T"),),
    "hate": (("HH", "EY", "T"),),
    "cat": (("K", "AE", "T"),),
    "kit": (("K", "IH", "T"),),
    "cite": (("S", "AY", "T"),),
    "ace": (("EY", "S"),),
}


@pytest.fixture(scope="module")
def data():
    return pronunciation.prepare(pronunciation.Split(WORDS, WORDS, WORDS), name="toy")


def says(data, **rows):
    """A model that gives each word the tags listed for it."""
    by_letters = {data.letters.encode(w).tobytes(): data.tags.encode(r) for w, r in rows.items()}
    return lambda batch: np.stack([by_letters[row.tobytes()] for row in batch])


def test_references_are_the_tags_of_training(data):
    (tags,) = pronunciation.reference_tags(data, {"hate": WORDS["hate"]})["hate"]
    assert data.tags.decode(tags) == ["HH", "EY", "T", "-"]


def test_an_unusual_word_has_tags_and_an_impossible_one_has_none(data):
    words = {"hie": (("HH", "K"),), "i": (("AY", "S", "T"),)}
    tags = pronunciation.reference_tags(data, words)
    assert list(tags) == ["hie"]
    assert pronunciation.decode(data.tags, tags["hie"][0]) == ("HH", "K")


def test_the_letter_that_differs_is_wrong(data):
    references = pronunciation.reference_tags(data, {w: WORDS[w] for w in ("hate", "cat")})
    model = says(data, hate=["HH", "AE", "T", "-"], cat=["K", "AE", "T"])
    wrong = pronunciation.wrong_letters(references, data, model)
    assert wrong["hate"].tolist() == [False, True, False, False]
    assert wrong["cat"].tolist() == [False, False, False]


def test_a_word_read_right_has_no_wrong_letter_wherever_its_sounds_stand(data):
    references = pronunciation.reference_tags(data, {"hate": WORDS["hate"]})
    model = says(data, hate=["HH", "EY", "-", "T"])
    assert not pronunciation.wrong_letters(references, data, model)["hate"].any()


def test_the_closest_pronunciation_counts(data):
    words = {"cat": (("S", "IH", "S"), ("K", "AE", "T"))}
    references = pronunciation.reference_tags(data, words)
    wrong = pronunciation.wrong_letters(references, data, says(data, cat=["K", "EY", "T"]))
    assert wrong["cat"].tolist() == [False, True, False]


def test_letters_are_counted_by_their_company():
    wrong = {"cite": np.array([True, False, True, False]), "cat": np.array([False] * 3)}
    assert pronunciation.count(wrong) == (7, 2)
    assert pronunciation.count(wrong, "c(?=[eiy])") == (1, 1)
    assert pronunciation.count(wrong, "c") == (2, 1)
    assert pronunciation.count(wrong, "c").percent == 50
    assert pronunciation.count(wrong, "(?<=a)t") == (1, 0)


def test_the_theta_of_training_is_counted(data):
    aligner = module.counted_aligner(data)
    t = aligner.theta[data.letters.ids["t"]]
    assert t.sum() == pytest.approx(1)
    assert t[data.tags.ids["T"]] > 0.98
    assert (t > 0).all()
