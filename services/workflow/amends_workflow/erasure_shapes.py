"""The answers about what was erased of a customer, as pydantic models: the OpenAPI document comes from them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from amends_workflow.shapes import Answer


class ErasureCase(Answer):
    """A case of the customer at this version: in the record of an erasure, its event that says so."""

    id: UUID
    reference: str
    position: int
    version: int


class ErasureRecord(Answer):
    """One end of a customer's key. `certificate` is a signed note, null while the key store still holds the key;
    `checkpoint` the first signed one that covers the events on the cases, null until then."""

    key_id: UUID
    requested_by: str
    approved_by: str
    reason: str
    erased_at: datetime
    cases: list[ErasureCase]
    certificate: str | None
    checkpoint: str | None


class ErasureStatus(Answer):
    """`kept`: nobody asks for an erasure. `erased`: and nothing was added since; then `certificate` is of the last one.

    `requested_by` and `reason` are those of a request that waits for another person's answer. `held`: cases under
    legal hold.
    """

    customer_ref: str
    status: Literal["kept", "requested", "erased"]
    requested_by: str | None
    reason: str | None
    held: list[str]
    cases: list[ErasureCase]
    erasures: list[ErasureRecord]
    certificate: str | None
