"""What proves that a customer was erased: a text that says what the log holds of it, signed as checkpoints are.

It is made from the log alone, so it is the same whenever and wherever it is made. Each case is named with the position,
the version and the leaf hash of its event: an inclusion proof of that position shows that the log holds it.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from amends_domain.case import Case
from amends_domain.events import PersonalDataErased
from amends_domain.reference import reference_of
from amends_platform.erasing.customers import Customer, events_of_types
from amends_platform.evidence.notes import Signer
from amends_platform.keystore.protocol import KeyStore
from amends_store.read import Executor
from amends_store.records import StoredEvent

_TITLE = "Certificate of erasure"
_STATEMENT = (
    "The data key is destroyed. What was sealed with it cannot be read any more, here or in any backup of the database."
)


@dataclass(frozen=True, slots=True)
class ErasedCase:
    """A case of the customer, and its event that says so."""

    id: UUID
    reference: str
    position: int
    version: int
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Erasure:
    """One end of a key. `requested_by` is `approved_by` where whoever holds the keys did it alone."""

    key_id: UUID
    requested_by: str
    approved_by: str
    reason: str
    erased_at: datetime
    cases: tuple[ErasedCase, ...]


async def erasures_of(executor: Executor, customer: Customer) -> list[Erasure]:
    """Every time the customer was erased, the first first. Raises asyncpg's own errors."""
    cases = {case.id: case for case in customer.cases}
    of_key: dict[str, list[tuple[StoredEvent, dict[str, Any]]]] = defaultdict(list)
    for row in await events_of_types(executor, list(cases), [PersonalDataErased.TYPE]):
        data = orjson.loads(row.data)
        of_key[data["key_id"]].append((row, data))
    return [_erasure(UUID(key_id), recorded, cases) for key_id, recorded in of_key.items()]


async def certificate(signer: Signer, store: KeyStore, customer_ref: str, erasure: Erasure) -> str | None:
    """The signed certificate, None while the key store still holds the key. Raises KeyStoreUnavailable."""
    if await store.holds([erasure.key_id]):
        return None
    return signer.sign(certificate_text(signer.name, customer_ref, erasure))


def certificate_text(log_name: str, customer_ref: str, erasure: Erasure) -> str:
    """One fact a line; no value has a line break in it."""
    facts = {
        "log": log_name,
        "customer": customer_ref,
        "key": erasure.key_id,
        "asked for by": erasure.requested_by,
        "approved by": erasure.approved_by,
        "reason": erasure.reason,
        "erased at": erasure.erased_at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "cases": len(erasure.cases),
    }
    cases = (
        f"case: {case.reference} {case.id} position {case.position} version {case.version}"
        f" leaf {base64.b64encode(case.leaf_hash).decode()}"
        for case in erasure.cases
    )
    return "\n".join((_TITLE, _STATEMENT, *(f"{name}: {value}" for name, value in facts.items()), *cases)) + "\n"


def _erasure(key_id: UUID, recorded: list[tuple[StoredEvent, dict[str, Any]]], cases: dict[UUID, Case]) -> Erasure:
    first, data = recorded[0]
    return Erasure(
        key_id,
        data["requested_by"],
        data["approved_by"],
        data["reason"],
        first.recorded_at,
        tuple(
            ErasedCase(
                row.stream_id,
                reference_of(cases[row.stream_id].first_position),
                row.position,
                row.version,
                row.leaf_hash,
            )
            for row, _ in recorded
        ),
    )
