"""What every command goes through, on whichever cases it acts: it is decided, written as rows to append, remembered;
its answer is kept, and given again to whoever repeats it; its refusal may be kept for audit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NoReturn, TypeVar
from uuid import UUID

import asyncpg

from amends_domain.access.grants import Grant
from amends_domain.access.judging import acting, may
from amends_domain.access.purposes import USUAL
from amends_domain.beginnings import first_deadlines
from amends_domain.case import Case
from amends_domain.clocks import UnknownPolicy, obligations
from amends_domain.decide import Actor, Context, Decision, Rejection
from amends_domain.events import ComplaintReceived
from amends_intake import refusals
from amends_intake.answers import Answered, filled, kept, kept_received
from amends_intake.turns import Turns
from amends_platform.cases import Cases
from amends_platform.decided import Decided
from amends_platform.identity.principals import Principal
from amends_platform.keyring import Keyring
from amends_platform.policy.book import PolicyBook
from amends_platform.sealing import CustomerKey
from amends_platform.telemetry.tracing import Tracing
from amends_store.append import Appender
from amends_store.read import find_receipt
from amends_store.readings import Reading, record_reading
from amends_store.records import Append, Appended, Receipt, Replayed, StoredReceipt, Verdict
from amends_store.refusals import Refusal, record_refusal
from amends_store.together import Objection, append_together

T = TypeVar("T")
Children = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """What comes with a command: who asks, the idempotency key, the version it was made for, if any, and when it
    happened, where that was not now."""

    principal: Principal
    idempotency_key: str
    request_hash: bytes
    if_version: int | None
    correlation_id: UUID
    occurred_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A command refused on the case as the log has it; None where it would have begun one. `by`: in which role."""

    rejection: Rejection
    case: Case | None
    by: Grant


