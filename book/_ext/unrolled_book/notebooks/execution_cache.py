"""Key the executed notebooks by everything that their outputs depend on.

jupyter-cache identifies a notebook only by its cells and its kernel, so a change in the package
would leave old outputs in place. Here the folder of the cache is named by a fingerprint of what the
cells use. MyST-NB's setting for that folder is part of Sphinx's environment, so a new fingerprint
also makes Sphinx read every page again.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

KEPT = 4  # caches to keep: two budgets, before and after a change


def sources(root: Path) -> Iterator[Path]:
    """Yield the files, other than the pages, that can change an output."""
    yield root / "requirements.lock"
    yield from sorted((root / "code").rglob("*.py"))
    yield from sorted(p for p in (root / "book" / "results").rglob("*") if p.is_file())


def fingerprint(root: Path, budget: str) -> str:
    """Return a hash of everything that a cell uses, of the budget and of the Python version."""
    digest = hashlib.sha256(f"{budget} {sys.version_info[:2]} {sys.platform}".encode())
    for path in sources(root):
        data = path.read_bytes()
        digest.update(f"\0{path.relative_to(root).as_posix()} {len(data)}\0".encode() + data)
    return digest.hexdigest()[:16]


def prune(folder: Path, kept: int = KEPT) -> None:
    """Remove all but the most recently used caches."""
    by_age = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[kept:]:
        shutil.rmtree(path, ignore_errors=True)


def set_cache(app: Any, config: Any) -> None:
    """Point MyST-NB to the cache of this fingerprint."""
    root = Path(app.srcdir)
    cache = root / ".cache" / "notebooks" / fingerprint(root, budget())
    cache.mkdir(parents=True, exist_ok=True)
    cache.touch()
    prune(cache.parent)
    config.nb_execution_cache_path = str(cache)


def budget() -> str:
    """Return the budget that the cells run at, as `unrolled.budgets` reads it."""
    return os.environ.get("UNROLLED_BUDGET", "live")


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("config-inited", set_cache)
    KernelManager.transport_encryption.default_value = "auto"  # otherwise each kernel warns
