"""What ends a command: a message for the person who gave it, and the exit status for the program that did."""

from __future__ import annotations


class Failure(Exception):
    """The thing asked about is bad, or could not be done. The message says what is wrong and how to mend it."""

    exit_code = 1


class WrongUsage(Failure):
    """The command was given wrongly: an argument, an option or a setting."""

    exit_code = 2


class CannotReach(Failure):
    """A service that the command needs cannot be reached."""

    exit_code = 3
