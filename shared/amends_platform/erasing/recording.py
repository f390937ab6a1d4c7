"""Recording on all of a customer's cases at once, and the end of their key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from amends_domain.decisions.erasure import Recordings
from amends_platform.erasing.customers import Customer
from amends_platform.keyring import Keyring
from amends_platform.keystore.protocol import KeyStore, KeyStoreUnavailable
from amends_platform.recorded import new_event
from amends_platform.sealing import CustomerKey
from amends_store.erasing import StreamsChanged, erase_together
from amends_store.errors import OutcomeUnknown
from amends_store.records import Append, Appended, DataKey, Receipt
from amends_store.together import Objection


@dataclass(frozen=True, slots=True)
class Entry:
    """Who records, when, and under which policy (its hash)."""

    tenant: str
    actor: str
    at: datetime
    policy: str
    correlation_id: UUID


def rows_of(
    recordings: Recordings, entry: Entry, receipt: Receipt, key: CustomerKey | None = None
) -> tuple[Append, ...]:
    """What was decided, as rows, one event a case; the last brings the receipt, and the key where one seals."""
    *_, (last, _) = recordings
    data_key = None if key is None else DataKey(key.key_id, key.customer_ref)
    return tuple(
        Append(
            tenant=entry.tenant,
            stream_id=case.id,
            expected_version=case.version,
            actor=entry.actor,
            correlation_id=entry.correlation_id,
            causation_id=None,
            events=(new_event(event, entry.at, entry.policy, key),),
            receipt=receipt if case is last else None,
            data_key=data_key if case is last else None,
        )
        for case, event in recordings
    )


async def erase(
    pool: asyncpg.Pool,
    store: KeyStore,
    keyring: Keyring,
    customer: Customer,
    tenant: str,
    rows: tuple[Append, ...],
    *,
    on_commit: Callable[[int], None] | None = None,
) -> tuple[Appended, ...] | Objection | StreamsChanged:
    """Record that the customer is erased, and destroy their key: both are durable when it returns `Appended`s.

    Raises StoreUnavailable, AppendRefused; OutcomeUnknown also where it is recorded and the key not destroyed yet.
    """
    assert customer.key_id is not None, "whoever has no key is not erased"
    outcome = await erase_together(pool, tenant, customer.ref, customer.key_id, rows, on_commit=on_commit)
    if isinstance(outcome, tuple):
        await destroy(store, keyring, customer.key_id)
    return outcome


async def destroy(store: KeyStore, keyring: Keyring, key_id: UUID) -> None:
    """Destroy a key that was erased; once more does no harm. Raises OutcomeUnknown while the key store is away."""
    try:
        await store.destroy([key_id])
    except KeyStoreUnavailable as error:
        raise OutcomeUnknown("it is recorded, but the key store is away: the key is not destroyed yet") from error
    finally:
        keyring.forget([key_id])
