"""The board: what it counts, of whom, and in whose hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from amends_domain.commands import Acknowledge, Act, Apologize, Escalate, Withdraw
from amends_workflow.board_shapes import BoardAnswer
from tests.integration.workflow.conftest import Log, Workflow, nothing_owed, until

# Half past two in the night of a Monday in Shanghai, which is the policy's zone: Sunday still, in UTC.
NOW = datetime(2030, 3, 3, 18, 30, tzinfo=UTC)


async def board(workflow: Workflow, *, branch: str | None = None, **asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await (await workflow.asker(branch=branch)).ask("/v1/board", **asked)
    BoardAnswer.model_validate(answer)
    return answer


async def test_an_empty_desk_has_an_empty_board(workflow: Workflow) -> None:
    empty = await board(workflow)
    assert (empty["open"]["total"], empty["overdue"], len(empty["hours"]), empty["branches"]) == (0, 0, 168, [])
    assert (empty["timezone"], empty["position"]) == ("UTC", 0)


async def test_the_board_counts_what_is_open_due_overdue_told_and_seen(log: Log, workflow: Workflow) -> None:
    await log.database.stop_clock(NOW - timedelta(days=4))
    old = await log.receive(branch="harbour")
    await log.give(old, Apologize("phone", "Sorry."))
    await log.give(await log.receive(branch="harbour"), Withdraw("phone", "Settled."))
    await log.database.stop_clock(NOW - timedelta(hours=25))
    await log.receive(branch="north-street")
    await log.database.stop_clock(NOW)
    await until(lambda: nothing_owed(log))
    new = await log.receive(branch="north-street")
    asked = await log.give(new, Escalate("I cannot settle it.", to="vice_president"))
    position = await log.give(new, Acknowledge(asked - 1))

    whole = await board(workflow, min_position=position)
    assert (whole["timezone"], whole["branch"], whole["age_days"]) == ("Asia/Shanghai", None, [1, 3, 7, 15, 30])
    assert whole["open"] == {"total": 3, "ages": [1, 1, 1, 0, 0, 0]}
    states = {each["state"]: each for each in whole["states"]}
    assert list(states) == ["received", "apologized", "investigated", "proposed", "customer-confirmed"]
    assert states["received"] == {"state": "received", "total": 2, "ages": [1, 1, 0, 0, 0, 0]}
    assert states["apologized"] == {"state": "apologized", "total": 1, "ages": [0, 0, 1, 0, 0, 0]}

    # The apology to the second is overdue by an hour; its breach and what came of it were told today.
    assert whole["overdue"] == 1
    assert whole["hours"][0]["begins_at"] == "2030-03-03T18:00:00+00:00"
    assert whole["today"]["begins_at"] == "2030-03-03T16:00:00+00:00"
    assert (whole["today"]["breaches"], whole["today"]["lapses"]) == (1, 0)
    # Of the new case the apology falls due in a day, of the old ones the callbacks within the week.
    due = {n: each["due"] for n, each in enumerate(whole["hours"]) if each["due"]}
    assert due[24] == 1
    week = await log.view.fetchval(
        "SELECT count(*) FROM deadlines WHERE status = 'pending' AND due_at > log_now()"
        " AND due_at < date_trunc('hour', log_now()) + interval '7 days'"
    )
    assert sum(due.values()) == week
    alerts = await log.view.fetchval("SELECT count(*) FROM alerts")
    assert sum(whole["unacknowledged"].values()) == alerts - 1
    told = [{k: each[k] for k in ("branch", "open", "overdue", "breaches_today")} for each in whole["branches"]]
    assert told == [
        {"branch": "harbour", "open": 1, "overdue": 0, "breaches_today": 0},
        {"branch": "north-street", "open": 2, "overdue": 1, "breaches_today": 1},
    ]
    assert sum(each["unacknowledged"] for each in whole["branches"]) == alerts - 1

    harbour = await board(workflow, branch="harbour")
    assert harbour == await board(workflow, branch="harbour", min_position=position)
    assert [each["branch"] for each in harbour["branches"]] == ["harbour"]
    assert (harbour["open"]["total"], harbour["today"]["breaches"]) == (1, 0)
    elsewhere = await (await workflow.asker(branch="harbour")).ask("/v1/board", branch="north-street")
    assert (elsewhere["open"]["total"], elsewhere["branches"], elsewhere["incidents"]) == (0, [], [])
    assert (await board(workflow))["open"] == whole["open"]


async def test_the_customers_own_time_that_has_lapsed_is_not_overdue(log: Log, workflow: Workflow) -> None:
    await log.database.stop_clock(NOW - timedelta(days=6))
    case_id = await log.receive(type="atm_card_or_cash", cause="card_retained")
    await log.give(case_id, Apologize("phone", "Sorry."))
    position = await log.give(case_id, Act("customer_told", None))
    await log.database.stop_clock(NOW)
    await until(lambda: nothing_owed(log))
    assert await log.view.fetchval("SELECT count(*) FROM deadlines WHERE status = 'breached'") == 1
    assert (await board(workflow, min_position=position))["overdue"] == 0


async def test_open_incidents_are_on_the_board_with_their_cases(log: Log, workflow: Workflow) -> None:
    incident = await log.open_incident("cause", "cash_jam", branch="harbour")
    everywhere = await log.open_incident("cause", "card_retained")
    await log.receive(branch="harbour", cause="cash_jam")
    position = await log.give(await log.receive(branch="harbour", cause="cash_jam"), Withdraw("phone", "Settled."))
    await until(lambda: nothing_owed(log))
    shown = (await board(workflow, min_position=position))["incidents"]
    assert [each["id"] for each in shown] == [str(everywhere), str(incident)]
    assert {k: shown[1][k] for k in ("title", "same", "value", "branch", "cases", "open_cases")} == {
        "title": "A campaign", "same": "cause", "value": "cash_jam", "branch": "harbour", "cases": 2, "open_cases": 1,
    }  # fmt: skip
    assert [each["branch"] for each in (await board(workflow, branch="north-street"))["incidents"]] == ["*"]
