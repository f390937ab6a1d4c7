"""A customer as the log has them: every case of theirs, their key, and what their cases know of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from amends_domain.case import Case
from amends_domain.events import ComplaintReceived, LegalHoldPlaced
from amends_domain.reference import reference_of
from amends_platform.cases import Cases
from amends_platform.keyring import Keyring
from amends_platform.recorded import personal_data
from amends_store.erasing import current_key, streams_of_customer
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_store.statements import statement

_EVENTS_OF_TYPES: Final = statement("events_of_types")


@dataclass(frozen=True, slots=True)
class Customer:
    """`cases` are all of theirs, the first first. `key_id` is None when their key was erased and there is no other."""

    ref: str
    key_id: UUID | None
    cases: tuple[Case, ...]


async def find_customer(pool: asyncpg.Pool, cases: Cases, tenant: str, ref: str) -> Customer | None:
    """The customer called so, None when no case is theirs. Raises asyncpg's own errors."""
    # The null character is in no text of the database, and PostgreSQL does not even compare with it.
    if "\x00" in ref:
        return None
    # Cases are remembered under these: not under asyncpg's own kind of UUID, which is no JSON.
    stream_ids = [UUID(int=stream_id.int) for stream_id in await streams_of_customer(pool, tenant, ref)]
    loaded = [await cases.load(stream_id) for stream_id in stream_ids]
    theirs = tuple(case for case in loaded if case is not None)
    return Customer(ref, await current_key(pool, tenant, ref), theirs) if theirs else None


async def told_of(pool: asyncpg.Pool, keyring: Keyring, customer: Customer) -> list[dict[str, Any]]:
    """What each complaint says of the customer: name, numbers, addresses. What was erased is not told.

    Raises KeyStoreUnavailable, CannotUnseal.
    """
    received = await events_of_types(pool, [case.id for case in customer.cases], [ComplaintReceived.TYPE])
    told = [personal.get("customer") for personal in await _unsealed(keyring, received)]
    return [each for each in told if isinstance(each, dict)]


async def holds_of(pool: asyncpg.Pool, keyring: Keyring | None, customer: Customer) -> list[dict[str, Any]]:
    """The references of the cases under legal hold, each with the reason; without a keyring nobody is told that.

    Raises KeyStoreUnavailable, CannotUnseal.
    """
    held = [case for case in customer.cases if case.held]
    if keyring is None:
        return [{"reference": reference_of(case.first_position)} for case in held]
    rows = await events_of_types(pool, [case.id for case in held], [LegalHoldPlaced.TYPE])
    personal = await _unsealed(keyring, rows)
    # A case may have been held before: the last one counts.
    reasons = {row.stream_id: each.get("reason") for row, each in zip(rows, personal, strict=True)}
    return [{"reference": reference_of(case.first_position), "reason": reasons.get(case.id)} for case in held]


async def events_of_types(executor: Executor, stream_ids: Sequence[UUID], types: Sequence[str]) -> list[StoredEvent]:
    """The events of these types on these cases, in the order of the log. Raises asyncpg's own errors."""
    return [StoredEvent._make(row) for row in await executor.fetch(_EVENTS_OF_TYPES, list(stream_ids), list(types))]


async def _unsealed(keyring: Keyring, rows: Sequence[StoredEvent]) -> list[dict[str, Any]]:
    keys = await keyring.by_id(row.key_id for row in rows if row.key_id is not None)
    return [personal_data(row, keys) for row in rows]
