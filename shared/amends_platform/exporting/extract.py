"""What an export reads: the part of one tenant's log between two positions, in slices, in one state throughout."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from amends_platform.recorded import personal_data
from amends_platform.sealing import CustomerKey
from amends_store.read import head_position
from amends_store.records import StoredEvent

_SLICE_EVENTS: Final = 1_000
_SQL: Final = Path(__file__).parent / "sql"
_IN_ORDER: Final = (_SQL / "in_order_of_the_log.sql").read_text("utf-8")
_CASE_BY_CASE: Final = (_SQL / "case_by_case.sql").read_text("utf-8")
_CUSTOMERS: Final = (_SQL / "customers.sql").read_text("utf-8")
_RECORDED_AT: Final = "SELECT recorded_at FROM events WHERE position = $1"
_TOUCHED: Final = "SELECT DISTINCT stream_id FROM events WHERE stream_id = ANY($1) AND position > $2 AND position <= $3"
_EVENT_COLUMNS: Final = len(StoredEvent._fields)


# Finds the keys with these ids; those that were destroyed are left out.
FindKeys = Callable[[Iterable[UUID]], Awaitable[dict[UUID, CustomerKey]]]


class Begun(NamedTuple):
    """How a case began. `customer_ref` is None for an incident, which is no customer's."""

    position: int
    type: str
    customer_ref: str | None
    branch: str


class Entry(NamedTuple):
    """An event to export. `personal` is what was sealed: empty where nothing was, None where its key is gone."""

    event: StoredEvent
    begun: Begun
    personal: dict[str, Any] | None

    def data(self, *, personal: bool) -> dict[str, Any]:
        """The fields of the event as JSON values, those that were sealed among them if they are asked for."""
        clear: dict[str, Any] = orjson.loads(self.event.data)
        return clear | (self.personal or {}) if personal else clear


class Scope(NamedTuple):
    """The events after position `after` up to `until`, both counted from 1."""

    after: int
    until: int

    @property
    def events_max(self) -> int:
        """How many there are: fewer where other tenants have events too."""
        return max(0, self.until - self.after)


class Extract:
    """Reads `scope` of a tenant's log. Use it within one transaction that sees one state: its passes agree.

    `find_keys` None: nothing is unsealed, nor even fetched.
    """

    def __init__(self, conn: asyncpg.Connection, tenant: str, scope: Scope, find_keys: FindKeys | None) -> None:
        self.scope = scope
        self.tenant = tenant
        self.personal = find_keys is not None
        self._conn = conn
        self._find_keys = find_keys

    async def in_order(self) -> AsyncIterator[list[Entry]]:
        """Every event once, in the order of the log."""
        async for entries in self._slices(_IN_ORDER):
            yield entries

    async def case_by_case(self) -> AsyncIterator[list[Entry]]:
        """Every case that has an event in scope: all its events up to the end of the scope, also earlier ones."""
        async for entries in self._slices(_CASE_BY_CASE):
            yield entries

    async def customers(self) -> AsyncIterator[list[str]]:
        """The customers of these cases, each once."""
        cursor = await self._conn.cursor(_CUSTOMERS, self.tenant, *self.scope)
        while rows := await cursor.fetch(_SLICE_EVENTS):
            yield [row["ref"] for row in rows]

    async def touched(self, case_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the cases that have an event in scope."""
        rows = await self._conn.fetch(_TOUCHED, list(case_ids), *self.scope)
        return {row["stream_id"] for row in rows}

    async def policies(self) -> dict[str, tuple[str, int]]:
        """Name and version of every policy there is, by its hash."""
        rows = await self._conn.fetch("SELECT hash, name, version FROM policies")
        return {row["hash"].hex(): (row["name"], row["version"]) for row in rows}

    async def _slices(self, query: str) -> AsyncIterator[list[Entry]]:
        cursor = await self._conn.cursor(query, self.tenant, *self.scope, self.personal)
        while rows := await cursor.fetch(_SLICE_EVENTS):
            events = [StoredEvent._make(row[:_EVENT_COLUMNS]) for row in rows]
            personal = await self._unsealed(events)
            yield [
                Entry(event, Begun._make(row[_EVENT_COLUMNS:]), each)
                for row, event, each in zip(rows, events, personal, strict=True)
            ]

    async def _unsealed(self, events: list[StoredEvent]) -> list[dict[str, Any] | None]:
        keys: dict[UUID, CustomerKey] = {}
        if self._find_keys is not None:
            keys = await self._find_keys(event.key_id for event in events if event.key_id is not None)
        return [
            None if event.key_id is not None and event.key_id not in keys else personal_data(event, keys)
            for event in events
        ]


async def scope_of_times(
    conn: asyncpg.Connection, *, since: datetime | None, before: datetime | None, until: int | None
) -> Scope:
    """What was recorded from `since` until just before `before`, and up to position `until`; None is no limit."""
    head = await head_position(conn)
    after = 0 if since is None else await _last_before(conn, since, head)
    last = head if before is None else await _last_before(conn, before, head)
    return Scope(after, max(after, last if until is None else min(last, until)))


async def _last_before(conn: asyncpg.Connection, at: datetime, head: int) -> int:
    """The last position recorded before `at`. Times of recording never run backwards along the log: halve it."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        if await conn.fetchval(_RECORDED_AT, middle) < at:
            low = middle
        else:
            high = middle - 1
    return low
