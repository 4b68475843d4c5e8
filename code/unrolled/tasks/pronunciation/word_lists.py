"""Files of words: a line a word, with its phonemes behind a tab, or without any."""

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import UserError
from unrolled.files import atomic_write
from unrolled.tasks.pronunciation.dictionary import (
    MAX_LETTERS,
    SILENT,
    Case,
    Dictionary,
    Pronunciation,
    group_variants,
    normalise,
    read_bytes,
)

Entry = tuple[str, Pronunciation]

_COMMENT = re.compile(r"(?<!\S)#.*|^;;;.*")
_VARIANT = re.compile(r"(?<=\S)\(\d+\)$")
_QUOTED = re.compile(r'"(.+)"', re.DOTALL)
_ENCLOSED = re.compile(r"/(.+)/|\[(.+)\]", re.DOTALL)
_JOINERS = "\u200c\u200d"  # which some scripts cannot do without
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
_HEADS = {"api", "arpabet", "ipa", "phoneme", "phonemes", "phones", "pron", "pronunciation"}
_CLEANED = {  # what is read otherwise than it stands, with how it is counted
    "comments": "{n} are left out",
    "header lines": "{n} is left out",
    "marks of variants, such as read(2)": "{n} are taken off",
    "fields in quotes": "{n} are read without them",
    "pronunciations between slashes or brackets": "{n} are read without them",
    "lines in another Unicode form than NFC": "{n} are brought into it",
}


@dataclass(frozen=True)
class WordList:
    """What a file holds, line by line.

    Args:
        entries: words with their phonemes; a word alone has none, and so has one said in silence.
        notes: what was read otherwise than it stands, each with its count.
    """

    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> Dictionary:
        """The words with their pronunciations; a word alone has none."""
        grouped = group_variants(self.entries)
        return {word: tuple(filter(None, variants)) for word, variants in grouped.items()}


def read_tsv(path: Path, case: Case = "lower") -> Dictionary:
    """Read a dictionary of lines `word<TAB>phonemes separated by spaces`, in UTF-8.

    Any alphabet will do. Words are taken in lower case, unless `case` is "keep". A word on several
    lines has several pronunciations. Blank lines are passed over, and so are comments behind `#`.
    See `parse` for all that is read otherwise than it stands.

    Raises:
        UserError: the file cannot be read, is empty, is not UTF-8 text, or has a bad line; the
            message names the file, the line and the reason.
    """
    return read(path, case).words


def read(
    path: Path, case: Case = "lower", *, alone: bool = False, silence: bool = False
) -> WordList:
    """Read a file of words, as `parse` reads its bytes."""
    return parse(read_bytes(path), path, case, alone=alone, silence=silence)


def parse(
    content: bytes, path: Path, case: Case = "lower", *, alone: bool = False, silence: bool = False
) -> WordList:
    """Read the bytes of a file of words.

    Comments and marks of variants are understood as the CMU dictionary has them: what follows a
    `#`, or a line that begins with `;;;`, is a comment, and `read(2)` is a second pronunciation of
    `read`. A header line, quotes around a field, and slashes or brackets around phonemes are taken
    off. Words and phonemes are brought into Unicode form NFC.

    Args:
        content: of the file.
        path: names it in messages.
        case: whether words are read in lower case or as they stand.
        alone: a file that has no tab in any line may be given, a list of words alone.
        silence: a word may have the phoneme "-" alone, or none: it was read in silence.

    Raises:
        UserError: the file is empty, is not UTF-8 text, or has a bad line.
    """
    counts: Counter[str] = Counter()
    lines: list[tuple[int, list[str]]] = []
    for number, line in enumerate(io.StringIO(_decode(content, path), newline=None), start=1):
        bare = _COMMENT.sub("", line.rstrip("\n"))
        counts["comments"] += bare != line.rstrip("\n")
        fields = bare.split("\t")
        if bare != line.rstrip("\n") and len(fields) > 2 and not fields[-1].strip():
            del fields[-1]  # a tab before the comment
        if bare.strip():
            lines.append((number, fields))
    if alone and all(len(fields) == 1 for _, fields in lines):
        lines = [(number, [*fields, SILENT]) for number, fields in lines]
        silence = True
    entries: list[Entry] = []
    spelled: dict[str, set[str]] = {}
    for number, fields in lines:
        fault = "no tab between the word and its phonemes"
        if len(fields) == 2:
            word, phonemes = _cleaned(fields, counts)
            entries.append((normalise(word, case), phonemes))
            spelled.setdefault(entries[-1][0], set()).add(word)
            fault = _fault(*entries[-1], silence=silence)
        elif len(fields) > 2:
            fault = f"{len(fields) - 1} tabs; expected one, between the word and its phonemes"
        if fault:
            raise UserError(f"{path}, line {number}: {fault}")
    if _has_header(entries):
        counts["header lines"] += 1
        del entries[0], lines[0]
    if not entries:
        raise UserError(f"{path}: the file is empty; expected lines `word<TAB>phonemes`")
    _refuse_unspaced(entries, [number for number, _ in lines], path)
    entries = [(word, () if phonemes == (SILENT,) else phonemes) for word, phonemes in entries]
    return WordList(tuple(entries), (*_notes(counts), *_notes_on_case(spelled)))


