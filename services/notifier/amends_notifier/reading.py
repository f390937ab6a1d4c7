"""From the rows of the log to messages: each event with its case as it was just after it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

import asyncpg

from amends_domain.case import Case
from amends_domain.event_codec import UnknownEventType
from amends_domain.evolve import BrokenStream, evolve, fold
from amends_notifier.messages import Message, message_of
from amends_platform.cases import Cases
from amends_platform.recorded import all_recorded, recorded
from amends_store.read import UpToVersion, read_stream, read_streams
from amends_store.records import StoredEvent


class Reading:
    """Turns rows into messages; they must come in the order of the log. Remembers the cases it has seen."""

    def __init__(self, pool: asyncpg.Pool, connection: Any, tenant: str) -> None:
        """`connection` is used while `message` runs, and at no other time."""
        self._connection = connection
        self._cases = Cases(pool, tenant)
        self._before: dict[UUID, Case] = {}

    async def prepare(self, rows: Sequence[StoredEvent]) -> None:
        """Read, at once, what the cases of these rows were before them, as far as it is not remembered. Not needed,
        but after an outage it spares a question for each row."""
        self._before.clear()
        first = {row.stream_id: row for row in reversed(rows)}
        missed = {case_id: row.version - 1 for case_id, row in first.items() if not self._remembers_before(row)}
        if not missed:
            return
        for case_id, earlier in (await read_streams(self._connection, missed)).items():
            # Whatever cannot be folded is found out again, with the row to blame, when that has its turn.
            with suppress(UnknownEventType, BrokenStream):
                case = fold(None, case_id, all_recorded(earlier))
                if case is not None:
                    self._before[case_id] = case

    async def message(self, row: StoredEvent) -> Message:
        """The message of this row. Raises UnknownEventType, BrokenStream."""
        event = recorded(row)
        case = evolve(await self._case_before(row), row.stream_id, event)
        self._cases.remember(case)
        return message_of(row, event.event, case)

    async def _case_before(self, row: StoredEvent) -> Case | None:
        """The case as this event found it; never a later state, which is what a live look-up would give."""
        if row.version == 1:
            return None
        for case in (self._cases.remembered(row.stream_id), self._before.get(row.stream_id)):
            if case is not None and case.version == row.version - 1:
                return case
        rows = await read_stream(self._connection, row.stream_id, up_to=UpToVersion(row.version - 1))
        return fold(None, row.stream_id, all_recorded(rows))

    def _remembers_before(self, row: StoredEvent) -> bool:
        case = self._cases.remembered(row.stream_id)
        return row.version == 1 or (case is not None and case.version == row.version - 1)
