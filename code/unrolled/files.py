"""Writing files so that nothing is lost and nothing is left half-written."""

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from unrolled.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


def checksum(arrays: "Mapping[str, NDArray[Any]]", text: str) -> str:
    """SHA-256 of arrays with their names, types and shapes, and of a text beside them."""
    import numpy as np  # no command needs it for its help

    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@contextmanager
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["wb", "w"] = "wb"
) -> Iterator[IO[Any]]:
    """Replace a file in one step: a reader sees the old file or the new one, never half of one.

    The handle writes to a temporary file in the same folder, which is flushed to the disk and
    then renamed over `path`. If anything goes wrong, Ctrl-C included, the temporary file is
    removed and the old file stays as it was. A symbolic link is followed, not replaced. A device
    or a pipe, such as /dev/null or /dev/stdout, is written to and never replaced.

    Args:
        path: the file to write. Its folder must exist.
        mode: `"wb"` for bytes, `"w"` for UTF-8 text with Unix line ends on every system.

    Raises:
        UserError: the folder is missing or not writable, the disk is full, or `path` is a folder
            or something else that holds no file.
    """
    text = {} if mode == "wb" else {"encoding": "utf-8", "newline": "\n"}
    if writes_through(path):
        with _named(path), Path(path).open(mode, **text) as handle:  # type: ignore[call-overload]
            yield handle
        return
    with _named(path):
        target = Path(path).resolve()
        temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
        handle = temporary.open(mode.replace("w", "x"), **text)  # type: ignore[call-overload]
    try:
        with _named(path, only=_FULL), handle:
            yield handle
            with _named(path):
                handle.flush()
                os.fsync(handle.fileno())
        with _named(path):
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def writes_through(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a device or a pipe, which is written to as it is.

    Raises:
        UserError: it is a folder, or another thing that holds no file, such as a socket.
    """
    with _named(path):
        try:
            kind = Path(path).stat().st_mode
        except FileNotFoundError:
            return False
    if stat.S_ISDIR(kind):
        raise UserError(f"cannot write {os.fspath(path)}: it is a folder; name a file")
    if not (stat.S_ISREG(kind) or stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)):
        raise UserError(f"cannot write {os.fspath(path)}: it holds no file; name another one")
    return not stat.S_ISREG(kind)


def refuse_clashes(
    outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None] | None = None
) -> None:
    """Refuses an output that would fall on an input or on another output.

    Args:
        outputs: by the name of their options; None: not wanted.
        inputs: likewise.

    Raises:
        UserError: two of them are the same file; a device is no file.
    """
    named = [(name, path) for name, path in outputs.items() if path is not None]
    for name, path in named:
        if writes_through(path):
            continue
        others = {**(inputs or {}), **{n: p for n, p in named if n != name}}
        for other, taken in others.items():
            if taken is not None and _same(path, taken):
                raise UserError(
                    f"{name} {os.fspath(path)} is the file of {other}; name another one"
                )


def _same(a: Path, b: Path) -> bool:
    try:
        return a.resolve() == b.resolve() or a.samefile(b)
    except OSError:
        return False


@contextmanager
def _named(path: str | os.PathLike[str], only: set[int] | None = None) -> Iterator[None]:
    """Turn an `OSError` (of the numbers in `only`) into a `UserError` that names the file."""
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        raise UserError(f"cannot write {os.fspath(path)}: {error.strerror or error}") from error
