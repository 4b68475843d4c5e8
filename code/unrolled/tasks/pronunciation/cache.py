"""Prepared data on disk: read in a fraction of a second instead of prepared again.

One safetensors file holds the arrays and, in its metadata, everything else as JSON, with a SHA-256
checksum over both. Its name contains a key, a hash of everything that the data was made from, so
it is never out of date. Files with older keys may be deleted at any time.
"""

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import safetensors.numpy
from filelock import FileLock, Timeout
from platformdirs import user_cache_dir
from safetensors import SafetensorError, safe_open

from unrolled.errors import Notice, UserError
from unrolled.files import atomic_write, checksum
from unrolled.tasks.pronunciation.data import (
    UNKNOWN,
    Examples,
    PronunciationData,
    Vocabulary,
)
from unrolled.tasks.pronunciation.dictionary import Dictionary

LOCK_SECONDS = 300  # how long to wait for another process that prepares the same data


def cache_folder() -> Path:
    """The folder named by `UNROLLED_CACHE` in the environment, or else the user's cache folder."""
    return Path(os.environ.get("UNROLLED_CACHE") or user_cache_dir("unrolled", appauthor=False))


def fetch(key: str, build: Callable[[], PronunciationData]) -> PronunciationData:
    """Read the data of `key` from the cache, or build it and store it there.

    A damaged file is rebuilt, with a `Notice`. If the folder cannot be used (read-only, full),
    the data is built without it, with a `Notice`. Two processes that need the same data take
    turns: the second reads what the first has built.
    """
    path = cache_folder() / f"pronunciation-{key}.safetensors"
    try:
        return _read(path)
    except (OSError, ValueError):
        pass  # tried again under the lock
    lock = FileLock(path.with_suffix(".lock"), timeout=LOCK_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (OSError, NotImplementedError, Timeout) as error:
        _notify(f"the cache is not used: {error}")
        return build()
    try:
        return _read_or_build(path, build)
    finally:
        lock.release()


def _read_or_build(path: Path, build: Callable[[], PronunciationData]) -> PronunciationData:
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        _notify(f"the cache file {path} is damaged and is made anew: {error}")
    data = build()
    try:
        _write(path, data)
    except (OSError, UserError) as error:
        _notify(f"the cache is not used: {error}")
    return data


def _notify(message: str) -> None:
    warnings.warn(" ".join(message.split()), Notice, stacklevel=5)


def _write(path: Path, data: PronunciationData) -> None:
    arrays, text = _pack(data)
    metadata = {"data": text, "sha256": checksum(arrays, text)}
    content = safetensors.numpy.save(arrays, metadata)
    with atomic_write(path) as file:
        file.write(content)


def _read(path: Path) -> PronunciationData:
    """Raises OSError if the file cannot be read, ValueError if it is damaged."""
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    text = metadata.get("data", "")
    if metadata.get("sha256") != checksum(arrays, text):
        raise ValueError("the checksum does not match")
    return _unpack(arrays, text)


def _pack(data: PronunciationData) -> tuple[dict[str, np.ndarray], str]:
    by_length, none = sorted(data.train.by_length.items()), np.zeros(0, np.int32)
    shapes = [letters.shape for _, (letters, _) in by_length]
    arrays = {
        "shapes": np.array(shapes, np.int32).reshape(-1, 2),
        "letters": np.concatenate([none, *(letters.ravel() for _, (letters, _) in by_length)]),
        "tags": np.concatenate([none, *(tags.ravel() for _, (_, tags) in by_length)]),
    }
    words = {part: _joined(d) for part, d in _dictionaries(data).items()}
    symbols = {"letters": data.letters.symbols, "tags": data.tags.symbols}
    rest = {"dropped": data.dropped, "name": data.name, "stress": data.stress}
    rest |= {"case": data.letters.case, "notes": data.notes}
    return arrays, json.dumps({"words": words, **symbols, **rest}, ensure_ascii=False)


def _unpack(arrays: dict[str, np.ndarray], text: str) -> PronunciationData:
    stored = json.loads(text)
    shapes = arrays["shapes"].tolist()
    ends = np.cumsum([n * t for n, t in shapes])[:-1]
    letters, tags = (np.split(arrays[name], ends) if shapes else [] for name in ("letters", "tags"))
    rows = zip(shapes, letters, tags, strict=True)
    by_length = {s[1]: (x.reshape(s), k.reshape(s)) for s, x, k in rows}
    words = {part: _split(d) for part, d in stored["words"].items()}
    return PronunciationData(
        letters=Vocabulary(tuple(stored["letters"]), UNKNOWN, stored["case"]),
        tags=Vocabulary(tuple(stored["tags"])),
        train=Examples(by_length),
        dropped=tuple(stored["dropped"]),
        name=stored["name"],
        stress=stored["stress"],
        notes=tuple(stored["notes"]),
        **words,
    )


def _dictionaries(data: PronunciationData) -> dict[str, Dictionary]:
    return {"train_words": data.train_words, "valid": data.valid, "test": data.test}


def _joined(d: Dictionary) -> dict[str, list[str]]:
    return {word: [" ".join(variant) for variant in variants] for word, variants in d.items()}


def _split(d: dict[str, list[str]]) -> Dictionary:
    return {word: tuple(tuple(v.split(" ")) for v in variants) for word, variants in d.items()}
