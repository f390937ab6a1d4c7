"""Two months of a desk, made up by a seed: every command, every state, timers at their time and once too late.

The same seed gives the same log. Cases move in turn, as they do in a log; positions count all their events.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from amends_domain import commands as c
from amends_domain.case import ALL_BRANCHES
from amends_domain.commands import Command
from amends_domain.decide import Rejection
from amends_domain.event_codec import encode
from amends_domain.events import FlagsChanged, IncidentOpened, LinkedToIncident, Recorded
from amends_domain.policy import Policy
from amends_domain.transitions import allowed
from amends_platform.policy.book import keep
from amends_platform.policy.files import LoadedPolicy, load_policy
from tests.support.desk import COMMANDS, STAFF, Asked
from tests.support.lives import HANDLER, HEAD, Life, actor, life, receive

ZONE = ZoneInfo("Asia/Shanghai")
BEGINS = datetime(2026, 9, 3, 1, 0, tzinfo=UTC)
ENDS = datetime(2026, 11, 4, 1, 0, tzinfo=UTC)
NEW_POLICY = datetime(2026, 10, 12, tzinfo=ZONE)
# Nobody's timers run over the end of October.
OUTAGE = (datetime(2026, 10, 31, 20, tzinfo=ZONE), datetime(2026, 11, 1, 3, tzinfo=ZONE))
BRANCHES = ("north-street", "north-street", "harbour", "old-town")
TYPES = ("waiting_time", "waiting_time", "mis_selling", "atm_card_or_cash", None)
CHANNELS = ("phone", "phone", "counter", "app", "regulator")
KINDS = ("complaint",) * 7 + ("inquiry", "inquiry", "suggestion", "praise")
INDICATORS = ("listened", "explained", "speed")

_EXECUTIVE = actor("executive")
# What is asked, and how often. A command that the desk learns later changes nothing here.
_WEIGHTS = {
    **dict.fromkeys(("apologize", "investigate", "propose", "confirm", "follow-up", "approve", "accept"), 40.0),
    **dict.fromkeys(("keep-promise", "close-unsatisfied", "decline"), 25.0),
    **dict.fromkeys(("on-the-spot", "hand-off", "promise", "contact", "act", "refuse"), 4.0),
    **dict.fromkeys(("review", "reopen", "merge", "assign", "agree-callback", "classify", "flag", "escalate"), 1.0),
    **dict.fromkeys(("extend", "retime", "link", "correct", "note", "reject"), 1.0),
    **dict.fromkeys(("withdraw", "hold", "release-hold"), 0.3),
}
_MINUTES = (7, 45, 300, 900, 1500, 1800, 4000, 9000)
_SYSTEM = "system:workflow"


class Row(NamedTuple):
    """An event of the log, and whose it is."""

    case_id: UUID
    recorded: Recorded

    @property
    def raw(self) -> dict[str, Any]:
        """As the log has it: plain values, times as text."""
        one = self.recorded
        return {
            "case": str(self.case_id),
            "position": one.position,
            "version": one.version,
            "type": one.event.TYPE,
            "occurred_at": one.occurred_at,
            "recorded_at": one.recorded_at,
            "policy": one.policy,
            "actor": one.actor,
            "data": encode(one.event)[0],
        }


class MadeUp(NamedTuple):
    """A log, in the order of its positions, and the policies that judged it, in the order of their publication."""

    rows: tuple[Row, ...]
    policies: tuple[Policy, ...]

    def known_on(self, end: datetime) -> dict[UUID, list[Recorded]]:
        """The cases by what was recorded before an instant."""
        cases: dict[UUID, list[Recorded]] = {}
        for row in self.rows:
            if row.recorded.recorded_at < end:
                cases.setdefault(row.case_id, []).append(row.recorded)
        return cases


@cache
def month_policy() -> LoadedPolicy:
    return load_policy(Path(__file__).with_name("month.yaml"))


@cache
def next_policy() -> LoadedPolicy:
    """The next version of it."""
    with NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(month_policy().document.replace("version: 1", "version: 2"))
        file.flush()
        return load_policy(file.name)


@cache
def made_up(seed: int, cases: int = 100) -> MadeUp:
    """A log of so many cases."""
    desk = _Desk(Random(seed))
    for number in range(cases):
        desk.plan(desk.between(BEGINS, ENDS - timedelta(days=2)), "begin", UUID(int=0x0189 << 112 | number))
    desk.run()
    rows = [Row(case_id, one) for case_id, told in desk.lives.items() for one in told.recorded]
    return MadeUp(
        tuple(sorted(rows, key=lambda row: row.recorded.position)), (month_policy().policy, next_policy().policy)
    )


@dataclass
class _Desk:
    random: Random
    lives: dict[UUID, Life] = field(default_factory=dict)
    position: int = 0
    planned: list[tuple[datetime, int, str, UUID]] = field(default_factory=list)
    steps: dict[UUID, int] = field(default_factory=dict)

    def between(self, first: datetime, last: datetime) -> datetime:
        return first + timedelta(seconds=self.random.randrange(int((last - first).total_seconds())))

    def plan(self, at: datetime, what: str, case_id: UUID) -> None:
        heapq.heappush(self.planned, (at, len(self.planned) + self.random.randrange(10**9), what, case_id))

    def run(self) -> None:
        while self.planned and self.planned[0][0] < ENDS:
            at, _, what, case_id = heapq.heappop(self.planned)
            if what == "timers" and OUTAGE[0] <= at < OUTAGE[1]:
                self.plan(OUTAGE[1], "timers", case_id)
                continue
            {"begin": self._begin, "timers": self._timers, "act": self._act}[what](case_id, at)

    def _now(self, case_id: UUID, at: datetime) -> Life:
        told = self.lives.get(case_id) or life(month_policy().policy, case_id=case_id)
        if at >= NEW_POLICY and told.policy.version == 1:
            told = told.under(next_policy().policy)
        return replace(told, now=at, position=self.position)

    def _keep(self, told: Life) -> None:
        before = self.lives.get(told.case_id)
        self.lives[told.case_id] = told
        if before is None or told.recorded != before.recorded:
            self.position = told.recorded[-1].position
            owed = told.firings()
            if owed:
                self.plan(max(owed[0].at, told.now), "timers", told.case_id)

    def _timers(self, case_id: UUID, at: datetime) -> None:
        self._keep(self._now(case_id, at).fired())

    def _begin(self, case_id: UUID, at: datetime) -> None:
        choose, now = self.random.choice, self._now(case_id, at)
        number = case_id.int & 0xFFFF
        if number % 23 == 5:
            branch = choose(("harbour", ALL_BRANCHES))
            opened = IncidentOpened(
                "A bad day", "cause", "process_too_slow", branch, "s-1", automatic=choose((True, False))
            )
            self._keep(now.happened(opened, actor=_SYSTEM))
            return
        is_history = number % 17 == 3
        received = receive(
            kind=choose(KINDS),
            branch=choose(BRANCHES),
            channel=choose(CHANNELS),
            customer_ref=f"C-{self.random.randrange(24)}",
            type=choose(TYPES),
            cause=choose(("process_too_slow", None, None)),
            historical=is_history,
            occurred_at=at - timedelta(days=90) if is_history else choose((None, None, at - timedelta(minutes=200))),
            reply_by=None if is_history else choose((None, None, at + timedelta(hours=30))),
            flags=choose(((), (), ("urgent",), ("repeat",))),
        )
        self._keep(now.does(received))
        self.steps[case_id] = self.random.randrange(4, 22)
        self._go_on(case_id, at)

    def _go_on(self, case_id: UUID, at: datetime) -> None:
        self.steps[case_id] -= 1
        if self.steps[case_id] > 0:
            self.plan(at + timedelta(minutes=self.random.choice(_MINUTES)), "act", case_id)

    def _act(self, case_id: UUID, at: datetime) -> None:
        now = self._now(case_id, at)
        if self.random.random() < 0.06 and now.told.is_open:
            self._keep(now.happened(*self._of_itself(now), actor=_SYSTEM))
        else:
            self._asked(now)
        self._go_on(case_id, at)

    def _of_itself(self, now: Life) -> tuple[Any, ...]:
        incidents = [each.case_id for each in self.lives.values() if each.told.incident_of is not None]
        if incidents and now.told.incident is None and self.random.random() < 0.6:
            return (LinkedToIncident(str(incidents[0]), automatic=True),)
        if "repeat" in now.told.flags:
            return (FlagsChanged(removed=("repeat",)),)
        return (FlagsChanged(added=("repeat",), earlier_case=str(now.case_id)),)

    def _asked(self, now: Life) -> None:
        names = [name for name in allowed(now.told) if name in _WEIGHTS]
        [name] = self.random.choices(names, [_WEIGHTS[name] for name in names])
        by = self.random.choice((HEAD, HEAD, HANDLER, _EXECUTIVE))
        claimed = None
        if self.random.random() < 0.15:
            claimed = max(now.told.received_at, now.now - timedelta(minutes=self.random.choice((5, 90, 3000))))
        other = self._earlier(now)
        if name == "merge":
            if other is not None:
                self._merge(now, other)
            return
        asked = Asked(
            now,
            other or now,
            self.random.randrange(40),
            now.now + timedelta(hours=self.random.randrange(1, 120)),
            self.random.choice(STAFF),
        )
        outcome = now.decided(self._command(name, asked), by, other=other, occurred_at=claimed)
        if not isinstance(outcome, Rejection):
            self._keep(now.happened(*outcome, occurred_at=claimed, actor=by.id))

    def _command(self, name: str, asked: Asked) -> Command:
        if name == "follow-up" and self.random.random() < 0.85:
            answers = {each: self.random.randrange(1, 11) for each in INDICATORS if self.random.random() < 0.5}
            return c.FollowUp(True, self.random.randrange(1, 11), answers=answers or None)
        if name == "classify" and asked.life.told.kind == "inquiry":
            return c.Classify(kind="complaint", reason="It is one.")
        return COMMANDS[name](asked)

    def _earlier(self, now: Life) -> Life | None:
        """An earlier case of the same customer."""
        same = (each for each in self.lives.values() if each.told.customer_ref == now.told.customer_ref)
        return next((each for each in same if each.case_id != now.case_id), None)

    def _merge(self, now: Life, other: Life) -> None:
        survivor = self._now(other.case_id, now.now)
        outcome = now.decided(c.Merge(survivor.case_id, "One matter."), HEAD, other=survivor)
        if isinstance(outcome, Rejection):
            return
        merged, _ = now.merged_into(survivor, HEAD)
        self._keep(merged)
        # Its events stand behind those of the other case.
        _, gained = now.merged_into(replace(survivor, position=self.position), HEAD)
        self._keep(gained)


_INSERT = """
    INSERT INTO events (position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
                        correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash)
    SELECT r.position, r.stream_id, r.version, r.id, r.type, 1, r.occurred_at, r.recorded_at, 'default', r.actor,
           r.id, NULL, r.policy_hash, r.data::json, NULL, NULL,
           leaf_hash(r.position, r.stream_id, r.version, r.id, r.type, 1, r.occurred_at, r.recorded_at, 'default',
                     r.actor, r.id, NULL, r.policy_hash, r.data, NULL, NULL)
    FROM unnest($1::bigint[], $2::uuid[], $3::integer[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[],
                $8::text[], $9::bytea[], $10::text[])
      AS r (position, stream_id, version, id, type, occurred_at, recorded_at, actor, policy_hash, data)
    ORDER BY r.position
"""


async def publish_policies(conn: asyncpg.Connection) -> None:
    """Both policies, each put in force when it was; by the owner."""
    for loaded, at in ((month_policy(), BEGINS - timedelta(days=9)), (next_policy(), NEW_POLICY)):
        await keep(conn, loaded)
        await conn.execute(
            "INSERT INTO publications (tenant, policy_hash, published_at, published_by)"
            " VALUES ('default', $1, $2, 'tests')",
            *(bytes.fromhex(loaded.policy.hash), at),
        )


async def write_rows(conn: asyncpg.Connection, rows: Sequence[Row]) -> None:
    """Events, as they are, into the log; by the owner."""
    columns = [
        [one.position for _, one in rows],
        [case_id for case_id, _ in rows],
        [one.version for _, one in rows],
        [UUID(int=0x77 << 112 | one.position) for _, one in rows],
        [one.event.TYPE for _, one in rows],
        [one.occurred_at for _, one in rows],
        [one.recorded_at for _, one in rows],
        [one.actor for _, one in rows],
        [bytes.fromhex(one.policy or "") for _, one in rows],
        [orjson.dumps(encode(one.event)[0]).decode() for _, one in rows],
    ]
    await conn.execute(_INSERT, *columns)
