"""What the commands print, and where: results on standard output, all else on standard error."""

import errno
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled.errors import Notice, shown

if TYPE_CHECKING:
    from rich.console import Console

_UNWRITABLE = {errno.EPIPE, errno.ENOSPC, errno.EIO}


class Stopped(Exception):  # noqa: N818
    """The user has stopped a command; the message says what has been saved."""


def console(stderr: bool = False, markup: bool = False) -> "Console":
    """A terminal that prints text as it stands: no line breaks and no colours guessed from it.

    Invisible characters, which could steer the terminal, are printed as numbers.
    """
    from rich.console import Console

    class Clean(Console):
        def print(self, *objects: Any, **how: Any) -> None:
            super().print(*(_clean(o) if isinstance(o, str) else o for o in objects), **how)

        def on_broken_pipe(self) -> None:
            raise

    return Clean(stderr=stderr, markup=markup, highlight=False, emoji=False, soft_wrap=True)


def _clean(text: str) -> str:
    return "\n".join(shown(line, most=len(line)) for line in text.split("\n"))


def emit(result: dict[str, Any]) -> None:
    """Prints a result as one JSON object."""
    print(json.dumps(result, indent=2, allow_nan=False))


def note(message: str) -> None:
    """Prints one line that is not part of the result."""
    print(one_line(message), file=sys.stderr)


def fail(message: str, status: int, as_json: bool) -> int:
    """Prints what is wrong; returns the exit status."""
    message = one_line(message)
    try:
        note(message if status > 128 else f"error: {message}")
        if as_json:
            emit({"error": message})
            sys.stdout.flush()
    except OSError as error:
        lost(error)
    return status


def is_lost(error: BaseException) -> bool:
    """Whether the output could not be written: the pipe is closed, or the disk full."""
    return isinstance(error, OSError) and error.errno in _UNWRITABLE


def lost(error: BaseException) -> int:
    """Says that the output is lost, and throws away what is left of it; returns the exit status."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())  # else Python would fail once more as it ends
    with suppress(OSError):
        reason = getattr(error, "strerror", None) or error
        note(f"error: the output could not be written to its end: {reason}")
    return 2


@contextmanager
def stopped_by_sigterm() -> Iterator[Callable[[], int]]:
    """Lets SIGTERM stop a command as Ctrl-C does; yields what tells the exit status of a stop."""
    received: list[int] = []

    def interrupt(number: int, frame: Any) -> None:
        received.append(number)
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, interrupt)
    except ValueError:  # not in the main thread
        yield lambda: 130
        return
    try:
        yield lambda: 128 + received[0] if received else 130
    finally:
        signal.signal(signal.SIGTERM, before)


def one_line(message: str) -> str:
    """A message with line ends and runs of spaces as single spaces, and nothing invisible."""
    return shown(" ".join(message.split()), most=len(message))


def quoted(path: Path) -> str:
    """A path as an argument of a command, in quotes where a shell needs them."""
    text = path.as_posix()
    if re.search(r'["$`\\]', text):
        return shlex.quote(text)
    return text if re.fullmatch(r"[\w@+=:,./-]+", text) else f'"{text}"'


def mistake() -> str:
    """What to say of a mistake in this package; where to report it, if its metadata tell."""
    try:
        urls = metadata("unrolled").get_all("Project-URL", [])
    except PackageNotFoundError:  # a checkout that is run where it lies
        urls = []
    tracker = dict(line.split(", ", 1) for line in urls).get("Issues")
    return "This is a mistake in unrolled." + (f" Please report it: {tracker}" if tracker else "")


def examples(*commands: str, **choices: Iterable[str]) -> str:
    """The end of a help page: what a name can be, and commands to begin with."""
    named = [f"{what.capitalize()}: {', '.join(names)}." for what, names in choices.items()]
    return "\n\n".join([*named, "Examples:", *(f"  {command}" for command in commands)])


def show_warning(others: Callable[..., None]) -> Callable[..., None]:
    """Shows a `Notice` as one line, and leaves other warnings to `others`."""

    def show(message: Warning | str, category: type[Warning], *args: Any, **kwargs: Any) -> None:
        if issubclass(category, Notice):
            note(f"note: {message}")
        else:
            others(message, category, *args, **kwargs)

    return show


def use_any_encoding() -> None:
    """Prints characters that a terminal cannot show as escapes, where Python would fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
