"""A command on one case: on a new one that it begins, or on one that is there."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from amends_domain.case import Case
from amends_domain.commands import OpenIncident, Receive
from amends_domain.decide import Context, Decision, Rejection, decide
from amends_intake import refusals
from amends_intake.answers import Answered
from amends_intake.clerk import Children, Clerk, Refused, Request, answered, repeated, seen_by
from amends_intake.discretion import gives_customer_away
from amends_platform.decided import Decided
from amends_store.records import Appended, DataKeyConflict, KeyReused, Replayed, VersionConflict

# A command that loses this many races in a row is on a case that others change all the time: the caller decides.
ATTEMPTS_MAX = 20

Ruling = Callable[[Case, Context], Decision]


async def begin(
    clerk: Clerk, case_id: UUID, command: Receive | OpenIncident, customer_ref: str, request: Request
) -> Answered | Refused:
    """Record a new case. Raises Problem, StoreUnavailable."""
    tenant, context = request.principal.tenant, clerk.context(request, command.NAME, command.branch)
    decision = await clerk.judge(lambda: decide(None, command, context))
    if isinstance(decision, Rejection):
        return await clerk.first_answer(request) or Refused(decision, None, context.actor.grant)
    decided = Decided(None, case_id, decision, context)
    receipt = await clerk.receipt(decided, request)
    # Most callers complain for the first time: assume that, and let the store object, rather than ask each time.
    key = clerk.keyring.cached(tenant, customer_ref) or await clerk.keyring.new(tenant, customer_ref)
    while True:
        verdict = await clerk.append(clerk.written(decided, request, key, receipt))
        match verdict:
            case Appended():
                clerk.keyring.keep(key)
                return answered(receipt.answer, case_id, verdict.first_position, verdict)
            case DataKeyConflict():
                clerk.keyring.forget([key.key_id])
                key = await clerk.key_of(customer_ref, request)
            case VersionConflict():
                raise refusals.already_recorded(seen_by(request.principal, await clerk.cases.load(case_id)))
            case Replayed():
                return repeated(verdict, verdict.first_position)
            case KeyReused():
                raise refusals.key_reused()


async def give(
    clerk: Clerk,
    case_id: UUID,
    command: str,
    ruling: Ruling,
    request: Request,
    *,
    other: Case | None = None,
    children: Children | None = None,
) -> Answered | Refused:
    """Do to the case what `ruling` says that the command means; whoever calls has the turn on it.

    `children` are listed in the answer.

    Raises Problem, StoreUnavailable.
    """
    case, is_fresh = clerk.cases.remembered(case_id), False
    for _ in range(ATTEMPTS_MAX):
        if case is None:
            case, is_fresh = await clerk.cases.load(case_id), True
            if case is None:
                raise refusals.no_such_case()
        context = clerk.context(request, command, case.branch, other=other)
        moved_on = request.if_version is not None and request.if_version != case.version
        decision = await _judged(clerk, ruling, case, context, request)
        if moved_on and not refusals.is_of_access(decision):
            decision = ()
        if moved_on or isinstance(decision, Rejection):
            # What is remembered may be behind the log; only the log may be the reason of a refusal.
            if not is_fresh:
                case = None
                continue
            return await clerk.turned_down(case, decision, context, request)
        decided = Decided(case, case_id, decision, context)
        key = await clerk.key_of(case.customer_ref, request)
        receipt = await clerk.receipt(decided, request, children)
        verdict = await clerk.append(clerk.written(decided, request, key, receipt))
        match verdict:
            case Appended():
                clerk.keyring.keep(key)
                clerk.remember(decided, verdict)
                return answered(receipt.answer, case_id, case.first_position, verdict)
            case Replayed():
                return repeated(verdict, case.first_position)
            case KeyReused():
                raise refusals.key_reused()
            case DataKeyConflict():
                clerk.keyring.forget([key.key_id])
            case VersionConflict():
                case = None
    raise refusals.too_contended()


async def _judged(clerk: Clerk, ruling: Ruling, case: Case, context: Context, request: Request) -> Decision:
    decision = await clerk.judge(lambda: ruling(case, context))
    if isinstance(decision, Rejection):
        return decision
    return await gives_customer_away(clerk, case, decision, context, request) or decision
