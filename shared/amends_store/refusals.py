"""The audit trail of refusals: who was refused what on grounds of authority or recusal. Nothing of it is in the log."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from amends_store.errors import AppendRefused, StoreUnavailable
from amends_store.outages import is_refusal
from amends_store.read import Executor
from amends_store.statements import statement

_RECORD_REFUSAL: Final = statement("record_refusal")


class Refusal(NamedTuple):
    """A command refused. `branch` is that of the key, None the whole tenant; `case_id` None where a case began."""

    tenant: str
    principal: str
    role: str
    branch: str | None
    case_id: UUID | None
    command: str
    code: str
    detail: str
    correlation_id: UUID


async def record_refusal(executor: Executor, refusal: Refusal) -> None:
    """Keep the refusal: durable when this returns. Raises StoreUnavailable, AppendRefused."""
    try:
        await executor.execute(_RECORD_REFUSAL, *refusal)
    except Exception as error:
        kind = AppendRefused if is_refusal(error) else StoreUnavailable
        raise kind(str(error) or type(error).__name__) from error
