"""What may be said of an error where anybody may read it: never what it is about.

The text of an exception repeats what was being worked on: PostgreSQL's the row (DETAIL: Key (…)=(…)), a parser's the
input, a client's the URL. Only what we wrote ourselves is told as it is, and there is no value of a customer's in it.
"""

from __future__ import annotations

import os
from traceback import walk_tb
from types import TracebackType
from typing import Final

_FRAMES_MAX: Final = 25
# They speak of servers and streams.
_SAID_AS_IT_IS: Final = ("amends_", "nats.")
# These repeat what the database said.
_SAID_BY_THEIR_CAUSE: Final = "amends_store."
_CHAINED_MAX: Final = 10


def reason(error: BaseException) -> str:
    """In one line: which kind of error it is, and what is known of it that nobody may mind."""
    kind = type(error).__name__
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        constraint = getattr(error, "constraint_name", None)
        return f"{kind} {sqlstate}" + (f" on {constraint}" if constraint else "")
    if isinstance(error, OSError):
        return f"{kind}: {os.strerror(error.errno)}" if error.errno else kind
    module = type(error).__module__
    if module.startswith(_SAID_BY_THEIR_CAUSE) and error.__cause__ is not None:
        return f"{kind}: {reason(error.__cause__)}"
    if module.startswith(_SAID_AS_IT_IS) and str(error):
        return f"{kind}: {error}"
    return kind


def traced(error: BaseException) -> str:
    """Where it came from, as tracebacks show it, without what was said: file, line and function of each step."""
    lines: list[str] = []
    each: BaseException | None = error
    for _ in range(_CHAINED_MAX):
        if each is None:
            break
        lines += _places(each.__traceback__)
        lines.append(_kind(each))
        if isinstance(each, BaseExceptionGroup):
            lines += [f"  of these: {_kind(inner)}" for inner in each.exceptions]
        suppressed = each.__suppress_context__
        each = each.__cause__ or (None if suppressed else each.__context__)
        if each is not None:
            lines.append("after:")
    return "\n".join(lines)


def _kind(error: BaseException) -> str:
    return reason(error) if isinstance(getattr(error, "sqlstate", None), str) else type(error).__name__


def _places(traceback: TracebackType | None) -> list[str]:
    frames = [(frame.f_code, line) for frame, line in walk_tb(traceback)]
    return [f"  {code.co_filename}:{line} in {code.co_name}" for code, line in frames[-_FRAMES_MAX:]]
