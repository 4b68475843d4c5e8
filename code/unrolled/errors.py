"""What is meant for the user's eyes: mistakes that end the program, and notices that do not."""


class UserError(Exception):
    """A mistake that the user can mend: one line that says what, where and how.

    The command line prints the message and exits with status 2.
    """


class Notice(UserWarning):
    """Something the user should know although the program goes on: a warning of one line.

    It is issued by `warnings.warn`; the command line prints the message alone.
    """
