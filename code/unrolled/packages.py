"""The packages that this one needs: whether they are there, and how to install what is not."""

import re
from importlib.metadata import PackageNotFoundError, requires, version

from unrolled.errors import UserError

_NAME = re.compile(r"[\w.-]+")


def versions(*names: str) -> dict[str, str]:
    """The version of each package.

    Raises:
        UserError: some are not installed.
    """
    installed, missing = {}, []
    for name in names:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        raise not_installed(*missing)
    return installed


def not_installed(*names: str) -> UserError:
    """What to say where these packages are missing: how to install them, at what versions."""
    wanted = _requirements()
    words = [_word(wanted.get(name, name)) for name in names]
    be = "is" if len(names) == 1 else "are"
    return UserError(
        f"{' and '.join(names)} {be} not installed; run `pip install {' '.join(words)}`"
    )


def _requirements() -> dict[str, str]:
    """What the metadata of this package require by name, extras included: `torch==2.13.0`."""
    try:
        lines = [line.partition(";")[0].strip() for line in requires("unrolled") or ()]
    except PackageNotFoundError:  # a checkout that is run where it lies
        return {}
    return {_NAME.match(line)[0]: line for line in lines}  # type: ignore[index]


def _word(requirement: str) -> str:
    """A requirement as a word of a command, in quotes where a shell needs them."""
    return requirement if re.fullmatch(r"[\w.=-]+", requirement) else f'"{requirement}"'
