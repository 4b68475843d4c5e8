"""Files of words as people have them: what is understood, what is counted, what is refused."""

# ruff: noqa: RUF001 (phonemes)

import unicodedata
from pathlib import Path

import pytest
from unrolled.errors import Notice, UserError
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import load
from unrolled.tasks.pronunciation.word_lists import parse

PLAIN = "read\tR IY D\nhate\tHH EY T\n"
OWN = Path("own.tsv")


def read(text: str, **how):
    return parse(text.encode(), OWN, **how)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("# from a friend\n" + PLAIN, "comments: 1"),
        (";;; of the old dictionary\n" + PLAIN, "comments: 1"),
        ("read\tR IY D # a comment of words\nhate\tHH EY T\t# another\n", "comments: 2"),
        ("word\tphonemes\n" + PLAIN, "header lines: 1"),
        ("Word\tIPA\n" + PLAIN, "header lines: 1"),
        ("Mot\ttranscription\n" + PLAIN, "header lines: 1"),
        ('"read"\t"R IY D"\n"hate"\tHH EY T\n', "fields in quotes: 3"),
        ("read\t/R IY D/\nhate\t[HH EY T]\n", "between slashes or brackets: 2"),
        ("read(1)\tR IY D\nhate\tHH EY T\n", "marks of variants, such as read(2): 1"),
        ("\ufeff" + PLAIN.replace("\n", "\r\n"), None),
        (PLAIN.upper().replace("R IY D", "R IY D"), None),
    ],
)
def test_what_stands_around_words_is_taken_off_and_counted(text, counted):
    found = read(text)
    assert found.words == read(PLAIN).words
    assert [counted in note for note in found.notes] == ([] if counted is None else [True])


def test_variants_of_a_word_are_one_word():
    words = read("read\tR IY D\nread(2)\tR EH D\nf(x)\tEH F\n").words
    assert words == {"read": (("R", "IY", "D"), ("R", "EH", "D")), "f(x)": (("EH", "F"),)}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_symbols_in_two_unicode_forms_are_one(form):
    mixed = unicodedata.normalize("NFD", "é\tç õ\n") + unicodedata.normalize(form, "bé\tb ç õ\n")
    found = read(mixed)
    assert {p for variants in found.words.values() for v in variants for p in v} == {"b", "ç", "õ"}
    assert set().union(*found.words) == {"b", "é"}
    (note,) = found.notes
    assert f"{1 if form == 'NFC' else 2} are brought into it" in note


def test_capitals_are_merged_or_kept():
    text = "Weg\tv e k\nweg\tv ɛ k\nİz\ti z\n"
    lower = read(text)
    assert list(lower.words) == ["weg", "i\u0307z"]
    assert len(lower.words["weg"]) == 2
    assert [note[:9] for note in lower.notes] == ["1 words d", "1 words h"]
    assert all("--case keep" in note for note in lower.notes)
    kept = read(text, case="keep")
    assert list(kept.words) == ["Weg", "weg", "İz"]
    assert not kept.notes


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("hat\thæt\nread\triːd\n", 1, "no spaces between the phonemes of 'hæt'"),
        ("hat\t# a comment alone\n", 1, "no phonemes after the tab"),
        ("hat\th æ t\nho\u200bt\th ɒ t\n", 2, r"U\+200B"),
        ("hat\th æ\x1b[2J t\n", 1, r"U\+001B"),
        ("hat\th æ t\nnight\t-\n", 2, "read in silence"),
        ("hat\th æ t\nnight\n", 2, "no tab"),
        ("hat\t\n", 1, "no phonemes"),
    ],
)
def test_what_cannot_be_read_as_meant_is_refused(text, line, reason):
    with pytest.raises(UserError, match=rf"^own\.tsv, line {line}: .*{reason}") as caught:
        read(text)
    assert str(caught.value).isprintable()


def test_a_header_is_no_word_of_a_dictionary():
    assert len(read("ipa\ta i p i: eɪ\nhat\th æ t\n").words) == 2
    assert len(read("ah\tɑː\nha\th ɑː\n").words) == 2
    assert len(read("eye\taɪ\nhat\th æ t\n").words) == 2


def test_joiners_stay_in_a_word():
    assert list(read("می\u200cروم\tm i r æ v æ m\n").words) == ["می\u200cروم"]


def test_a_list_of_words_alone_has_no_answers():
    with pytest.raises(UserError, match="line 1: no tab"):
        read("hat\nhate\n")
    assert read("# two\nhat\nHate\n", alone=True).words == {"hat": (), "hate": ()}
    with pytest.raises(UserError, match="line 2: no tab"):
        read("hat\tHH AE T\nhate\n", alone=True)


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "said.tsv"
    said = {"hat": ("HH", "AE", "T"), "gh": (), "ça": ("s", "a")}
    pronunciation.write_tsv(path, said)
    back = parse(path.read_bytes(), path, silence=True)
    assert dict(back.entries) == said
    with pytest.raises(UserError, match=r"line 2: '-' alone stands for .* silence; give its"):
        pronunciation.read_tsv(path)


def rows(*letters: str) -> str:
    """A dictionary in which each letter stands for itself."""
    return "".join(f"{word}\t{' '.join(word)}\n" for word in letters)


WORDS = [a + b + c for a in "abcd" for b in "efgh" for c in "ikl"]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_letters_that_training_lacks_are_counted(tmp_path):
    train = write(tmp_path, "train.tsv", rows(*WORDS))
    test = write(tmp_path, "test.tsv", rows("zek", "zyk", "ba"))
    with pytest.warns(Notice) as caught:
        load(train, test=test, cache=False)
    told = [str(warning.message) for warning in caught]
    assert any(
        "test words hold letters that training lacks (2, such as 'y'), in 2 of 3" in t for t in told
    )


def test_notes_come_from_the_cache_too(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "cache"))
    path = write(tmp_path, "own.tsv", "# mine\n" + rows(*WORDS))
    for _ in range(2):
        with pytest.warns(Notice, match=r"own\.tsv: comments: 1 are left out"):
            data = load(path)
    assert data.notes
    kept = load(write(tmp_path, "own.tsv", rows(*WORDS)), case="keep")
    assert kept.letters.case == "keep"
    assert load(path, case="keep").letters.case == "keep"


def test_a_test_file_of_words_alone(tmp_path):
    train = write(tmp_path, "train.tsv", rows(*WORDS))
    test = write(tmp_path, "test.tsv", "bad\n" + WORDS[0] + "\n")
    data = load(train, test=test, cache=False)
    assert data.test == {"bad": (), WORDS[0]: ()}
    with pytest.raises(UserError, match=r"train\.tsv, line 1: no tab"):
        load(write(tmp_path, "train.tsv", "hat\nhate\n"), cache=False)


def test_a_script_whose_letters_stand_for_more_has_a_way_out(tmp_path):
    """Each letter stands for three phonemes, as a syllable block does."""
    blocks = {"가": "k a ŋ", "나": "n a m", "다": "t a l", "라": "r a k"}
    words = [a + b + c for a in blocks for b in blocks for c in blocks]
    text = "".join(f"{w}\t{' '.join(blocks[x] for x in w)}\n" for w in words)
    with pytest.warns(Notice, match="encoder-decoder-attention"):
        data = load(write(tmp_path, "own.tsv", text), cache=False)
    assert len(data.target("phonemes").examples) == len(data.train_words)
    with pytest.raises(UserError, match=r"none of the .* aligned.*encoder-decoder-attention"):
        data.target("tags")