class Clerk:
    """One per process. `now` gives the time that decisions are made at."""

    def __init__(
        self,
        *,
        pool: asyncpg.Pool,
        appender: Appender,
        cases: Cases,
        keyring: Keyring,
        policies: PolicyBook,
        now: Callable[[], datetime],
        on_commit: Callable[[int], None] | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self.pool = pool
        self.cases = cases
        self.keyring = keyring
        self.on_commit = on_commit
        self.turns = Turns()
        self._appender = appender
        self._policies = policies
        self._now = now
        self._tracing = tracing

    def context(self, request: Request, command: str, *branches: str | None, other: Case | None = None) -> Context:
        """What a decision on this request is made from now; `branches`: of what it is about."""
        principal, now = request.principal, self._now()
        grants = principal.grants
        role, branch = acting(grants, command, branches)
        return Context(
            now,
            Actor(principal.id, role, branch, () if len(grants) == 1 else grants),
            self._policies.in_force(now),
            self._policies.known,
            request.occurred_at,
            other,
        )

    async def judge(self, judgement: Callable[[], T]) -> T:
        """What the judgement says; policies that it misses are learned first. Raises UnknownPolicy."""
        try:
            return judgement()
        except UnknownPolicy:
            return await self._policies.judge(lambda _known: judgement())

    async def key_of(self, customer_ref: str, request: Request) -> CustomerKey:
        """The customer's data key; a new one where there is none any more."""
        tenant = request.principal.tenant
        return await self.keyring.of_customer(tenant, customer_ref) or await self.keyring.new(tenant, customer_ref)

    async def receipt(self, decided: Decided, request: Request, children: Children | None = None) -> Receipt:
        """What makes the request repeatable: the answer to it, but for its positions."""
        first, *more = decided.events
        if isinstance(first, ComplaintReceived) and not more:
            answer = kept_received(first_deadlines(first, decided.occurred_at, decided.context.policy))
        else:
            after = decided.after(last_position=0, recorded_at=decided.context.now)
            deadlines = await self.judge(lambda: obligations(after, self._policies.known))
            answer = kept(after, deadlines, children)
        return Receipt(request.principal.id, request.idempotency_key, request.request_hash, answer)

    def written(self, decided: Decided, request: Request, key: CustomerKey, receipt: Receipt | None) -> Append:
        """What was decided, as the rows of this request. See `Decided.written`."""
        return decided.written(request.principal.tenant, request.correlation_id, key, receipt)

    async def append(self, rows: Append) -> Verdict:
        """Raises StoreUnavailable, AppendRefused."""
        if self._tracing is None:
            return await self._appender.append(rows)
        began_ns = time.time_ns()
        verdict = await self._appender.append(rows)
        if isinstance(verdict, Appended):
            self._tracing.appended(rows, began_ns)
        return verdict

    async def append_together(self, *rows: Append) -> tuple[Appended, ...] | Objection:
        """All of them, which are about one customer, or none. Raises StoreUnavailable, AppendRefused."""
        # The customer's key is brought once.
        bringing = next((n for n, row in enumerate(rows) if row.data_key is not None), None)
        rows = tuple(row if n == bringing else replace(row, data_key=None) for n, row in enumerate(rows))
        began_ns = time.time_ns()
        verdict = await append_together(self.pool, rows, on_commit=self.on_commit)
        if self._tracing is not None and not isinstance(verdict, Objection):
            for each in rows:
                self._tracing.appended(each, began_ns)
        return verdict

    def remember(self, decided: Decided, appended: Appended) -> None:
        """Keep the case as it is after what was appended."""
        self.cases.remember(decided.after(last_position=appended.last_position, recorded_at=appended.recorded_at))

    async def first_answer(self, request: Request) -> Answered | None:
        """The first answer, when this request was carried out before. Raises a problem when its key was."""
        principal = request.principal
        receipt = await find_receipt(self.pool, principal.tenant, principal.id, request.idempotency_key)
        if receipt is None:
            return None
        if receipt.request_hash != request.request_hash:
            raise refusals.key_reused()
        case = await self.cases.load(receipt.stream_id)
        assert case is not None, "a receipt's case exists: both were recorded in one transaction"
        return repeated(receipt, case.first_position)

    async def turned_down(
        self, case: Case, decision: Decision, context: Context, request: Request
    ) -> Answered | Refused:
        """What becomes of a request that cannot be carried out on the case as the log has it: the first answer, where
        it was carried out before, else the rejection. Raises a problem where the case has moved on instead.
        """
        again = await self.first_answer(request)
        if again is not None:
            return again
        if not isinstance(decision, Rejection):
            raise refusals.moved_on(case)
        return Refused(decision, case, context.actor.grant)

    async def keep_for_audit(self, refused: Refused, command: str, request: Request) -> None:
        """Record the refusal where it is for audit. Raises StoreUnavailable, AppendRefused."""
        rejection, principal = refused.rejection, request.principal
        if not refusals.is_for_audit(rejection, refused.case):
            return
        refusal = Refusal(
            principal.tenant,
            principal.id,
            refused.by.role,
            refused.by.branch,
            None if refused.case is None else refused.case.id,
            command,
            rejection.code,
            rejection.detail,
            request.correlation_id,
        )
        await record_refusal(self.pool, refusal)

    async def keep_reading(self, answer: str, customer_ref: str, context: Context, request: Request) -> None:
        """Record that personal data of the customer is shown to whoever asks, for what their role usually reads it for.
        Raises StoreUnavailable, AppendRefused."""
        principal, actor = request.principal, context.actor
        reading = Reading(
            principal.tenant,
            principal.id,
            actor.role,
            actor.branch,
            USUAL[actor.role],
            answer,
            None,
            customer_ref,
            request.correlation_id,
        )
        await record_reading(self.pool, reading)

    async def refuse(self, refused: Refused, command: str, request: Request) -> NoReturn:
        """Raise the problem, once what is for audit is recorded."""
        await self.keep_for_audit(refused, command, request)
        refusals.refuse(refused.rejection, seen_by(request.principal, refused.case))


def seen_by(principal: Principal, case: Case | None) -> Case | None:
    """The case, where they may read it."""
    if case is None or not may(principal.grants, "read-case", case.branch).is_permitted:
        return None
    return case


def answered(answer: bytes, case_id: UUID, first_position: int, appended: Appended) -> Answered:
    """The answer to what was just appended."""
    return filled(
        answer,
        case_id,
        first_position=first_position,
        position=appended.last_position,
        version=appended.version,
        is_repeat=False,
    )


def repeated(first: Replayed | StoredReceipt, first_position: int) -> Answered:
    """The first answer again."""
    return filled(
        first.answer,
        first.stream_id,
        first_position=first_position,
        position=first.last_position,
        version=first.version,
        is_repeat=True,
    )
