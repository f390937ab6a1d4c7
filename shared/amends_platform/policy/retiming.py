"""Moving clocks that run to the policy in force: each by a command to intake, so each is an event with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, NamedTuple

import httpx

from amends_platform.clients import Address, code_of, detail_of, failure_of, get_json, send

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
    async with workflow.client() as asking:
        pending = [each async for each in _pending(asking, clock) if each["provisional"] or not provisional]
    async with intake.client() as telling:
        for done, deadline in enumerate(pending, 1):
            if not dry_run:
                response = await _ask(telling, deadline, reason)
                name = f"{deadline['reference']} {deadline['kind']}"
                if response.is_success:
                    moved.append(f"{name}: {deadline['due_at']} → {_due(response.json(), deadline['kind'])}")
                elif code_of(response.content) in _STAYS:
                    unchanged += 1
                elif response.status_code in (401, 403, 429, 503):
                    raise failure_of(response.status_code, response.content)
                else:
                    refused.append(f"{name}: {detail_of(response.content)}")
            on_progress(done, len(pending))
    return Retimed(len(pending), moved, unchanged, refused)


async def _pending(client: httpx.AsyncClient, clock: str | None) -> AsyncIterator[dict[str, Any]]:
    parameters = {"status": "pending", "limit": _PAGE, **({} if clock is None else {"kind": clock})}
    page = await get_json(client, "/v1/deadlines", parameters)
    while True:
        for item in page["items"]:
            yield item
        if page["next"] is None:
            return
        page = await get_json(client, page["next"])


async def _ask(client: httpx.AsyncClient, deadline: dict[str, Any], reason: str) -> httpx.Response:
    # The same question about the same run of the clock is one command, however often this is run.
    asked = f"{deadline['case_id']} {deadline['kind']} {deadline['generation']} {reason}"
    headers = {"Idempotency-Key": "retime-" + hashlib.sha256(asked.encode()).hexdigest()}
    path = f"/v1/complaints/{deadline['case_id']}/retiming"
    return await send(client, "POST", path, json={"clock": deadline["kind"], "reason": reason}, headers=headers)


def _due(answer: dict[str, Any], clock: str) -> str:
    return str(next(each["due_at"] for each in answer["deadlines"] if each["kind"] == clock))
