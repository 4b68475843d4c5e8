"""Messages for the user: mistakes that end the program, and notices that do not."""


class UserError(Exception):
    """A mistake that the user can fix: one line says what is wrong, where, and how to fix it.

    The command line prints the message and exits with status 2.
    """


class Notice(UserWarning):
    """Something the user should know although the program continues: a one-line warning.

    Issue it with `warnings.warn`; the command line prints the message alone.
    """
