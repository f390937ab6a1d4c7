"""Complaints that belong together: repeats and mass incidents, worked out the same however the log is read, once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest

from amends_domain.commands import ChangeFlags, Classify, CloseIncident
from tests.integration.workflow.conftest import Log, project
from tests.integration.workflow.test_rebuild import contents, rebuild
from tests.support.timers import fire_due

POLICY = """\
policy: belonging
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks: {{}}
{sections}
"""
MASS = "mass: {same: cause, count: 3, within: 24h}"
REPEAT = "repeat: {same: [customer, type], within: 30d}"
CAUSE = "process too slow"


async def use(log: Log, directory: Path, *sections: str) -> None:
    """From now on decisions are made by a policy with these sections."""
    path = directory / "belonging.yaml"
    path.write_text(POLICY.format(sections="\n".join(sections)))
    await log.use_policy(path)


async def settle(log: Log, *, batch_events_max: int = 500) -> None:
    """Everything that follows has been written and projected."""
    while True:
        await project(log.database, batch_events_max=batch_events_max)
        if not await fire_due(log.view, 100):
            return


async def flags(log: Log, case_id: UUID) -> list[dict[str, Any]]:
    return await told(log, case_id, "flags-changed")


async def told(log: Log, case_id: UUID, event_type: str) -> list[dict[str, Any]]:
    """The clear data of the case's events of a type."""
    rows = await log.pool.fetch(
        "SELECT data FROM events WHERE stream_id = $1 AND type = $2 ORDER BY version", case_id, event_type
    )
    return [orjson.loads(row["data"]) for row in rows]


async def incidents(log: Log) -> list[Any]:
    rows: list[Any] = await log.view.fetch("SELECT * FROM cases WHERE kind = 'incident' ORDER BY first_position")
    return rows


async def incident_of(log: Log, case_id: UUID) -> UUID | None:
    found: UUID | None = await log.view.fetchval("SELECT incident FROM cases WHERE id = $1", case_id)
    return found


# repeats


async def test_the_same_customer_with_the_same_type_within_thirty_days_is_a_repeat(log: Log) -> None:
    first = await log.receive(type="waiting_time")
    await log.database.move_clock(timedelta(days=29))
    again = await log.receive(type="waiting_time")
    await settle(log)
    (flagged,) = await flags(log, again)
    assert flagged["added"] == ["repeat"]
    assert flagged["earlier_case"] == str(first)
    assert await flags(log, first) == []
    assert await log.view.fetchval("SELECT flags FROM cases WHERE id = $1", again) == ["repeat"]


@pytest.mark.parametrize(
    ("days", "fields"),
    [
        (31, {"type": "waiting_time"}),
        (1, {"type": "closing_time"}),
        (1, {"type": "waiting_time", "customer_ref": "C-2"}),
        (1, {"type": "waiting_time", "kind": "inquiry"}),
        (1, {"type": "waiting_time", "historical": True}),
        (1, {}),
    ],
    ids=["too-late", "other-type", "other-customer", "no-complaint", "historical", "type-unknown"],
)
async def test_anything_else_is_no_repeat(log: Log, days: int, fields: dict[str, Any]) -> None:
    await log.receive(type="waiting_time")
    await log.database.move_clock(timedelta(days=days))
    again = await log.receive(**fields)
    await settle(log)
    assert await flags(log, again) == []


@pytest.mark.parametrize("late", ["earlier", "later"])
async def test_a_repeat_is_found_when_its_type_becomes_known(log: Log, late: str) -> None:
    cases = {name: await log.receive(type=None if name == late else "waiting_time") for name in ("earlier", "later")}
    await settle(log)
    assert await flags(log, cases["later"]) == []
    await log.give(cases[late], Classify(type="waiting_time"))
    await settle(log)
    (flagged,) = await flags(log, cases["later"])
    assert flagged["earlier_case"] == str(cases["earlier"])
    assert await flags(log, cases["earlier"]) == []


async def test_a_flag_that_a_person_took_away_does_not_come_back(log: Log) -> None:
    await log.receive(type="waiting_time")
    again = await log.receive(type="waiting_time")
    await settle(log)
    await log.give(again, ChangeFlags(remove=("repeat",), reason="Another matter."))
    await settle(log)
    await log.give(again, Classify(cause=CAUSE))
    await settle(log)
    assert len(await flags(log, again)) == 2
    assert await log.view.fetchval("SELECT flags FROM cases WHERE id = $1", again) == []


