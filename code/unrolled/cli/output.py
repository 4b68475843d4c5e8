"""What the commands print, and where: results on standard output, all else on standard error."""

import json
import re
import shlex
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unrolled.errors import Notice

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 40  # letters of a word that a message repeats


class Stopped(Exception):  # noqa: N818
    """The user has stopped a command; the message says what has been saved."""


def console(stderr: bool = False, markup: bool = False) -> "Console":
    """A terminal that prints text unchanged: no line breaks and no colours guessed from it."""
    from rich.console import Console

    return Console(stderr=stderr, markup=markup, highlight=False, emoji=False, soft_wrap=True)


def emit(result: dict[str, Any]) -> None:
    """Prints a result as one JSON object."""
    print(json.dumps(result, indent=2, allow_nan=False))


def note(message: str) -> None:
    """Prints one line that is not part of the result."""
    print(one_line(message), file=sys.stderr)


def fail(message: str, status: int, as_json: bool) -> int:
    """Prints what is wrong; returns the exit status."""
    message = one_line(message)
    note(message if status == 130 else f"error: {message}")
    if as_json:
        emit({"error": message})
    return status


def one_line(message: str) -> str:
    """A message with line ends and runs of spaces replaced by single spaces."""
    return " ".join(message.split())


def shown(word: str) -> str:
    """A word made safe to print: cut if it is long, invisible characters shown as numbers."""
    letters = [c if c.isprintable() else f"<U+{ord(c):04X}>" for c in word[:_SHOWN]]
    return "".join(letters) + ("..." if len(word) > _SHOWN else "")


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


def examples(*commands: str) -> str:
    """The end of a help page."""
    return "\n\n".join(["Examples:", *(f"  {command}" for command in commands)])


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
