"""What an error of the database means for a command: the data is bad, the server is away, or it is in trouble."""

from __future__ import annotations

from typing import Final

import asyncpg

# Data exception, integrity constraint violation, program limit exceeded (an index row too long): the command's own.
_REFUSING_CLASSES: Final = ("22", "23", "54")
# Connection exception; the server is shutting down, has crashed, is starting up; it has no connection left.
_AWAY_CLASSES: Final = ("08", "57P", "53300")
# Besides: rolled back in favour of others, no resources, a lock not had in time, a statement cancelled.
_PASSING_CLASSES: Final = (*_AWAY_CLASSES, "40", "53", "55P03", "57014")


def is_refusal(error: BaseException) -> bool:
    """Whether the database, or asyncpg before it, refused the data it was given. Nothing was recorded."""
    if isinstance(error, asyncpg.PostgresError):
        return _sqlstate(error).startswith(_REFUSING_CLASSES)
    # asyncpg could not encode a value: a wrong type, a number out of range, a lone surrogate.
    return isinstance(error, ValueError | TypeError | OverflowError)


def is_outage(error: BaseException) -> bool:
    """Whether the connection is gone or never was, so that the outcome of what was sent is unknown."""
    if isinstance(error, asyncpg.PostgresError):
        return _sqlstate(error).startswith(_AWAY_CLASSES)
    if is_refusal(error):
        return False
    # OSError is also what a timeout is; InterfaceError is asyncpg's word for a closed connection.
    return isinstance(error, OSError | asyncpg.InterfaceError | asyncpg.InternalClientError)


def is_passing(error: BaseException) -> bool:
    """Whether the same may well succeed a little later."""
    if isinstance(error, asyncpg.PostgresError):
        return _sqlstate(error).startswith(_PASSING_CLASSES)
    return is_outage(error)


def _sqlstate(error: asyncpg.PostgresError) -> str:
    return getattr(error, "sqlstate", None) or ""
