"""From dictionary files to prepared data."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unrolled.errors import Notice, UserError
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import MostFrequentTag, PronunciationData, WindowBackOff, load


def lines(words: pronunciation.Dictionary) -> str:
    return "".join(f"{w}\t{' '.join(v)}\n" for w, variants in words.items() for v in variants)


@pytest.fixture(scope="module")
def sample() -> pronunciation.Dictionary:
    """Six hundred words of the CMU dictionary."""
    return dict(list(pronunciation.read_cmudict().items())[5::205][:600])


@pytest.fixture
def file(tmp_path: Path, sample: pronunciation.Dictionary) -> Path:
    path = tmp_path / "own.tsv"
    path.write_text(lines(sample), encoding="utf-8")
    return path


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


def spells(data: PronunciationData) -> bool:
    """Whether the tags of every row spell a pronunciation of the word of its letters."""
    return all(
        pronunciation.decode(data.tags, tags) in data.train_words["".join(letters)]
        for rows in data.train.by_length.values()
        for letters, tags in ((data.letters.decode(x), k) for x, k in zip(*rows, strict=True))
    )


def test_one_file_is_split_by_family(file: Path, sample: pronunciation.Dictionary) -> None:
    data = load(file, cache=False)
    assert data.name == "own.tsv"
    assert (data.train_words, data.valid, data.test) == pronunciation.split_by_family(sample)
    pairs = sum(map(len, data.train_words.values()))
    assert len(data.train) + len(data.dropped) == pairs
    assert len(data.dropped) < 0.01 * pairs
    assert spells(data)


def test_what_is_missing_is_held_out(tmp_path: Path, sample: pronunciation.Dictionary) -> None:
    whole = pronunciation.split_by_family(sample)
    train = write(tmp_path / "train.tsv", lines(whole.train | whole.valid))
    test = write(tmp_path / "test.tsv", lines(whole.test))
    data = load(train, test=test, cache=False)
    assert (data.train_words, data.valid, data.test) == whole
    assert data.name == "train.tsv, test.tsv"
    train = write(tmp_path / "train.tsv", lines(whole.train | whole.test))
    valid = write(tmp_path / "valid.tsv", lines(whole.valid))
    data = load(train, valid, cache=False)
    assert (data.train_words, data.valid, data.test) == whole


def test_three_files_are_taken_as_they_are(
    tmp_path: Path, sample: pronunciation.Dictionary
) -> None:
    split = pronunciation.split_by_word(sample, seed=3)
    paths = [write(tmp_path / f"{name}.tsv", lines(part)) for name, part in split._asdict().items()]
    data = load(*paths, cache=False)
    assert (data.train_words, data.valid, data.test) == split


def test_the_case_of_a_file_does_not_matter(
    tmp_path: Path, sample: pronunciation.Dictionary, file: Path
) -> None:
    upper = write(tmp_path / "upper.tsv", lines({w.upper(): v for w, v in sample.items()}))
    data, same = load(upper, cache=False), load(file, cache=False)
    assert data.train_words == same.train_words
    assert data.letters == same.letters
    for length, (letters, tags) in data.train.by_length.items():
        np.testing.assert_array_equal(letters, same.train.by_length[length][0])
        np.testing.assert_array_equal(tags, same.train.by_length[length][1])


def tiny(tmp_path: Path, name: str, text: str) -> Path:
    return write(tmp_path / name, text.replace(" / ", "\n").replace(":", "\t") + "\n")


def test_words_that_cannot_be_aligned(tmp_path: Path) -> None:
    train = tiny(tmp_path, "train.tsv", "w:D AH B AH L / ab:A B / ba:B A / b:B / a:A / a:A B A")
    valid = tiny(tmp_path, "valid.tsv", "aab:A A B")
    test = tiny(tmp_path, "test.tsv", "bb:A B A B A B A B A B / bbb:B")
    with pytest.warns(Notice, match="2 of 6 training pronunciations are left out, such as 'w'"):
        data = load(train, valid, test, cache=False)
    assert data.dropped == ("w", "a")
    assert len(data.train) == 4
    assert list(data.train_words) == ["w", "ab", "ba", "b", "a"]
    assert list(data.test) == ["bb", "bbb"], "a test word is never dropped"
    everything = tiny(tmp_path, "train.tsv", "w:D AH B AH L / v:D AH B")
    valid = tiny(tmp_path, "valid.tsv", "aab:AH")
    test = tiny(tmp_path, "test.tsv", "bb:B")
    with (
        pytest.warns(Notice),
        pytest.raises(UserError, match="none of the 2 training words can be aligned"),
    ):
        load(everything, valid, test, cache=False).target("tags")


words = st.dictionaries(
    st.text("abя", min_size=1, max_size=5),
    st.lists(st.lists(st.sampled_from("PQR"), min_size=1, max_size=9).map(tuple), min_size=1)
    .map(dict.fromkeys)
    .map(tuple),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=50)
@given(words)
def test_any_dictionary_is_aligned_or_dropped(train: pronunciation.Dictionary) -> None:
    try:
        data = pronunciation.prepare(pronunciation.Split(train, {}, {}), "any")
        data.target("tags")
    except UserError as error:
        assert "none of the" in str(error)  # noqa: PT017
        assert all(len(v) > 2 * len(w) for w, variants in train.items() for v in variants)
    else:
        assert len(data.train) + len(data.dropped) == sum(map(len, train.values()))
        assert spells(data)
        short = [w for w, variants in train.items() if all(len(v) <= 2 * len(w) for v in variants)]
        assert not set(short) & set(data.dropped), "small dictionaries lose nothing that fits"


def test_letters_and_phonemes_that_training_lacks(tmp_path: Path) -> None:
    train = tiny(tmp_path, "train.tsv", "ab:A B / ba:B A / abba:A B A / a:A")
    valid = tiny(tmp_path, "valid.tsv", "aab:A A B")
    test = tiny(tmp_path, "test.tsv", "aca:A Q A / c:Q / c:B / bab:B A B")
    with pytest.warns(Notice) as caught:
        data = load(train, valid, test, cache=False)
    assert [str(warning.message) for warning in caught] == [
        "train.tsv, valid.tsv, test.tsv: the test words hold letters that training lacks "
        "(1, such as 'c'), in 2 of 3 words; they are read as the unknown letter",
        "train.tsv, valid.tsv, test.tsv: the test words hold phonemes that training lacks "
        "(1, such as 'Q'); 1 of 3 words cannot be read right",
    ]
    assert data.letters.encode("aca").tolist() == [2, 1, 2]
    model = pronunciation.MostFrequentTag().fit(data.train)
    read = pronunciation.transcribe(data.test, data.letters, data.tags, model.predict)
    assert pronunciation.score(read, data.test).distances["bab"] == 0


@pytest.mark.parametrize(
    ("train", "test", "reason"),
    [
        ("ab:A B / B:B", "a:A / b:B", r"test\.tsv: 1 of its words, such as 'b', are also in "),
        ("ab:A B", "ba:b a", "share no phoneme"),
    ],
)
def test_files_that_do_not_go_together(tmp_path: Path, train: str, test: str, reason: str) -> None:
    paths = [
        tiny(tmp_path, "train.tsv", train),
        tiny(tmp_path, "valid.tsv", "bbb:B"),
        tiny(tmp_path, "test.tsv", test),
    ]
    with pytest.raises(UserError, match=reason):
        load(*paths, cache=False)


def test_too_few_words_and_no_training_file(tmp_path: Path) -> None:
    train = tiny(tmp_path, "train.tsv", "ab:A B")
    with pytest.raises(UserError, match=r"train\.tsv: too few words to hold any out for"):
        load(train, cache=False)
    with pytest.raises(UserError, match="test words need a file of training words"):
        load(test=train, cache=False)


@pytest.fixture(scope="module")
def cmudict() -> PronunciationData:
    return load()


def test_the_whole_dictionary(cmudict: PronunciationData) -> None:
    assert len(cmudict.train_words) + len(cmudict.valid) + len(cmudict.test) > 124_000
    assert len(cmudict.letters) == 2 + 27
    assert cmudict.tags.symbols[0] == "-"
    assert len(cmudict.dropped) < 200
    pairs = sum(map(len, cmudict.train_words.values()))
    assert len(cmudict.train) + len(cmudict.dropped) == pairs
    assert 60 <= len(cmudict.tags) <= 90
    assert {"K S", "Y UW", "AH L"} <= set(cmudict.tags.symbols)
    assert spells(cmudict)


@pytest.mark.parametrize(
    ("word", "tags"),
    [
        ("hate", "HH EY T -"),
        ("hat", "HH AE T"),
        ("box", "B AA K_S"),
        ("thought", "TH - AO - - - T"),
        ("examples", "IH G_Z AE M P AH_L - Z"),
    ],
)
def test_known_alignments(cmudict: PronunciationData, word: str, tags: str) -> None:
    letters, ids = cmudict.train.by_length[len(word)]
    rows = ids[(letters == cmudict.letters.encode(word)).all(1)]
    expected = [tag.replace("_", " ") for tag in tags.split()]
    assert expected in [cmudict.tags.decode(row) for row in rows]


def wer(data: PronunciationData, model: MostFrequentTag | WindowBackOff) -> float:
    model.fit(data.train)
    read = pronunciation.transcribe(data.test, data.letters, data.tags, model.predict)
    return pronunciation.score(read, data.test).wer


def test_a_window_beats_a_letter(cmudict: PronunciationData) -> None:
    assert wer(cmudict, MostFrequentTag()) == pytest.approx(0.97, abs=0.02)
    assert wer(cmudict, WindowBackOff(5)) == pytest.approx(0.50, abs=0.03)


def test_the_careless_split_flatters() -> None:
    """On the words of two initials: a part of the dictionary that keeps most families whole."""
    every = pronunciation.read_cmudict().items()
    words = {word: variants for word, variants in every if word[0] in "hm"}
    careful = pronunciation.prepare(pronunciation.split_by_family(words), "careful")
    careless = pronunciation.prepare(pronunciation.split_by_word(words, seed=0), "careless")
    assert wer(careful, WindowBackOff(5)) - wer(careless, WindowBackOff(5)) > 0.03
