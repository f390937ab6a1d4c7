"""(c) Replaying the log: reading it whole and folding every case, against fetching and parsing the same rows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

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
from amends_platform.policy_files import load_policy
from amends_platform.recorded import new_event, recorded
from amends_platform.sealing import MasterKey
from amends_store.append import Appender
from amends_store.read import head_position, read_log
from amends_store.records import Append, Appended
from amends_store.statements import statement
from tests.bench.complaints import sample
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench

PAGE_EVENTS = 2_000
OURS, PLAIN = "Amends", "fetch and parse"

ABOUT = f"""
A log of whole lives of cases, from the complaint to the review, is read from its first event to its last, in pages of
{PAGE_EVENTS:,}, on one connection.

- **{OURS}**: `read_log`, every event decoded and folded into its case by `evolve`, and in the end the deadlines of
  every case derived from policy and calendar, as `amends replay` does.
- **{PLAIN}**: the same SQL statement by asyncpg's `fetch`, and `orjson.loads` of each event's data.
"""

_READ_LOG = statement("read_log")


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    policy = load_policy("bank-cn").policy
    async with bench.database() as database:
        pool = await database.pool("amends_intake")
        on_step("writing the log")
        await _write_lives(pool, policy, plan.replay_cases)
        await database.execute("VACUUM ANALYZE events")
        async with pool.acquire() as connection:
            head = await head_position(connection)
            contenders = [
                Contender(OURS, lambda: _replay(connection, policy, plan.replay_cases)),
                Contender(PLAIN, lambda: _fetch_and_parse(connection, head)),
            ]
            rounds = await take_turns(contenders, plan.rounds, on_step)
    about = f"{ABOUT}\n{head:,} events of {plan.replay_cases:,} cases.\n"
    return rounds.outcome("Replaying the log", about, rounds.ratio(OURS, PLAIN, "events/s", aim=0.5))


async def _replay(connection: asyncpg.Connection, policy: Policy, expected_cases: int) -> Figures:
    cases: dict[UUID, Case] = {}
    position = 0
    begun_at = time.perf_counter()
    while rows := await read_log(connection, after=position, limit=PAGE_EVENTS):
        for row in rows:
            cases[row.stream_id] = evolve(cases.get(row.stream_id), row.stream_id, recorded(row))
        position = rows[-1].position
    policies = {policy.hash: policy}
    deadlines = sum(len(obligations(case, policies)) for case in cases.values())
    seconds = time.perf_counter() - begun_at
    assert len(cases) == expected_cases
    assert deadlines >= expected_cases
    return {"events/s": position / seconds}


async def _fetch_and_parse(connection: asyncpg.Connection, head: int) -> Figures:
    position = 0
    begun_at = time.perf_counter()
    while rows := await connection.fetch(_READ_LOG, position, PAGE_EVENTS):
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
        Investigate("The slot was jammed.", body["cause"], True, ("clean the slots weekly",)),
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


async def _write_lives(pool: asyncpg.Pool, policy: Policy, count: int) -> None:
    appender = Appender(pool)
    events, key = a_life(policy), MasterKey(bytes(32)).new_key("default", "C-10482")

    async def write(times: int) -> None:
        for _ in range(times):
            now = datetime.now(UTC)
            life = Append(
                tenant="default",
                stream_id=uuid4(),
                expected_version=0,
                actor="a-head",
                correlation_id=uuid4(),
                causation_id=None,
                events=tuple(new_event(event, now, policy.hash, key) for event in events),
                receipt=None,
                data_key=None,
            )
            verdict = await appender.append(life)
            assert isinstance(verdict, Appended), verdict

    try:
        await asyncio.gather(*(write(count // 50) for _ in range(50)))
    finally:
        await appender.aclose()
