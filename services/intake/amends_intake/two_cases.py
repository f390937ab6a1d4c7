"""A command on a case that names another one: merged into it, both change at once; linked to it, only the one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from uuid import UUID

from amends_domain.commands import Link, Merge
from amends_domain.decide import Rejection, decide
from amends_domain.decisions.links import absorb
from amends_intake import refusals
from amends_intake.answers import Answered
from amends_intake.clerk import Clerk, Refused, Request, answered, repeated
from amends_intake.one_case import ATTEMPTS_MAX, give
from amends_platform.decided import Decided
from amends_store.records import DataKeyConflict, KeyReused, Replayed, VersionConflict


async def link(clerk: Clerk, case_id: UUID, other_id: UUID, command: Link, request: Request) -> Answered | Refused:
    """Raises Problem, StoreUnavailable."""
    other = await clerk.cases.load(other_id)
    async with clerk.turns.of(case_id):
        return await give(
            clerk, case_id, command.NAME, lambda case, context: decide(case, command, context), request, other=other
        )


async def merge(clerk: Clerk, case_id: UUID, other_id: UUID, command: Merge, request: Request) -> Answered | Refused:
    """Raises Problem, StoreUnavailable."""
    async with AsyncExitStack() as turns:
        # In one order whoever asks, so that two who merge the same cases never wait for each other.
        for each in sorted({case_id, other_id}):
            await turns.enter_async_context(clerk.turns.of(each))
        for _ in range(ATTEMPTS_MAX):
            outcome = await _merge(clerk, case_id, other_id, command, request)
            if outcome is not None:
                return outcome
    raise refusals.too_contended()


async def _merge(
    clerk: Clerk, case_id: UUID, other_id: UUID, command: Merge, request: Request
) -> Answered | Refused | None:
    """One attempt, on both cases as the log has them; None when another was quicker."""
    case, other = await clerk.cases.load(case_id), await clerk.cases.load(other_id)
    if case is None:
        raise refusals.no_such_case()
    context = clerk.context(request, command.NAME, case.branch, other=other)
    moved_on = request.if_version is not None and request.if_version != case.version
    decision = await clerk.judge(lambda: decide(case, command, context))
    if moved_on and not refusals.is_of_access(decision):
        decision = ()
    if moved_on or isinstance(decision, Rejection):
        return await clerk.turned_down(case, decision, context, request)
    assert other is not None, "a case is merged into one that is there"
    merged = Decided(case, case_id, decision, context)
    survivor = Decided(other, other_id, await clerk.judge(lambda: absorb(other, case, context)), context)
    key = await clerk.key_of(case.customer_ref, request)
    receipt = await clerk.receipt(merged, request)
    # The merged case last: whoever waits for the answered position sees the other one changed as well.
    verdict = await clerk.append_together(
        clerk.written(survivor, request, key, None), clerk.written(merged, request, key, receipt)
    )
    match verdict:
        case Replayed():
            return repeated(verdict, case.first_position)
        case KeyReused():
            raise refusals.key_reused()
        case DataKeyConflict():
            clerk.keyring.forget([key.key_id])
            return None
        case VersionConflict():
            return None
    clerk.keyring.keep(key)
    for decided, appended in zip((survivor, merged), verdict, strict=True):
        clerk.remember(decided, appended)
    return answered(receipt.answer, case_id, case.first_position, verdict[-1])
