"""Whether what can be seen has come to where a failover would find it.

With a synchronous standby a commit is seen by others only once the standby has it; unless the wait for that was cut
off: by whoever cancels the statement (our own limits of time do), by the end of the backend, by a crash. Then the
server shows a commit that a promoted standby may not have. So whoever tells the outside of what they merely saw (a
receipt found, an event to publish, a log to be signed) first waits until it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import asyncpg

from amends_store.statements import statement

_AWAIT_REPLICATION: Final = statement("await_replication")


class NotReplicated(ConnectionError):
    """Somebody cancelled the wait for the standby: what was committed may be on this server alone."""


async def replicated(conn: Any, *, timeout_seconds: float | None = None) -> None:
    """Return once everything that is visible now is on the synchronous standbys, if there are any.

    `conn` is the connection on which it was seen, in no transaction: another one may be to the server that was promoted
    meanwhile. Raises NotReplicated, TimeoutError, asyncpg's errors.
    """
    with waited_for(conn):
        await conn.execute(_AWAIT_REPLICATION, timeout=timeout_seconds)


@contextmanager
def waited_for(conn: Any) -> Iterator[None]:
    """For what commits on `conn`. Raises NotReplicated where the server says it did without its standby."""
    warnings: list[str] = []

    def heard(_conn: Any, message: Any) -> None:
        # Nothing else that we do in the database is warned of; the words are in the server's language.
        if isinstance(message, asyncpg.PostgresWarning):
            warnings.append(str(message))

    conn.add_log_listener(heard)
    try:
        yield
    finally:
        # A connection that was lost is the pool's again already.
        with suppress(asyncpg.InterfaceError):
            conn.remove_log_listener(heard)
    if warnings:
        raise NotReplicated(warnings[0])
