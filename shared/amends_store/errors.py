"""What the store raises. The docstring of each is its message; what is known of the case follows it."""

from __future__ import annotations


class StoreError(Exception):
    """The store failed."""

    def __init__(self, detail: str = "") -> None:
        message = (type(self).__doc__ or "").strip()
        super().__init__(f"{message} ({detail})" if detail else message)


class StoreUnavailable(StoreError):
    """The store is not available, and nothing was recorded: try again later."""


class Overloaded(StoreUnavailable):
    """Too many commands are waiting for the store, and nothing was recorded: try again later."""


class OutcomeUnknown(StoreUnavailable):
    """The store was lost before it answered: repeat the command only with the same idempotency key."""


class AppendRefused(StoreError):
    """The store refused the data of this command, and nothing of it was recorded."""


class LogHole(StoreError):
    """The log has a hole: positions do not follow one another, or end before what was already read."""


class Fenced(StoreError):
    """Another follower has claimed this checkpoint: this one must stop."""


class NotSealed(StoreError):
    """The log's Merkle tree has not been built so far yet."""
