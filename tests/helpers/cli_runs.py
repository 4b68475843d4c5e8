"""What the tests of the command line share: a tiny dictionary, and runs as a user makes them."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unrolled import cli

Run = Callable[..., subprocess.CompletedProcess[str]]
SMALL = ("--hidden-size", "8", "--embedding-size", "4", "--epochs", "1")
SOUNDS = {letter: letter.upper() for letter in "abdefgiklmnoprtuvz"}


def write_words(path: Path, count: int = 400) -> Path:
    """A dictionary in which every letter always stands for one phoneme of its own."""
    chance = random.Random(0)
    words = {"".join(chance.choices(list(SOUNDS), k=chance.randint(4, 7))) for _ in range(count)}
    rows = (f"{word}\t{' '.join(SOUNDS[x] for x in word)}\n" for word in sorted(words))
    path.write_text("".join(rows), encoding="utf-8")
    return path


def environment(folder: Path, **changes: str) -> dict[str, str]:
    return os.environ | {"UNROLLED_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"} | changes


def command(*args: object) -> list[str]:
    return [sys.executable, "-m", "unrolled", *map(str, args)]


def run(folder: Path, *args: object, **changes: str) -> subprocess.CompletedProcess[str]:
    """One command in a process of its own, started in `folder`."""
    return subprocess.run(
        command(*args),
        cwd=folder,
        env=environment(folder, **changes),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )


def json_of(capsys: pytest.CaptureFixture[str], *args: str, status: int = 0) -> dict[str, Any]:
    """What a command prints with --json, run in this process."""
    assert cli.main([*args, "--json"]) == status, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)
