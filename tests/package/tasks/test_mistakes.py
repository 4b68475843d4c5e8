"""Where a reader goes wrong: at which letters, and which phonemes it confuses."""

import numpy as np
from unrolled.tasks.pronunciation import mistakes

WRONG = {
    "one": {"cent": np.array([1, 0, 0, 0], bool), "cat": np.array([0, 1, 0], bool)},
    "two": {"cent": np.array([0, 0, 0, 0], bool), "cat": np.array([1, 1, 0], bool)},
}


def test_letters_are_counted_by_pattern_and_model():
    table = mistakes.by_pattern(WRONG, {"soft c": "c(?=e)", "c": "c", "last": ".$"})
    assert list(table.columns) == ["letters", "one", "two"]
    assert table.loc["soft c"].tolist() == [1, 1, 0]
    assert table.loc["c"].tolist() == [2, 1, 1]
    assert table.loc["last"].tolist() == [2, 0, 0]
    assert list(table.index) == ["soft c", "c", "last"]


def test_confusions_are_those_with_the_closest_pronunciation():
    references = {
        "data": (("D", "AE", "T", "AH"), ("D", "EY", "T", "AH")),
        "fixed": (("F", "IH", "K", "S", "T"),),
        "knee": (("N", "IY"),),
    }
    predictions = {
        "data": ("D", "EY", "T", "UW"),
        "fixed": ("F", "IH", "S", "D"),
        "knee": ("K", "N", "IY"),
    }
    confusions = mistakes.confusions(predictions, references)
    assert confusions == {
        ("AH", "UW"): 1,
        ("K", mistakes.NOTHING): 1,
        ("T", "D"): 1,
        (mistakes.NOTHING, "K"): 1,
    }


def test_what_is_right_is_no_confusion():
    assert not mistakes.confusions({"ox": ("AA", "K", "S")}, {"ox": (("AA", "K", "S"),)})
