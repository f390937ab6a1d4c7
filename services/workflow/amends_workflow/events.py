"""Events as they are answered, with their personal part for those who may read it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import structlog

from amends_platform.keyring import Keyring
from amends_platform.sealing import CannotUnseal, CustomerKey
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.statements import statement

log = structlog.get_logger()

_CASE_EVENTS = statement("case_events")
_EVENTS_OF_CASES = statement("events_of_cases")


class CaseEvents(NamedTuple):
    """One page of a stream, and the key after which the next begins; None when there is none."""

    rows: list[StoredEvent]
    last: tuple[int] | None


async def case_events(executor: Executor, case_id: UUID, limit: int, after: Sequence[Any] | None) -> CaseEvents:
    """One page of the case's events, the first first. `after` is the key that the page before gave."""
    rows = await executor.fetch(_CASE_EVENTS, case_id, after[0] if after is not None else 0, limit + 1)
    events = [StoredEvent(*row) for row in rows[:limit]]
    return CaseEvents(events, (events[-1].version,) if len(rows) > limit else None)


async def events_of_cases(
    executor: Executor, cases: Iterable[UUID], limit: int, after: Sequence[Any] | None
) -> CaseEvents:
    """One page of what happened on several cases, in the order of the log; as `case_events`."""
    rows = await executor.fetch(_EVENTS_OF_CASES, list(cases), after[0] if after is not None else 0, limit + 1)
    events = [StoredEvent(*row) for row in rows[:limit]]
    return CaseEvents(events, (events[-1].position,) if len(rows) > limit else None)


class Reader:
    """Makes answers of events. `keyring` None: for somebody who may not read personal data; `opened`: of which cases
    they may, None for whichever they are shown."""

    def __init__(self, keyring: Keyring | None, opened: Container[UUID] | None = None) -> None:
        self._keyring = keyring
        self._opened = opened

    async def answers(self, rows: Iterable[StoredEvent]) -> list[dict[str, Any]]:
        """Each event in the shape of EventAnswer."""
        listed = list(rows)
        keys: dict[UUID, CustomerKey | None] = {}
        if self._keyring is not None:
            for key_id in {row.key_id for row in listed if row.key_id is not None and self._opens(row)}:
                keys |= await _key(self._keyring, key_id)
        return [self._answer(row, keys) for row in listed]

    async def answers_of_cases(
        self, rows: Sequence[StoredEvent], references: Mapping[UUID, str]
    ) -> list[dict[str, Any]]:
        """`answers`, each with its case."""
        items = await self.answers(rows)
        for item, row in zip(items, rows, strict=True):
            item |= {"case_id": row.stream_id, "reference": references[row.stream_id]}
        return items

    def _opens(self, row: StoredEvent) -> bool:
        return self._keyring is not None and (self._opened is None or row.stream_id in self._opened)

    def _answer(self, row: StoredEvent, keys: dict[UUID, CustomerKey | None]) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "position": row.position,
            "version": row.version,
            "id": row.id,
            "type": row.type,
            "schema_version": row.schema_version,
            "occurred_at": row.occurred_at,
            "recorded_at": row.recorded_at,
            "actor": row.actor,
            "correlation_id": row.correlation_id,
            "causation_id": row.causation_id,
            "policy_hash": None if row.policy_hash is None else row.policy_hash.hex(),
            # The very bytes that were hashed.
            "data": orjson.Fragment(row.data),
            "leaf_hash": row.leaf_hash.hex(),
        }
        if self._opens(row) and row.sealed is not None and row.key_id is not None:
            if row.key_id in keys:
                answer |= _personal(row.id, row.sealed, keys[row.key_id])
            else:
                answer |= {"personal": None, "personal_missing": "erased"}
        return answer


async def _key(keyring: Keyring, key_id: UUID) -> dict[UUID, CustomerKey | None]:
    """The key under its id: None when this master key does not unwrap it, nothing at all when it was erased."""
    try:
        return {**await keyring.by_id([key_id])}
    except CannotUnseal:
        log.error("a data key does not unwrap with this master key", key_id=str(key_id))
        return {key_id: None}


def _personal(event_id: UUID, sealed: bytes, key: CustomerKey | None) -> dict[str, Any]:
    if key is not None:
        try:
            return {"personal": orjson.loads(key.unseal(event_id, sealed))}
        except CannotUnseal:
            log.error("a sealed part does not open", event_id=str(event_id))
    return {"personal": None, "personal_missing": "unreadable"}