# mass incidents


async def test_ten_complaints_of_one_cause_in_a_day_are_one_incident_that_the_eleventh_joins(log: Log) -> None:
    cases = [await log.receive(cause=CAUSE, customer_ref=f"C-{number}") for number in range(9)]
    await settle(log)
    assert await incidents(log) == []
    cases.append(await log.receive(cause=CAUSE, customer_ref="C-9"))
    await settle(log)
    (incident,) = await incidents(log)
    assert (incident["branch"], incident["owner"], incident["state"]) == ("*", "department_manager", "received")
    (opened,) = await told(log, incident["id"], "incident-opened")
    assert (opened["same"], opened["value"], opened["automatic"]) == ("cause", CAUSE, True)
    assert opened["title"] == f"10 complaints with cause {CAUSE} within 24h"
    cases.append(await log.receive(cause=CAUSE, customer_ref="C-10"))
    await settle(log)
    for case_id in cases:
        (linked,) = await told(log, case_id, "linked-to-incident")
        assert (linked["incident"], linked["automatic"]) == (str(incident["id"]), True)
        assert await incident_of(log, case_id) == incident["id"]
    assert len(await incidents(log)) == 1
    row = await log.pool.fetchrow("SELECT * FROM events WHERE stream_id = $1", incident["id"])
    assert (row["actor"], row["tenant"], row["version"]) == ("system:workflow", "default", 1)
    assert row["policy_hash"].hex() == log.policy.hash


async def test_other_causes_branches_and_times_make_no_incident(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path, MASS)
    for cause in (CAUSE, CAUSE, "staff attitude"):
        await log.receive(cause=cause)
    await log.receive(cause=CAUSE, kind="inquiry")
    await log.receive(cause=CAUSE, historical=True)
    await log.database.move_clock(timedelta(hours=25))
    await log.receive(cause=CAUSE)
    await settle(log)
    assert await incidents(log) == []


async def test_a_cause_found_late_fills_the_number_by_when_the_complaints_came(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path, MASS)
    first = await log.receive()
    others = [await log.receive(cause=CAUSE), await log.receive(cause=CAUSE)]
    await settle(log)
    await log.database.move_clock(timedelta(days=7))
    await log.give(first, Classify(cause=CAUSE))
    await settle(log)
    (incident,) = await incidents(log)
    assert {await incident_of(log, case_id) for case_id in (first, *others)} == {incident["id"]}
    # A week later it is another matter.
    late = await log.receive(cause=CAUSE)
    await settle(log)
    assert await incident_of(log, late) is None


async def test_an_incident_gathers_as_long_as_complaints_keep_coming(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path, MASS)
    cases = [await log.receive(cause=CAUSE) for _ in range(3)]
    await settle(log)
    for _ in range(3):
        await log.database.move_clock(timedelta(hours=20))
        cases.append(await log.receive(cause=CAUSE))
        await settle(log)
    (incident,) = await incidents(log)
    assert {await incident_of(log, case_id) for case_id in cases} == {incident["id"]}
    await log.database.move_clock(timedelta(hours=25))
    alone = await log.receive(cause=CAUSE)
    await settle(log)
    assert await incident_of(log, alone) is None
    for _ in range(2):
        await log.receive(cause=CAUSE)
    await settle(log)
    assert len(await incidents(log)) == 2
    assert await incident_of(log, alone) == (await incidents(log))[1]["id"]


async def test_an_incident_opened_in_advance_gathers_until_it_is_closed(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path, MASS)
    incident = await log.open_incident("product", "savings plus")
    await log.database.move_clock(timedelta(days=20))
    cases = [await log.receive(product="savings plus", cause=CAUSE) for _ in range(4)]
    other = await log.receive(product="loan")
    await settle(log)
    assert {await incident_of(log, case_id) for case_id in cases} == {incident}
    assert await incident_of(log, other) is None
    await log.give(incident, CloseIncident("The campaign is over."))
    late = await log.receive(product="savings plus")
    await settle(log)
    assert await incident_of(log, late) is None
    assert len(await incidents(log)) == 1


async def test_an_incident_of_one_branch_gathers_that_branch_only(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path, MASS)
    incident = await log.open_incident("cause", CAUSE, branch="harbour")
    ours, theirs = await log.receive(cause=CAUSE, branch="harbour"), await log.receive(cause=CAUSE)
    await settle(log)
    assert await incident_of(log, ours) == incident
    assert await incident_of(log, theirs) is None


