"""Opening what is sealed, for those who may and for a purpose; that they did is on record before they are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
import structlog

from amends_domain.access.purposes import PURPOSE_MISSING, Opening
from amends_platform.keyring import Keyring
from amends_platform.sealing import CannotUnseal, CustomerKey
from amends_store.records import StoredEvent

log = structlog.get_logger()

PURPOSE_HEADER: Final = "Amends-Purpose"
_STAFF: Final = "complained_of"
# Most events name nobody: reading them to see that would take longer than answering.
_STAFF_MARK: Final = f'"{_STAFF}"'


class Reader:
    """Makes answers of events for one who asks. `opening_of` says of each case whether its sealed part may be opened;
    `record` puts on record that it was, once, by whichever grant. `shows_staff`: of each case, whether they may know
    whom of the staff it names."""

    def __init__(
        self,
        keyring: Keyring,
        opening_of: Callable[[UUID], Opening],
        record: Callable[[Opening], Awaitable[None]],
        shows_staff: Callable[[UUID], bool],
    ) -> None:
        self._keyring = keyring
        self._opening_of = opening_of
        self._record = record
        self._shows_staff = shows_staff
        self._is_recorded = False

    async def note(self, opening: Opening) -> None:
        """Put on record that something is opened. Raises Problem where that is not possible."""
        if not self._is_recorded:
            await self._record(opening)
            self._is_recorded = True

    async def answers(self, rows: Iterable[StoredEvent]) -> list[dict[str, Any]]:
        """Each event in the shape of EventAnswer. Raises Problem where a reading cannot be recorded."""
        listed = list(rows)
        openings = {case_id: self._opening_of(case_id) for case_id in {row.stream_id for row in listed}}
        keys: dict[UUID, CustomerKey | None] = {}
        opened = [row for row in listed if row.key_id is not None and openings[row.stream_id].is_open]
        for key_id in {row.key_id for row in opened if row.key_id is not None}:
            keys |= await _key(self._keyring, key_id)
        items = [
            _open_part(row, shows_staff=self._shows_staff(row.stream_id))
            | _sealed_part(row, openings[row.stream_id], keys)
            for row in listed
        ]
        shown = (row for row, item in zip(listed, items, strict=True) if item.get("personal") is not None)
        for row in shown:
            await self.note(openings[row.stream_id])
            break
        return items

    async def answers_of_cases(
        self, rows: Sequence[StoredEvent], references: Mapping[UUID, str]
    ) -> list[dict[str, Any]]:
        """`answers`, each with its case."""
        items = await self.answers(rows)
        for item, row in zip(items, rows, strict=True):
            item |= {"case_id": row.stream_id, "reference": references[row.stream_id]}
        return items


def names_staff(row: StoredEvent) -> bool:
    """Whether the event says whom of the staff the complaint names."""
    return _STAFF_MARK in row.data and bool(orjson.loads(row.data).get(_STAFF))


def _open_part(row: StoredEvent, *, shows_staff: bool) -> dict[str, Any]:
    return {
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
        # The very bytes that were hashed, but for what is not theirs to know.
        "data": orjson.Fragment(row.data) if shows_staff or not names_staff(row) else _without_staff(row.data),
        "leaf_hash": row.leaf_hash.hex(),
    }


def _without_staff(data: str) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(data)
    del said[_STAFF]
    return said


def _sealed_part(row: StoredEvent, opening: Opening, keys: Mapping[UUID, CustomerKey | None]) -> dict[str, Any]:
    if row.sealed is None or row.key_id is None:
        return {}
    if not opening.is_open:
        return {"personal": None, "personal_missing": PURPOSE_MISSING} if opening.code == PURPOSE_MISSING else {}
    if row.key_id not in keys:
        return {"personal": None, "personal_missing": "erased"}
    return _personal(row.id, row.sealed, keys[row.key_id])


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
