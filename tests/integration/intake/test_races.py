"""Two conflicting commands at the same moment: one wins, and the other is told what is allowed now.

Each pair is tried in one process, where commands on a case take turns, and in two, where only the store decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.intake import AGREED, FOUND, LETTER, NO, REFUND, SORRY, Caller, Intake, running_intake

WHY = {"reason": "It is so."}
ROUNDS = 5


@pytest_asyncio.fixture(params=["one process", "two processes"], loop_scope="session")
async def both(request: pytest.FixtureRequest, intake: Intake, tmp_path: Path) -> AsyncIterator[tuple[Intake, Intake]]:
    """Where the one and the other command is given."""
    if request.param == "one process":
        yield intake, intake
        return
    async with running_intake(intake.database, tmp_path) as other:
        yield intake, other


async def at_once(*given: Any) -> tuple[httpx.Response, httpx.Response]:
    """The winner's answer and the loser's, who must be told what is allowed."""
    first, second = await asyncio.gather(*given)
    winner, loser = (first, second) if first.status_code == 200 else (second, first)
    assert winner.status_code == 200, winner.text
    assert loser.status_code in (409, 412), loser.text
    assert isinstance(loser.json()["allowed"], list)
    assert loser.json()["state"]
    return winner, loser


async def proposed(handler: Caller, proposal: dict[str, Any]) -> dict[str, Any]:
    case = await handler.receive()
    for what, body in (("apology", SORRY), ("investigation", FOUND), ("proposals", proposal)):
        await handler.must(case, what, body)
    return case


async def test_of_approve_and_reject_one_wins(both: tuple[Intake, Intake]) -> None:
    here, there = both
    handler = await here.caller("handler")
    one, other = await here.caller("department_head"), await there.caller("department_head")
    for _ in range(ROUNDS):
        case = await proposed(handler, REFUND)
        await at_once(one.give(case, "proposals/approval", WHY), other.give(case, "proposals/rejection", WHY))
        assert len(await here.types(case)) == 5


async def test_of_accept_and_refuse_one_wins(both: tuple[Intake, Intake]) -> None:
    here, there = both
    one, other = await here.caller("handler"), await there.caller("handler")
    for _ in range(ROUNDS):
        case = await one.receive()
        await (await here.caller("agent")).must(case, "handoffs", {"department": "cards"})
        await at_once(
            other.give(case, "handoffs/acceptance", {}),
            one.give(case, "handoffs/refusal", WHY),
        )
        assert len(await here.types(case)) == 3


async def test_of_follow_up_and_reopen_for_the_same_version_one_wins(both: tuple[Intake, Intake]) -> None:
    here, there = both
    one, other = await here.caller("handler"), await there.caller("handler")
    for _ in range(ROUNDS):
        case = await proposed(one, LETTER)
        version = (await one.must(case, "confirmation", AGREED))["version"]
        done = {"executed": True, "satisfaction": 9}
        winner, _ = await at_once(
            one.give(case, "follow-up", done, if_match=version),
            other.give(case, "reopening", {"reason": "overdue"}, if_match=version),
        )
        assert winner.json()["state"] == "followed-up"


async def test_of_two_merges_of_the_same_two_cases_one_wins(both: tuple[Intake, Intake]) -> None:
    here, there = both
    one, other = await here.caller("handler"), await there.caller("handler")
    for _ in range(ROUNDS):
        older, younger = await one.receive(), await one.receive()
        winner, loser = await at_once(
            one.give(older, "merge", WHY | {"into": younger["id"]}),
            other.give(younger, "merge", WHY | {"into": older["id"]}),
        )
        assert (winner.json()["id"], loser.status_code) == (younger["id"], 409)
        assert await here.types(older) == ["complaint-received", "case-absorbed"]


async def test_of_two_who_merge_one_case_into_two_others_one_wins(both: tuple[Intake, Intake]) -> None:
    here, there = both
    one, other = await here.caller("handler"), await there.caller("handler")
    for _ in range(ROUNDS):
        first, second, third = await one.receive(), await one.receive(), await one.receive()
        await at_once(
            one.give(third, "merge", WHY | {"into": first["id"]}),
            other.give(third, "merge", WHY | {"into": second["id"]}),
        )
        absorbed = [type_ for case in (first, second) for type_ in await here.types(case)]
        assert absorbed.count("case-absorbed") == 1


async def test_a_merge_never_loses_what_the_other_case_is_told_meanwhile(both: tuple[Intake, Intake]) -> None:
    here, there = both
    one, other = await here.caller("handler"), await there.caller("handler")
    for _ in range(ROUNDS):
        older, younger = await one.receive(), await one.receive()
        responses = await asyncio.gather(
            one.give(younger, "merge", WHY | {"into": older["id"]}), other.give(older, "notes", {"text": "Called."})
        )
        assert [response.status_code for response in responses] == [200, 200]
        assert sorted(await here.types(older)) == ["case-absorbed", "complaint-received", "note-added"]


async def test_both_approvals_of_an_unsatisfied_closure_at_once_close_it_once(both: tuple[Intake, Intake]) -> None:
    here, there = both
    handler = await here.caller("handler")
    head, executive = await here.caller("department_head"), await there.caller("executive")
    for _ in range(ROUNDS):
        case = await proposed(handler, LETTER)
        await handler.must(case, "decline", NO)
        responses = await asyncio.gather(
            head.give(case, "unsatisfied-closure", WHY), executive.give(case, "unsatisfied-closure", WHY)
        )
        assert sorted(response.json()["state"] for response in responses) == ["closed-unsatisfied", "investigated"]
        assert (await here.types(case)).count("closed-unsatisfied") == 1


async def test_both_approvals_for_the_same_version_are_not_both_taken(both: tuple[Intake, Intake]) -> None:
    here, there = both
    handler = await here.caller("handler")
    head, executive = await here.caller("department_head"), await there.caller("executive")
    for _ in range(ROUNDS):
        case = await proposed(handler, LETTER)
        version = (await handler.must(case, "decline", NO))["version"]
        await at_once(
            head.give(case, "unsatisfied-closure", WHY, if_match=version),
            executive.give(case, "unsatisfied-closure", WHY, if_match=version),
        )
