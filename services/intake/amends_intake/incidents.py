"""A command given to an incident acts on each of its cases, as one command: each decides and is recorded on its own,
the answer says what became of each, and the same request again does nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from amends_domain.case import Case
from amends_domain.commands import Command
from amends_domain.decide import Context, Rejection, decide
from amends_domain.events import ChildrenActed
from amends_intake import refusals
from amends_intake.answers import Answered, of_child, of_refused_child
from amends_intake.clerk import Children, Clerk, Refused, Request, seen_by
from amends_intake.one_case import give
from amends_store.incidents import cases_of_incident

CHILDREN_MAX: Final = 10_000
# Enough for full batches; the rest of the connections are for others.
_AT_ONCE_MAX: Final = 16


async def act_on_children(clerk: Clerk, incident_id: UUID, command: Command, request: Request) -> Answered | Refused:
    """Give the command to every case of the incident, then record on the incident to how many it applied.

    Every case is asked in its own turn and leaves a receipt of its own, so a request that was cut off halfway is
    finished by sending it again. Raises Problem, StoreUnavailable.
    """
    again = await clerk.first_answer(request)
    if again is not None:
        return again
    incident = await clerk.cases.load(incident_id)
    assert incident is not None, "it was found to be an incident"
    context = clerk.context(request, command.NAME, incident.branch)
    decision = await clerk.judge(lambda: decide(incident, command, context))
    moved_on = request.if_version is not None and request.if_version != incident.version
    if moved_on and not refusals.is_of_access(decision):
        raise refusals.moved_on(incident)
    if isinstance(decision, Rejection):
        return Refused(decision, incident, context.actor.grant)
    case_ids = await cases_of_incident(clerk.pool, incident_id, tenant=request.principal.tenant, limit=CHILDREN_MAX + 1)
    if len(case_ids) > CHILDREN_MAX:
        raise refusals.too_many_children(CHILDREN_MAX)
    children = await _each(clerk, case_ids, command, request)
    refused = sum(child["status"] == "refused" for child in children)
    acted = ChildrenActed(command.NAME, len(children) - refused, refused)
    # It has been decided: whatever became of the incident meanwhile, what was done to its cases is recorded.
    async with clerk.turns.of(incident_id):
        return await give(
            clerk,
            incident_id,
            command.NAME,
            lambda _case, _context: (acted,),
            replace(request, if_version=None),
            children=children,
        )


async def _each(clerk: Clerk, case_ids: Sequence[UUID], command: Command, request: Request) -> Children:
    outcomes: dict[UUID, dict[str, Any]] = {}
    waiting = iter(case_ids)

    async def work() -> None:
        for case_id in waiting:
            outcomes[case_id] = await _one(clerk, case_id, command, request)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(_AT_ONCE_MAX, len(case_ids))):
                group.create_task(work())
    except ExceptionGroup as failed:
        # The rest was cancelled: the caller repeats the request, whatever it was that failed first.
        raise failed.exceptions[0] from None
    return [outcomes[case_id] for case_id in case_ids]


async def _one(clerk: Clerk, case_id: UUID, command: Command, request: Request) -> dict[str, Any]:
    def ruling(case: Case, context: Context) -> Any:
        return decide(case, command, context)

    async with clerk.turns.of(case_id):
        outcome = await give(clerk, case_id, command.NAME, ruling, of_one_child(request, case_id))
    if isinstance(outcome, Answered):
        return of_child(outcome)
    await clerk.keep_for_audit(outcome, command.NAME, request)
    assert outcome.case is not None, "it is a case of the incident"
    is_seen = seen_by(request.principal, outcome.case) is not None
    return of_refused_child(outcome.case, outcome.rejection.code, outcome.rejection.detail, is_seen=is_seen)


def of_one_child(request: Request, case_id: UUID) -> Request:
    """The part of the request that concerns one case. No caller can send a key with a blank in it."""
    return replace(request, idempotency_key=f"{request.idempotency_key} {case_id}", if_version=None)