async def test_after_an_incident_was_closed_it_takes_as_many_again(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path, MASS)
    for _ in range(3):
        await log.receive(cause=CAUSE)
    await settle(log)
    (incident,) = await incidents(log)
    await log.give(incident["id"], CloseIncident("Repaired."))
    for _ in range(2):
        await log.receive(cause=CAUSE)
    await settle(log)
    assert len(await incidents(log)) == 1
    await log.receive(cause=CAUSE)
    await settle(log)
    assert len(await incidents(log)) == 2


# the same, and once


async def anything(log: Log, chance: Random) -> None:
    """Complaints come, are classified, merged and gathered, incidents open and close, and now and then somebody
    projects or fires."""
    cases: list[UUID] = []
    opened: list[UUID] = []
    for _ in range(60):
        match chance.randrange(12):
            case 0 | 1 | 2 | 3 | 4:
                known = {name: chance.choice([None, *values]) for name, values in FACTS.items()}
                ref, branch = f"C-{chance.randrange(4)}", chance.choice(["harbour", "north-street"])
                cases.append(await log.receive(customer_ref=ref, branch=branch, **known))
            case 5 | 6 if cases:
                cause, type_ = (chance.choice(values) for values in FACTS.values())
                await log.append(chance.choice(cases), Classify(cause=cause, type=type_))
            case 7 if len(cases) > 1:
                first, one = await log.case(cases[0]), await log.case(chance.choice(cases[1:]))
                if one.is_open and one.customer_ref == first.customer_ref:
                    await log.merge(one.id, first.id)
            case 8 if opened and chance.random() < 0.5:
                await log.append(chance.choice(opened), CloseIncident("Over."))
            case 8:
                same = chance.choice([*FACTS])
                only = chance.choice([None, "harbour"])
                opened.append(await log.open_incident(same, chance.choice(FACTS[same]), branch=only))
            case 9:
                await log.database.move_clock(timedelta(hours=chance.choice([1, 9, 20])))
            case 10:
                await project(log.database, batch_events_max=chance.choice([1, 2, 500]))
            case 11:
                await fire_due(log.view, chance.choice([1, 3, 100]))


FACTS = {"cause": [CAUSE, "staff attitude"], "type": ["waiting_time", "closing_time"]}


@pytest.mark.parametrize("seed", range(2))
async def test_batches_of_any_size_and_a_rebuild_give_the_same(log: Log, tmp_path: Path, seed: int) -> None:
    await use(log, tmp_path, MASS, REPEAT)
    await anything(log, Random(seed))
    await project(log.database, batch_events_max=3)
    before = await contents(log)
    await rebuild(log)
    assert await contents(log) == before
    await settle(log, batch_events_max=1)
    assert await log.view.fetchval("SELECT count(*) FROM timers") == 0
    assert await log.view.fetchval("SELECT count(*) FROM cases WHERE owed_incident IS NOT NULL") == 0
    before = await contents(log)
    await rebuild(log)
    assert await contents(log) == before
    rows = await log.pool.fetch("SELECT stream_id FROM events WHERE type = 'linked-to-incident'")
    assert len({row["stream_id"] for row in rows}) == len(rows)


async def test_two_processes_open_an_incident_once_and_a_rebuild_does_not_open_it_again(
    log: Log, tmp_path: Path
) -> None:
    await use(log, tmp_path, MASS)
    for _ in range(3):
        await log.receive(cause=CAUSE)
    await project(log.database)
    assert len(await fire_due(log.view, 100)) == 1
    assert await fire_due(log.view, 100) == []
    await rebuild(log)
    await settle(log)
    await rebuild(log)
    await settle(log)
    assert len(await incidents(log)) == 1
    assert await log.pool.fetchval("SELECT count(*) FROM events WHERE type = 'incident-opened'") == 1
    assert await log.pool.fetchval("SELECT count(*) FROM events WHERE type = 'linked-to-incident'") == 3


async def test_a_policy_without_these_sections_links_nothing(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path)
    for _ in range(12):
        await log.receive(cause=CAUSE, type="waiting_time")
    await settle(log)
    assert await log.pool.fetchval("SELECT count(DISTINCT type) FROM events") == 1
    assert await log.view.fetchval("SELECT count(*) FROM cases WHERE coalesce(repeat_key, mass_key) IS NOT NULL") == 0
