"""Writing files: whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from unrolled.errors import UserError
from unrolled.files import atomic_write


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_text("old")
    return path


def only_the_old_file_is_left(old: Path) -> bool:
    return old.read_text() == "old" and list(old.parent.iterdir()) == [old]


def test_bytes_and_text_are_written(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "a.bin") as file:
        file.write(b"\x00\xff")
    with atomic_write(tmp_path / "a.txt", "w") as file:
        file.write("né\n")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"
    assert (tmp_path / "a.txt").read_bytes() == "né\n".encode()
    assert {path.name for path in tmp_path.iterdir()} == {"a.bin", "a.txt"}


def test_old_file_stays_until_the_end(old: Path) -> None:
    with atomic_write(old, "w") as file:
        file.write("new")
        file.flush()
        assert old.read_text() == "old"
    assert old.read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_behind_by_an_error(old: Path, error: type[BaseException]) -> None:
    def interrupted() -> None:
        with atomic_write(old, "w") as file:
            file.write("half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert only_the_old_file_is_left(old)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_names_the_file(old: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os if call == "fsync" else Path, call, full)
    with (
        pytest.raises(UserError, match=r"cannot write .*report\.txt: No space left on device$"),
        atomic_write(old, "w") as file,
    ):
        file.write("new")
    monkeypatch.undo()
    assert only_the_old_file_is_left(old)


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
def test_a_write_that_really_fails_half_way(old: Path) -> None:
    script = """
import resource, sys
from unrolled.errors import UserError
from unrolled.files import atomic_write
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with atomic_write(sys.argv[1]) as file:
        for _ in range(100):
            file.write(b"x" * 5000)
except UserError as error:
    print(error)
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(old)], capture_output=True, text=True, check=True
    )
    assert run.stdout == f"cannot write {old}: File too large\n"
    assert only_the_old_file_is_left(old)


def test_other_errors_of_the_block_are_not_renamed(old: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_write(old):
        (old.parent / "elsewhere").read_text()
    assert only_the_old_file_is_left(old)


def test_missing_folder_and_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none" / "a.txt", tmp_path / "folder"):
        with (
            pytest.raises(UserError, match=f"cannot write .*{path.name}"),
            atomic_write(path) as file,
        ):
            file.write(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
def test_a_link_is_followed(old: Path) -> None:
    link = old.parent / "link"
    link.symlink_to(old)
    with atomic_write(link, "w") as file:
        file.write("new")
    assert link.is_symlink()
    assert old.read_text() == "new"
