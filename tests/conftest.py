import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Tests keep what they prepare inside the checkout, and leave the reader's own cache alone.
os.environ.setdefault("UNROLLED_CACHE", str(ROOT / ".cache" / "unrolled"))
os.environ.setdefault("UNROLLED_BUDGET", "smoke")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the Makefile


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def site() -> Path:
    """The book, built at the smoke budget; any warning fails."""
    output = ROOT / "_build" / "smoke"
    jupyter_book = shutil.which("jupyter-book", path=Path(sys.executable).parent)
    assert jupyter_book, "jupyter-book is not in the environment of this Python"
    options = ["-W", "-n", "--keep-going", "--path-output", str(output)]
    built = subprocess.run(
        [jupyter_book, "build", str(ROOT), *options],
        env=os.environ | {"UNROLLED_BUDGET": "smoke"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-8000:]
    return output / "_build" / "html"
