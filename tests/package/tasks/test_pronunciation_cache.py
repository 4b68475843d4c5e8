"""The cache of prepared data: quick, never stale, and never in the way."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unrolled.errors import Notice
from unrolled.tasks import pronunciation
from unrolled.tasks.pronunciation import PronunciationData, cache, load, loading


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "cache" / "unrolled"
    monkeypatch.setenv("UNROLLED_CACHE", str(path))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    words = dict(list(pronunciation.read_cmudict().items())[7::500])
    path = tmp_path / "own.tsv"
    text = "".join(f"{w}\t{' '.join(v)}\n" for w, variants in words.items() for v in variants)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is prepared and not taken from the cache, one name each time."""
    names: list[str] = []
    prepare = loading.prepare

    def counted(split: pronunciation.Split, name: str, *how: Any) -> PronunciationData:
        names.append(name)
        return prepare(split, name, *how)

    monkeypatch.setattr(loading, "prepare", counted)
    return names


def stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def same(a: PronunciationData, b: PronunciationData) -> bool:
    fields = ("letters", "tags", "train_words", "valid", "test", "dropped", "name")
    return (
        all(getattr(a, field) == getattr(b, field) for field in fields)
        and list(a.train_words) == list(b.train_words)
        and a.train.by_length.keys() == b.train.by_length.keys()
        and all(
            np.array_equal(x, y) and x.dtype == y.dtype == np.int32
            for t, rows in a.train.by_length.items()
            for x, y in zip(rows, b.train.by_length[t], strict=True)
        )
    )


def test_the_second_time_comes_from_the_cache(folder: Path, source: Path, built: list[str]) -> None:
    first = load(source)
    assert same(load(source), first)
    assert built == ["own.tsv"]
    assert len(stored(folder)) == 1
    assert not list(folder.glob("*.tmp"))
    assert same(load(source, cache=False), first)
    assert built == ["own.tsv"] * 2


def test_any_change_is_noticed(
    folder: Path, source: Path, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load(source)
    source.write_text(source.read_text() + "unrolled\tAH N R OW L D\n")
    data = load(source)
    assert "unrolled" in data.train_words | data.valid | data.test
    load(source, stress=True)
    monkeypatch.setattr(loading, "__file__", str(source))  # other code beside other files
    load(source)
    assert len(built) == len(stored(folder)) == 4


@pytest.mark.parametrize("damage", ["cut", "empty", "header", "array", "words", "folder"])
def test_a_damaged_file_is_made_anew(
    folder: Path, source: Path, built: list[str], damage: str
) -> None:
    first = load(source)
    (path,) = stored(folder)
    content = bytearray(path.read_bytes())
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        places = {"header": 3, "array": len(content) - 7, "words": content.index(b"AH") + 1}
        if damage in places:
            content[places[damage]] ^= 1
        path.write_bytes(content[: {"cut": len(content) // 2, "empty": 0}.get(damage)])
    with pytest.warns(Notice, match="damaged and is made anew|cache is not used") as caught:
        assert same(load(source), first)
    assert all("\n" not in str(warning.message) for warning in caught)
    assert len(built) == 2
    if damage != "folder":
        assert same(load(source), first)
        assert len(built) == 2, "the new file is whole"


def test_an_old_file_survives_a_full_disk(
    folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(Notice, match="the cache is not used: cannot write .*No space left"):
        data = load(source)
    assert len(data.train) > 100
    assert not list(folder.glob("*.safetensors")) + list(folder.glob(".*.tmp"))


def test_a_folder_that_cannot_be_made(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("UNROLLED_CACHE", str(tmp_path / "file"))
    with pytest.warns(Notice, match="the cache is not used") as caught:
        assert len(load(source).train) > 100
    assert len(caught) == 1


def test_a_folder_that_may_not_be_written(folder: Path, source: Path, built: list[str]) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.warns(Notice, match="the cache is not used"):
        first = load(source)
    folder.chmod(0o700)
    load(source)
    folder.chmod(0o500)
    assert same(load(source), first), "what is there already can be read"
    assert len(built) == 2


def test_waiting_ends(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(source)
    (path,) = stored(folder)
    path.unlink()
    monkeypatch.setattr(cache, "LOCK_SECONDS", 0.1)
    with (
        cache.FileLock(path.with_suffix(".lock")),
        pytest.warns(Notice, match="the cache is not used"),
    ):
        assert len(load(source).train) > 100


def test_two_processes_prepare_at_once(folder: Path, source: Path) -> None:
    script = """
import sys, time, warnings
from pathlib import Path
from unrolled.tasks.pronunciation import load, loading
warnings.simplefilter("error")
prepare = loading.prepare
def slow(split, name, *how):
    time.sleep(1)
    print("prepared")
    return prepare(split, name, *how)
loading.prepare = slow
print(len(load(Path(sys.argv[1])).train))
"""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(source)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=60)[0].split() for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sorted(map(len, outputs)) == [1, 2], "one prepares, the other waits and reads"
    assert outputs[0][-1] == outputs[1][-1] == str(len(load(source).train))


def test_the_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in (None, ""):
        if value is None:
            monkeypatch.delenv("UNROLLED_CACHE", raising=False)
        else:
            monkeypatch.setenv("UNROLLED_CACHE", value)
        assert cache.cache_folder().parts[-1] in ("unrolled", "Cache")
        assert cache.cache_folder().is_absolute()


def test_the_whole_dictionary_is_read_quickly() -> None:
    """The quickest of three times: what other tests have left in memory slows a single one."""
    seconds = []
    for _ in range(4):
        start = time.process_time()
        data = load()
        seconds.append(time.process_time() - start)
    assert min(seconds[1:]) < 1
    assert len(data.train) > 100_000
