"""Writing files so that nothing is lost and nothing is left half-written."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from unrolled.errors import UserError

_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextmanager
def atomic_write(
    path: str | os.PathLike[str], mode: Literal["wb", "w"] = "wb"
) -> Iterator[IO[Any]]:
    """Replace a file in one step: a reader sees the old file or the new one, never half of one.

    The handle writes to a temporary file in the same folder, which is flushed to the disk and
    then renamed over `path`. If anything goes wrong, Ctrl-C included, the temporary file is
    removed and the old file stays as it was. A symbolic link is followed, not replaced.

    Args:
        path: the file to write. Its folder must exist.
        mode: `"wb"` for bytes, `"w"` for UTF-8 text with Unix line ends on every system.

    Raises:
        UserError: the folder is missing or not writable, `path` is a folder, or the disk is full.
    """
    with _named(path):
        target = Path(path).resolve()
        temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
        text = {} if mode == "wb" else {"encoding": "utf-8", "newline": "\n"}
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


@contextmanager
def _named(path: str | os.PathLike[str], only: set[int] | None = None) -> Iterator[None]:
    """Turn an `OSError` (of the numbers in `only`) into a `UserError` that names the file."""
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        raise UserError(f"cannot write {os.fspath(path)}: {error.strerror or error}") from error
