"""The desk: decides a command on the case as it is, appends its events, and answers once they are durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import Command, Receive
from amends_domain.decide import Actor, Context, Decision, Rejection, decide
from amends_domain.events import Event, Recorded
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_intake import refusals
from amends_intake.answers import Answered, filled, kept
from amends_intake.turns import Turns
from amends_platform.cases import Cases
from amends_platform.ids import case_id_of_external_ref, uuid7
from amends_platform.keyring import Keyring
from amends_platform.policies import PolicyBook
from amends_platform.principals import Principal
from amends_platform.recorded import new_event
from amends_platform.sealing import CustomerKey
from amends_store.append import Appender
from amends_store.read import Executor, find_receipt
from amends_store.records import (
    Append,
    Appended,
    DataKey,
    DataKeyConflict,
    KeyReused,
    Receipt,
    Replayed,
    StoredReceipt,
    Verdict,
    VersionConflict,
)

# A command that loses this many races in a row is on a case that others change all the time: the caller decides.
_ATTEMPTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What comes with a command: who asks, the idempotency key, and the version it was made for, if any."""

    principal: Principal
    idempotency_key: str
    request_hash: bytes
    if_version: int | None
    correlation_id: UUID


@dataclass(frozen=True, slots=True)
class _Decided:
    """Events that are legal on `case` (None: a new one), with the time they were decided at."""

    case: Case | None
    case_id: UUID
    events: tuple[Event, ...]
    occurred_at: datetime
    decided_at: datetime