def _cleaned(fields: list[str], counts: Counter[str]) -> Entry:
    """The word and its phonemes without what stands around them; counts what is taken off."""
    quoted = [_QUOTED.fullmatch(field.strip()) for field in fields]
    counts["fields in quotes"] += sum(map(bool, quoted))
    word, phonemes = (
        (match[1] if match else field).strip() for match, field in zip(quoted, fields, strict=True)
    )
    if match := _ENCLOSED.fullmatch(phonemes):
        counts["pronunciations between slashes or brackets"] += 1
        phonemes = match[1] or match[2]
    bare = _VARIANT.sub("", word)
    counts["marks of variants, such as read(2)"] += bare != word
    composed = [unicodedata.normalize("NFC", text) for text in (bare, phonemes)]
    counts["lines in another Unicode form than NFC"] += composed != [bare, phonemes]
    return composed[0].strip(), tuple(composed[1].split())


def _fault(word: str, phonemes: Pronunciation, *, silence: bool) -> str:
    """What is wrong with a line; "" if nothing."""
    if not word:
        return "no word before the tab"
    if len(word) > MAX_LETTERS:
        return f"the word has {len(word):,} letters; at most {MAX_LETTERS:,} are allowed"
    for symbol in (*word, *"".join(phonemes)):
        if unicodedata.category(symbol) in _INVISIBLE and symbol not in _JOINERS:
            return f"an invisible character, U+{ord(symbol):04X}; take it out"
    if silence and phonemes in ((), (SILENT,)):
        return ""
    if not phonemes:
        return "no phonemes after the tab"
    if phonemes == (SILENT,):
        return (
            f"{SILENT!r} alone stands for a word that was read in silence; "
            "give its phonemes, or take the line out"
        )
    if SILENT in phonemes:
        return f"the phoneme {SILENT!r} is reserved for silent letters; write it otherwise"
    return ""


def _has_header(entries: list[Entry]) -> bool:
    """Whether the first line says what stands in the columns.

    Its second field is one of the usual names, or one long symbol that no other line has.
    """
    if len(entries) < 2 or len(entries[0][1]) != 1:
        return False
    (head,), others = entries[0][1], {p for _, phonemes in entries[1:] for p in phonemes}
    if head in others:
        return False
    return head.casefold() in _HEADS or len(head) > max(5, *(2 * len(p) for p in others), 0)


def _refuse_unspaced(entries: list[Entry], lines: list[int], path: Path) -> None:
    """Refuses a file whose phonemes are not separated."""
    long = [place for place, (word, _) in enumerate(entries) if len(word) > 2]
    joined = [p for p in long if len(entries[p][1]) == 1 and len(entries[p][1][0]) > 2]
    if 2 * len(joined) > len(long):
        pronunciation = entries[joined[0]][1][0]
        raise UserError(
            f"{path}, line {lines[joined[0]]}: no spaces between the phonemes of "
            f"{pronunciation!r}; write them apart, such as {' '.join(pronunciation)!r}"
        )


def _notes(counts: Counter[str]) -> list[str]:
    return [
        f"{name}: {how.format(n=f'{counts[name]:,}')}"
        for name, how in _CLEANED.items()
        if counts[name]
    ]


def _notes_on_case(spelled: Mapping[str, set[str]]) -> list[str]:
    """What lower case makes of words that are written with capitals."""
    merged = [word for word, forms in spelled.items() if len(forms) > 1]
    longer = [word for word, forms in spelled.items() if any(len(f) != len(word) for f in forms)]
    keep = "--case keep reads them as they stand"
    notes = []
    if merged:
        notes.append(
            f"{len(merged):,} words differ from others in capitals alone, such as {merged[0]!r}, "
            f"and are taken for the same; {keep}"
        )
    if longer:
        notes.append(
            f"{len(longer):,} words have another number of letters in lower case, such as "
            f"{longer[0]!r}; {keep}"
        )
    return notes


def _decode(content: bytes, path: Path) -> str:
    if b"\0" in content:
        raise UserError(f"{path}: not a text file in UTF-8 (it holds zero bytes)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8") from None


def write_tsv(path: Path, words: Mapping[str, Pronunciation]) -> None:
    """Write one pronunciation a word as `read_tsv` reads them; silence is written as "-".

    Raises:
        UserError: the file cannot be written.
    """
    with atomic_write(path, "w") as file:
        file.writelines(as_lines(words))


def as_lines(words: Mapping[str, Pronunciation]) -> Iterable[str]:
    """The lines of a file of words."""
    return (f"{word}\t{' '.join(phonemes) or SILENT}\n" for word, phonemes in words.items())
