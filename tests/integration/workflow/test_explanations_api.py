"""An explanation says which part of the rule set the time, what moved the clock and why, and who was told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from amends_domain.commands import Act, Apologize, ChangeFlags, Countermeasure, Extend, Investigate, MakePromise, Retime
from amends_workflow.explanation_shapes import Explanation
from tests.integration.workflow.conftest import Log, Workflow

POLICY = """\
policy: explained
version: {version}
effective_from: 2026-01-01
timezone: Asia/Shanghai
include: [us-reg-e]
clocks:
  answer: {{from: complaint-received, stop: [customer-confirmed], due: {due}, source: "House rule 7"}}
  card:
    from: complaint-received
    stop: ["action:card_collected"]
    due: 3d
    extend: [{{to: 6d, requires: {{action: reminder_sent}}}}]
    owed_by: customer
"""


async def use(log: Log, directory: Path, *, version: int = 1, due: str = "2d") -> None:
    path = directory / f"explained-{version}.yaml"
    path.write_text(POLICY.format(version=version, due=due))
    await log.use_policy(path)


async def explained(workflow: Workflow, case_id: UUID, clock: str, **parameters: Any) -> Explanation:
    asker = await workflow.asker()
    answer = await asker.ask(f"/v1/cases/{case_id}/deadlines/{clock}/explanation", **parameters)
    return Explanation.model_validate(answer)


async def test_longer_terms_are_told_with_the_flag_and_the_approval_that_gave_them(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive()
    await log.give(case_id, ChangeFlags(add=("complex",), reason="Three accounts."))
    flagged = await explained(workflow, case_id, "statutory")
    assert (flagged.due_by, flagged.duration, flagged.term) == ("extend", "30d", 1)
    await log.give(case_id, Extend("statutory", "The other bank does not answer."))
    newest = await explained(workflow, case_id, "statutory")
    assert (newest.due_by, newest.duration, newest.term, newest.generation) == ("extend", "60d", 2, 3)
    assert newest.counted_from == newest.origin == newest.started_at
    assert [(each.why, each.by.type, each.by.actor) for each in newest.extensions] == [
        ("flag:complex", "flags-changed", "a-department_head"),
        ("approved", "deadline-extended", "a-department_head"),
    ]
    assert newest.started_by.type == "deadline-extended"
    assert "because the case has the flag complex, by flags-changed (event 2, position 2, a-depart" in newest.text
    assert "because a longer term was approved, by deadline-extended (event 3, position 3, a-depart" in newest.text
    assert "CBIRC Order 2020 No. 3" in (newest.rule.source or "")
    first = await explained(workflow, case_id, "statutory", generation=1)
    assert (first.status, first.due_by, first.duration, first.extensions) == ("extended", "due", "15d", [])
    assert first.ended_by is not None
    assert first.ended_by.type == "flags-changed"


async def test_a_case_that_becomes_urgent_is_told_to_have_the_urgent_time_from_then_on(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive(type="atm_card_or_cash", cause="cash_jam")
    await log.database.move_clock(timedelta(hours=1))
    await log.give(case_id, ChangeFlags(add=("urgent",), reason="She travels tonight."))
    urgent = await explained(workflow, case_id, "cash_jam")
    assert (urgent.due_by, urgent.duration) == ("urgent", "same_day")
    assert [(each.why, each.later) for each in urgent.extensions] == [("urgent", False)]
    assert "because the case became urgent" in urgent.text


async def test_a_clock_that_was_timed_anew_says_so_and_by_which_version(
    log: Log, workflow: Workflow, tmp_path: Path
) -> None:
    await use(log, tmp_path)
    case_id = await log.receive()
    await use(log, tmp_path, version=2, due="5d")
    await log.give(case_id, Retime("answer", "The notice came."))
    newest = await explained(workflow, case_id, "answer")
    assert (newest.policy.version, newest.due_by, newest.duration) == (2, "due", "5d")
    assert [each.why for each in newest.extensions] == ["retimed"]
    assert "it was timed anew by another version of the policy, by deadline-retimed (event 2" in newest.text
    assert newest.text.endswith("Source of the rule: House rule 7.")
    assert (await explained(workflow, case_id, "answer", generation=1)).policy.version == 1


async def test_a_promise_and_a_countermeasure_are_told_with_who_has_to_see_to_them(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive()
    at = await log.now() + timedelta(hours=3)
    await log.give(case_id, MakePromise("We call you.", at))
    await log.give(case_id, Apologize("phone", "Sorry."))
    await log.give(
        case_id, Investigate("It was us.", "process too slow", True, (Countermeasure("A second counter.", "s-7", at),))
    )
    promise = await explained(workflow, case_id, "promise")
    assert (promise.due_by, promise.due_at, promise.started_by.type) == ("promised", at, "promise-made")
    assert promise.promise is not None
    assert (promise.promise.number, promise.promise.by) == (1, "a-department_head")
    assert "the clock promise (number 1)" in promise.text
    planned = await explained(workflow, case_id, "corrective_action")
    assert planned.promise is not None
    assert planned.promise.by == "s-7"


async def test_the_steps_of_the_ladder_that_were_taken_and_those_to_come(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.database.move_clock(timedelta(hours=25))
    breached = await explained(workflow, case_id, "apology", min_position=4)
    assert [(step.to, step.issued) for step in breached.ladder] == [
        ("service_admin", True),
        ("department_manager", False),
        ("vice_president", False),
        ("head_office", False),
    ]
    assert [event.type for event in breached.escalations] == ["case-escalated"]
    await log.give(case_id, Apologize("phone", "Late."))
    late = await explained(workflow, case_id, "apology")
    assert [(step.to, step.issued) for step in late.ladder] == [("service_admin", True)]


async def test_the_customer_s_own_clock_and_one_of_an_included_pack_say_what_they_are(
    log: Log, workflow: Workflow, tmp_path: Path
) -> None:
    await use(log, tmp_path)
    case_id = await log.receive(type="atm_card_or_cash")
    await log.give(case_id, Act("reminder_sent"))
    card = await explained(workflow, case_id, "card")
    assert (card.owed_by, card.rule.owed_by, card.duration, card.ladder) == ("customer", "customer", "6d", [])
    assert [each.why for each in card.extensions] == ["action:reminder_sent"]
    assert "it is the customer's own time" in card.text
    told = await explained(workflow, case_id, "reg_e_investigation")
    assert (told.rule.pack, told.timezone, told.duration) == ("us-reg-e", "America/New_York", "10bd")
    assert "by the pack us-reg-e, the clock reg_e_investigation" in told.text
