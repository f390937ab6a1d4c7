"""Merging and linking: two cases change together or not at all, and one case may name another only as it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.intake import Intake

WHY = {"reason": "One matter."}


async def test_a_merged_case_goes_on_as_the_older_one(intake: Intake) -> None:
    handler = await intake.caller("handler")
    older, younger = await handler.receive(), await handler.receive()
    answer = await handler.must(younger, "merge", WHY | {"into": older["reference"]})
    assert (answer["id"], answer["state"], answer["version"]) == (younger["id"], "merged", 2)
    assert (await intake.events(younger))[-1] == (
        "merged-into",
        {"into": older["id"], "into_reference": older["reference"]},
    )
    assert (await intake.events(older))[-1] == (
        "case-absorbed",
        {"case": younger["id"], "reference": younger["reference"]},
    )
    # Whoever waits for the answered position sees the other case changed as well.
    rows = await intake.rows("SELECT position, recorded_at FROM events ORDER BY position DESC LIMIT 2")
    assert [row["position"] for row in rows] == [answer["position"], answer["position"] - 1]
    assert rows[0]["recorded_at"] == rows[1]["recorded_at"]
    await handler.must(older, "apology", {"by_channel": "phone", "text": "Sorry."})


async def test_what_was_promised_on_the_merged_case_is_owed_by_the_other(intake: Intake) -> None:
    handler = await intake.caller("handler")
    older, younger = await handler.receive(), await handler.receive()
    at = (intake.now() + timedelta(hours=3)).isoformat()
    await handler.must(younger, "promises", {"text": "A fitter.", "due_at": at})
    await handler.must(younger, "callback", {"at": at})
    await handler.must(younger, "merge", WHY | {"into": older["id"]})
    answer = await handler.must(older, "notes", {"text": "It is all one."})
    pending = {d["kind"]: datetime.fromisoformat(d["due_at"]) for d in answer["deadlines"] if d["status"] == "pending"}
    assert pending["promise"] == pending["callback"] == datetime.fromisoformat(at)


async def test_a_repeated_merge_is_answered_as_the_first(intake: Intake) -> None:
    handler = await intake.caller("handler")
    older, younger = await handler.receive(), await handler.receive()
    body = WHY | {"into": older["id"]}
    first = await handler.give(younger, "merge", body, key="k", if_match=1)
    again = await handler.give(younger, "merge", body, key="k", if_match=1)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert await handler.may_not(younger, "merge", body | {"reason": "x"}, key="k") == (422, "idempotency-key-reused")
    assert await intake.types(older) == ["complaint-received", "case-absorbed"]


@pytest.mark.parametrize("into", ["K7M2-P9QX", "not a case", "00000000-0000-0000-0000-000000000000"])
@pytest.mark.parametrize("what", ["merge", "links"])
async def test_a_case_that_there_is_not_is_named_in_vain(intake: Intake, what: str, into: str) -> None:
    handler = await intake.caller("handler")
    body: dict[str, Any] = WHY | {"into": into} if what == "merge" else {"case": into}
    assert await handler.may_not(await handler.receive(), what, body) == (422, "no-such-case")


async def test_cases_that_do_not_belong_together_are_not_merged(intake: Intake) -> None:
    handler = await intake.caller("handler")
    older, younger = await handler.receive(), await handler.receive()
    stranger = await handler.receive(customer={"ref": "C-2"})
    assert await handler.may_not(younger, "merge", WHY | {"into": younger["id"]}) == (422, "same-case")
    assert await handler.may_not(stranger, "merge", WHY | {"into": older["id"]}) == (422, "other-customer")
    assert await handler.may_not(older, "merge", WHY | {"into": younger["id"]}) == (409, "survivor-later")
    await handler.must(older, "withdrawal", {"by_channel": "phone", "reason": "Settled."})
    assert await handler.may_not(younger, "merge", WHY | {"into": older["id"]}) == (409, "survivor-closed")
    response = await handler.give(younger, "merge", WHY | {"into": older["id"]}, if_match=7)
    assert response.status_code == 412


async def test_a_case_of_another_branch_is_not_within_reach(intake: Intake) -> None:
    everywhere, here = await intake.caller("handler"), await intake.caller("handler", branch="harbour")
    older, younger = await everywhere.receive(), await everywhere.receive(branch="harbour")
    assert await here.may_not(younger, "merge", WHY | {"into": older["id"]}) == (403, "other-branch")
    assert await here.may_not(younger, "links", {"case": older["id"]}) == (403, "other-branch")
    await everywhere.must(younger, "links", {"case": older["id"], "relation": "same-matter"})
    assert (await intake.events(younger))[-1] == (
        "case-linked",
        {"case": older["id"], "reference": older["reference"], "relation": "same-matter"},
    )


async def test_a_link_is_made_once_and_its_relation_is_one_of_few(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case, other = await agent.receive(), await agent.receive()
    await agent.must(case, "links", {"case": other["reference"]})
    assert await agent.may_not(case, "links", {"case": other["id"]}) == (409, "nothing-changes")
    assert await agent.may_not(case, "links", {"case": case["id"]}) == (422, "same-case")
    response = await agent.give(case, "links", {"case": other["id"], "relation": "cousin"})
    assert [error["pointer"] for error in response.json()["errors"]] == ["/relation"]
