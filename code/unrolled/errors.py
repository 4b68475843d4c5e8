"""Messages for the user: mistakes that end the program, and notices that do not."""

_SHOWN = 40  # letters of a word that a message repeats


class UserError(Exception):
    """A mistake that the user can fix: one line says what is wrong, where, and how to fix it.

    The command line prints the message and exits with status 2.
    """


class Notice(UserWarning):
    """Something the user should know although the program continues: a one-line warning.

    Issue it with `warnings.warn`; the command line prints the message alone.
    """


def shown(text: str, most: int = _SHOWN) -> str:
    """A text as it may be printed: cut if it is long, its invisible characters as numbers."""
    letters = [c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text[:most]]
    return "".join(letters) + ("..." if len(text) > most else "")
