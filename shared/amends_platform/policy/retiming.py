"""Moving clocks that run to the policy in force: each by a command to intake, so each is an event with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from amends_client import AsyncIntake, Problem
from amends_platform.clients import Address, detail_of

if TYPE_CHECKING:
    from amends_client.models import CommandAnswer, DeadlineListItem, RetimingBody

_PAGE: Final = 200
# It may not be moved, or need not be: nothing is wrong with it.
_STAYS: Final = frozenset({"nothing-changes", "no-such-clock"})


class Retimed(NamedTuple):
    """What became of the pending deadlines: those moved and those refused in words, the others counted."""

    deadlines: int
    moved: list[str]
    unchanged: int
    refused: list[str]


async def retime(
    workflow: Address,
    intake: Address,
    *,
    reason: str,
    clock: str | None,
    provisional: bool,
    dry_run: bool,
    on_progress: Callable[[int, int], None],
) -> Retimed:
    """Ask intake to re-time every pending deadline that fits. Raises Failure, CannotReach, WrongUsage."""
    moved: list[str] = []
    refused: list[str] = []
    unchanged = 0
    kinds = None if clock is None else [clock]
    async with workflow.workflow() as asking:
        listed = asking.all_deadlines(status=["pending"], limit=_PAGE, kind=kinds)
        pending = [each async for each in listed if each["provisional"] or not provisional]
    async with intake.intake() as telling:
        for done, deadline in enumerate(pending, 1):
            if not dry_run:
                name = f"{deadline['reference']} {deadline['kind']}"
                try:
                    answer = await _ask(telling, deadline, reason)
                except Problem as problem:
                    if problem.code in _STAYS:
                        unchanged += 1
                    elif problem.status in (401, 403, 429, 503):
                        raise
                    else:
                        refused.append(f"{name}: {detail_of(problem.body)}")
                else:
                    moved.append(f"{name}: {deadline['due_at']} → {_due(answer, deadline['kind'])}")
            on_progress(done, len(pending))
    return Retimed(len(pending), moved, unchanged, refused)


async def _ask(client: AsyncIntake, deadline: DeadlineListItem, reason: str) -> CommandAnswer:
    # The same question about the same run of the clock is one command, however often this is run.
    asked = f"{deadline['case_id']} {deadline['kind']} {deadline['generation']} {reason}"
    key = "retime-" + hashlib.sha256(asked.encode()).hexdigest()
    body: RetimingBody = {"clock": deadline["kind"], "reason": reason}
    return await client.retiming(deadline["case_id"], body, idempotency_key=key)


def _due(answer: CommandAnswer, clock: str) -> str:
    return str(next(each["due_at"] for each in answer["deadlines"] if each["kind"] == clock))
