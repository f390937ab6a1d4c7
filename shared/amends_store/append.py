"""Appending: concurrent commands of one process become one call of `append_batch`, with one commit."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from amends_store.records import Append, Verdict


class Appender:
    """The way into the log, one per process. `on_commit` is told the last position after each commit."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        on_commit: Callable[[int], None] | None = None,
        batch_commands_max: int = 256,
    ) -> None:
        raise NotImplementedError

    async def append(self, append: Append) -> Verdict:
        """The store's verdict; `Appended` is durable.

        Raises StoreUnavailable (Overloaded and OutcomeUnknown are kinds of it), AppendRefused.
        """
        raise NotImplementedError

    async def aclose(self) -> None:
        """Refuse new commands, finish the waiting ones, give the connection back."""
        raise NotImplementedError
