"""The record of readings: who opened whose personal data, and what for. Nothing of it is in the log."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from amends_store.errors import AppendRefused, StoreUnavailable
from amends_store.outages import is_refusal
from amends_store.read import Executor
from amends_store.statements import statement

_RECORD_READING: Final = statement("record_reading")


class Reading(NamedTuple):
    """One request that opened personal data. `branch` is that of the grant, None the whole tenant; `answer` is the kind
    of answer it went into; `case_id` None where it was about all of a customer."""

    tenant: str
    person: str
    role: str
    branch: str | None
    purpose: str
    answer: str
    case_id: UUID | None
    customer_ref: str
    correlation_id: UUID


async def record_reading(executor: Executor, reading: Reading) -> None:
    """Keep the reading: durable when this returns. Raises StoreUnavailable, AppendRefused."""
    try:
        await executor.execute(_RECORD_READING, *reading)
    except Exception as error:
        kind = AppendRefused if is_refusal(error) else StoreUnavailable
        raise kind(str(error) or type(error).__name__) from error
