"""Replaying the log: reading it whole and folding every case, against fetching and parsing the same rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import orjson

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import (
    AgreeCallback,
    Apologize,
    Assign,
    Command,
    Confirm,
    Countermeasure,
    FollowUp,
    Investigate,
    Propose,
    Receive,
    RecordContact,
    Review,
)
from amends_domain.decide import Actor, Context, Rejection, decide
from amends_domain.events import Event, Recorded
from amends_domain.evolve import evolve
from amends_domain.policy import Policy
from amends_platform.garbage import without_collecting
from amends_platform.ids import uuid7
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_platform.recorded import new_event
from amends_platform.replaying.folding import Fold, LogRow
from amends_platform.replaying.replays import read_into
from amends_store.append import Appender
from amends_store.read import head_position
from amends_store.records import Append, Appended, DataKey
from tests.bench.complaints import sample
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench
from tests.support.keys import a_key

PAGE_EVENTS = 5_000
_LIVING = 200
OURS, PLAIN, FRUGAL = "Amends", "fetch and parse", "fetch less and parse"

ABOUT = f"""
A log of whole lives of cases, from the complaint to the review, is read from its first event to its last, in pages of
{PAGE_EVENTS:,} on one connection.

- **{OURS}**: as `amends replay` does it: every event decoded and folded into its case by `evolve`, and in the end the
  deadlines of every case derived from policy and calendar.
- **{PLAIN}**: the same rows by `SELECT *` and asyncpg's `fetch`, and `orjson.loads` of each event's data; no cases.
- **{FRUGAL}**: only the columns that a replay needs, as ours does.
"""

_FETCH = "SELECT {} FROM events WHERE position > $1 ORDER BY position LIMIT $2"


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    loaded = load_policy("bank-cn")
    policy = loaded.policy
    async with bench.database() as database:
        pool = await database.pool("amends_intake")
        on_step("writing the log")
        await write_lives(pool, policy, plan.replay_cases)
        await database.execute("VACUUM ANALYZE events")
        async with pool.acquire() as connection, pool.acquire() as reader:
            policies = PolicyBook(connection)
            await policies.register(loaded)
            head = await head_position(connection)
            contenders = [
                Contender(OURS, lambda: _replay(Fold(connection, policies), reader, policies.known, head)),
                Contender(PLAIN, lambda: _fetch_and_parse(reader, "*", head)),
                Contender(FRUGAL, lambda: _fetch_and_parse(reader, ", ".join(LogRow._fields), head)),
            ]
            rounds = await take_turns(contenders, plan.rounds, on_step)
    about = f"{ABOUT}\n{head:,} events of {plan.replay_cases:,} cases.\n"
    return rounds.outcome("Replaying the log", about, rounds.ratio(OURS, PLAIN, "events/s", aim=0.5))


async def _replay(fold: Fold, reader: asyncpg.Connection, policies: Mapping[str, Policy], head: int) -> Figures:
    begun_at = time.perf_counter()
    with without_collecting():
        await read_into(fold, reader, head, lambda _stage, _done, _total: None)
        cases = [folded.case for folded in fold.whole.values() if folded.case is not None]
        deadlines = sum(len(obligations(case, policies)) for case in cases)
    seconds = time.perf_counter() - begun_at
    assert fold.position == head
    assert not fold.differences
    assert deadlines >= len(cases) > 0
    return {"events/s": head / seconds}


async def _fetch_and_parse(connection: asyncpg.Connection, columns: str, head: int) -> Figures:
    query = _FETCH.format(columns)
    position = 0
    begun_at = time.perf_counter()
    while rows := await connection.fetch(query, position, PAGE_EVENTS):
        for row in rows:
            orjson.loads(row["data"])
        position = rows[-1]["position"]
    seconds = time.perf_counter() - begun_at
    assert position == head
    return {"events/s": position / seconds}


def a_life(policy: Policy) -> tuple[Event, ...]:
    """The events of a case that goes well, decided one command after the other."""
    body, now = sample(), datetime.now(UTC)
    customer = dict(body["customer"])
    commands: list[Command] = [
        Receive(
            channel=body["channel"],
            narrative=body["narrative"],
            branch=body["branch"],
            customer_ref=customer.pop("ref"),
            customer=customer,
            type=body["type"],
            cause=body["cause"],
            product=body["product"],
            severity=body["severity"],
            flags=tuple(body["flags"]),
        ),
        AgreeCallback(now + timedelta(minutes=30)),
        Apologize("phone", "We are sorry that you were left standing there."),
        RecordContact("outbound", "phone", True, "Told her that the card is safe."),
        Assign("b-handler"),
        Investigate("The slot was jammed.", body["cause"], True, (Countermeasure("clean the slots weekly"),)),
        Propose("goodwill", "A courier brings the card tonight."),
        Confirm("phone", "She is content with that."),
        FollowUp(True, 9, "It arrived."),
        Review("Put a number that is answered on the machine."),
    ]
    actor = Actor("a-head", "department_head", None)
    context = Context(now, actor, policy, {policy.hash: policy})
    case: Case | None = None
    events: list[Event] = []
    for command in commands:
        decision = decide(case, command, context)
        assert not isinstance(decision, Rejection), decision
        for event in decision:
            events.append(event)
            version = len(events)
            case = evolve(case, UUID(int=0), Recorded(version, version, event, now, now, policy.hash, actor.id))
    return tuple(events)


async def write_lives(pool: asyncpg.Pool, policy: Policy, count: int) -> None:
    """Append whole lives of so many cases of one customer, many of them at the same time."""
    appender = Appender(pool)
    events, customer_ref = a_life(policy), sample()["customer"]["ref"]
    key = a_key(customer_ref)

    async def live(case_id: UUID) -> None:
        for version, event in enumerate(events):
            command = Append(
                tenant="default",
                stream_id=case_id,
                expected_version=version,
                actor="a-head",
                correlation_id=case_id,
                causation_id=None,
                events=(new_event(event, datetime.now(UTC), policy.hash, key),),
                receipt=None,
                data_key=None if version else DataKey(key.key_id, customer_ref),
            )
            verdict = await appender.append(command)
            assert isinstance(verdict, Appended), verdict

    async def write(case_ids: Iterator[UUID]) -> None:
        for case_id in case_ids:
            await live(case_id)

    # Many cases live at the same time: their events stand mixed in the log.
    case_ids = (uuid7() for _ in range(count))
    try:
        await asyncio.gather(*(write(case_ids) for _ in range(_LIVING)))
    finally:
        await appender.aclose()