class Desk:
    """Takes commands, one desk per process. `now` gives the time that decisions are made at."""

    def __init__(
        self,
        *,
        reader: Executor,
        appender: Appender,
        cases: Cases,
        keyring: Keyring,
        policies: PolicyBook,
        policy: Policy,
        now: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._appender = appender
        self._cases = cases
        self._keyring = keyring
        self._policies = policies
        self._policy = policy
        self._now = now
        self._turns = Turns()

    async def receive(self, command: Receive, request: Request) -> Answered:
        """Record a new complaint. Raises Problem, StoreUnavailable."""
        tenant, now = request.principal.tenant, self._now()
        external_ref = command.external_ref
        case_id = uuid7() if external_ref is None else case_id_of_external_ref(tenant, external_ref)
        decision = await self._decide(None, command, request, now)
        if isinstance(decision, Rejection):
            again = await self._first_answer(request)
            return again if again is not None else refusals.refuse(decision, None)
        decided = _Decided(None, case_id, decision, command.occurred_at or now, now)
        # Most callers complain for the first time: assume that, and let the store object, rather than ask each time.
        key = self._keyring.cached(tenant, command.customer_ref) or self._keyring.new(tenant, command.customer_ref)
        while True:
            verdict, answer = await self._append(decided, request, key)
            match verdict:
                case Appended():
                    self._keyring.keep(key)
                    return _answered(answer, case_id, verdict.first_position, verdict)
                case DataKeyConflict():
                    key = self._keyring.adopt(tenant, command.customer_ref, verdict.key_id, verdict.wrapped)
                case VersionConflict():
                    raise refusals.already_recorded(await self._cases.load(case_id))
                case Replayed():
                    return _repeated(verdict, verdict.first_position)
                case KeyReused():
                    raise refusals.key_reused()

    async def command(self, name: str, command: Command, request: Request) -> Answered:
        """Give a command to the case that `name`, an id or a reference, names. Raises Problem, StoreUnavailable."""
        case_id = await self._cases.id_of(name)
        if case_id is None:
            raise refusals.no_such_case()
        async with self._turns.of(case_id):
            return await self._command(case_id, command, request)

    async def _command(self, case_id: UUID, command: Command, request: Request) -> Answered:
        case, is_fresh = self._cases.remembered(case_id), False
        for _ in range(_ATTEMPTS_MAX):
            if case is None:
                case, is_fresh = await self._cases.load(case_id), True
                if case is None:
                    raise refusals.no_such_case()
            now = self._now()
            moved_on = request.if_version is not None and request.if_version != case.version
            decision = () if moved_on else await self._decide(case, command, request, now)
            if moved_on or isinstance(decision, Rejection):
                # What is remembered may be behind the log; only the log may be the reason of a refusal.
                if not is_fresh:
                    case = None
                    continue
                again = await self._first_answer(request)
                if again is not None:
                    return again
                if moved_on:
                    raise refusals.moved_on(case)
                assert isinstance(decision, Rejection)
                return refusals.refuse(decision, case)
            decided = _Decided(case, case_id, decision, now, now)
            key = await self._keyring.of_customer(request.principal.tenant, case.customer_ref)
            key = key or self._keyring.new(request.principal.tenant, case.customer_ref)
            verdict, answer = await self._append(decided, request, key)
            match verdict:
                case Appended():
                    self._keyring.keep(key)
                    self._remember(decided, request, verdict)
                    return _answered(answer, case_id, case.first_position, verdict)
                case Replayed():
                    return _repeated(verdict, case.first_position)
                case KeyReused():
                    raise refusals.key_reused()
                case DataKeyConflict():
                    self._keyring.adopt(key.tenant, key.customer_ref, verdict.key_id, verdict.wrapped)
                case VersionConflict():
                    case = None
        raise refusals.too_contended()

    async def _decide(self, case: Case | None, command: Command, request: Request, now: datetime) -> Decision:
        principal = request.principal
        actor = Actor(principal.id, principal.role, principal.branch)
        return await self._policies.judge(
            lambda policies: decide(case, command, Context(now, actor, self._policy, policies))
        )

    async def _append(self, decided: _Decided, request: Request, key: CustomerKey) -> tuple[Verdict, bytes]:
        principal, case = request.principal, decided.case
        after = self._after(decided, request, last_position=0, recorded_at=decided.decided_at)
        deadlines = await self._policies.judge(lambda policies: obligations(after, policies))
        answer = kept(after, deadlines)
        verdict = await self._appender.append(
            Append(
                tenant=principal.tenant,
                stream_id=decided.case_id,
                expected_version=0 if case is None else case.version,
                actor=principal.id,
                correlation_id=request.correlation_id,
                causation_id=None,
                events=tuple(new_event(event, decided.occurred_at, self._policy.hash, key) for event in decided.events),
                receipt=Receipt(principal.id, request.idempotency_key, request.request_hash, answer),
                data_key=DataKey(key.key_id, key.customer_ref, key.wrapped),
            )
        )
        return verdict, answer

    def _remember(self, decided: _Decided, request: Request, verdict: Appended) -> None:
        self._cases.remember(
            self._after(decided, request, last_position=verdict.last_position, recorded_at=verdict.recorded_at)
        )

    def _after(self, decided: _Decided, request: Request, *, last_position: int, recorded_at: datetime) -> Case:
        """The case after the decided events, recorded up to `last_position`."""
        version = 0 if decided.case is None else decided.case.version
        first_position = last_position - len(decided.events) + 1
        case = fold(
            decided.case,
            decided.case_id,
            (
                Recorded(
                    first_position + index,
                    version + index + 1,
                    event,
                    decided.occurred_at,
                    recorded_at,
                    self._policy.hash,
                    request.principal.id,
                )
                for index, event in enumerate(decided.events)
            ),
        )
        assert case is not None, "a decision has at least one event"
        return case

    async def _first_answer(self, request: Request) -> Answered | None:
        """The first answer, when this request was carried out before. Raises a problem when its key was."""
        principal = request.principal
        receipt = await find_receipt(self._reader, principal.tenant, principal.id, request.idempotency_key)
        if receipt is None:
            return None
        if receipt.request_hash != request.request_hash:
            raise refusals.key_reused()
        case = await self._cases.load(receipt.stream_id)
        assert case is not None, "a receipt's case exists: both were recorded in one transaction"
        return _repeated(receipt, case.first_position)


def _answered(answer: bytes, case_id: UUID, first_position: int, appended: Appended) -> Answered:
    return filled(
        answer,
        case_id,
        first_position=first_position,
        position=appended.last_position,
        version=appended.version,
        is_repeat=False,
    )


def _repeated(first: Replayed | StoredReceipt, first_position: int) -> Answered:
    return filled(
        first.answer,
        first.stream_id,
        first_position=first_position,
        position=first.last_position,
        version=first.version,
        is_repeat=True,
    )
