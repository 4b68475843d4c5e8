"""Add to the site what runs in its pages: modules, styles and the models' weights.

The weights are derived from the recorded checkpoints in each build, in half precision, and are not
kept in the repository. A file that has not changed is left alone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unrolled.models.export import pack
from unrolled.training.checkpoints import read

MODELS = (
    "basic-elman",
    "basic-lstm",
    "stacked-lstm",
    "bidirectional-lstm",
    "attention-bidirectional-lstm",
)


def files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each file with its path in the folder `live` of the site."""
    folder = root / "book" / "live"
    for path in sorted((*folder.rglob("*.mjs"), *folder.rglob("*.css"))):
        yield path.relative_to(folder).as_posix(), path.read_bytes()
    for name in MODELS:
        checkpoint = root / "book" / "results" / "weights" / f"{name}-pytorch-0.safetensors"
        yield f"weights/{name}.safetensors", pack(read(checkpoint))


def put(root: Path, site: Path) -> None:
    """Write what is missing or has changed."""
    for name, data in files(root):
        target = site / "live" / name
        if not target.is_file() or target.read_bytes() != data:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def put_all(app: Any, exception: Exception | None) -> None:
    """Complete a built site."""
    if exception is None and app.builder.format == "html":
        put(Path(app.srcdir), Path(app.outdir))


def setup(app: Any) -> None:
    """Connect to Sphinx."""
    app.connect("build-finished", put_all, priority=400)  # before icons are searched for
