"""The log folded into cases, batch by batch. Cases that are open are kept whole; closed ones shrink to a number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import orjson

from amends_domain.alerts import ALERTS
from amends_domain.case import CLOSED, Case
from amends_domain.event_codec import UnknownEventType, decode
from amends_domain.events import Recorded
from amends_domain.evolve import advance, evolve
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_platform.replaying.differences import Difference, difference
from amends_platform.replaying.expected import Alert, Rows, expected_rows
from amends_platform.replaying.fired import FIRED, has_fired, uncalled_for
from amends_store.read import Executor, UpToVersion, read_stream
from amends_store.records import StoredEvent

# A closed case may yet be reviewed or reopened, most of them soon.
_CLOSED_WHOLE_MAX: Final = 20_000


class LogRow(NamedTuple):
    """What of an event is needed to fold it. A row of asyncpg's with these columns will do as well."""

    position: int
    stream_id: UUID
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    tenant: str
    actor: str
    policy_hash: bytes | None
    data: str


def log_rows(events: Iterable[StoredEvent]) -> list[LogRow]:
    """Events as the store gives them, as rows to fold."""
    return [LogRow._make(getattr(event, name) for name in LogRow._fields) for event in events]


class Folded:
    """A case as the log makes it, the reminders and breaches it had, and all of its alerts."""

    __slots__ = ("alerts", "case", "fired", "tenant")

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.case: Case | None = None
        self.fired: list[Recorded] = []
        self.alerts: list[Alert] = []


class Shrunk(NamedTuple):
    """A closed case: enough to see whether its rows are right. Its stream tells the rest."""

    version: int
    state: str
    digest: int


class Fold:
    """Feed it the log with `take`; look at `whole` and `shrunk` when all is in.

    `judged` counts the alerts that were held against the policies; `seconds` is what reading and folding took, as far
    as whoever feeds it adds it up.
    """

    def __init__(self, conn: Executor, policies: PolicyBook) -> None:
        self._conn = conn
        self._policies = policies
        self._closed: OrderedDict[UUID, None] = OrderedDict()
        self._broken: set[UUID] = set()
        self._hashes: dict[bytes | None, str | None] = {None: None}
        self.whole: dict[UUID, Folded] = {}
        self.shrunk: dict[UUID, Shrunk] = {}
        self.differences: set[Difference] = set()
        self.position = 0
        self.judged = 0
        self.seconds = 0.0

    @property
    def cases(self) -> int:
        return len(self.whole) + len(self.shrunk)

    async def take(self, rows: Sequence[LogRow]) -> None:
        """Fold the next rows of the log. What breaks a case becomes a difference; the others go on."""
        if self.shrunk:
            await self._grow(rows)
        self._fold(rows)
        self.position = rows[-1][0]
        await self._shrink()

    async def settle(self) -> None:
        """When all is in: judge the reminders and breaches of the cases that are whole."""
        for case_id, folded in self.whole.items():
            if folded.fired:
                await self._judge_fired(case_id, folded)

    def is_broken(self, case_id: UUID) -> bool:
        """Whether the log itself makes no case of this stream."""
        return case_id in self._broken

    async def regrown(self, case_id: UUID) -> Folded:
        """A shrunk case whole again, from its stream; it stays shrunk here."""
        return await self._from_stream(case_id, self.shrunk[case_id].version)

    def _fold(self, rows: Sequence[LogRow]) -> None:
        """The inner loop of every replay: about 6 µs an event, most of it in `decode` and `advance`."""
        whole, closed, hashes = self.whole, self._closed, self._hashes
        for position, case_id, version, type_, occurred_at, recorded_at, tenant, actor, policy_hash, data in rows:
            folded = whole.get(case_id)
            if folded is None:
                if case_id in self._broken:
                    continue
                folded = whole[case_id] = Folded(tenant)
            case = folded.case
            before = None if case is None else case.status
            try:
                policy = hashes.get(policy_hash)
                if policy is None and policy_hash is not None:
                    policy = hashes[policy_hash] = policy_hash.hex()
                event = decode(type_, orjson.loads(data))
                recorded = Recorded(position, version, event, occurred_at, recorded_at, policy, actor)
                if case is None:
                    case = folded.case = evolve(None, case_id, recorded)
                else:
                    # It is nobody's but ours.
                    advance(case, recorded)
            except Exception as error:
                # Whatever it is, the log does not make a case of this stream; that must be told, not stop the rest.
                self._break(case_id, case, position, error)
                continue
            if type_ in ALERTS:
                folded.alerts.append(Alert(recorded, case.owner))
            if type_ in FIRED and has_fired(event):
                folded.fired.append(recorded)
            if case.status is not before:
                if case.status in CLOSED:
                    closed[case_id] = None
                else:
                    closed.pop(case_id, None)

    def _break(self, case_id: UUID, case: Case | None, position: int, error: Exception) -> None:
        what = f"unknown event type {error}" if isinstance(error, UnknownEventType) else str(error) or repr(error)
        first_position = None if case is None else case.first_position
        self.differences.add(difference(case_id, first_position, position, f"it cannot be replayed: {what}"))
        self._broken.add(case_id)
        self._closed.pop(case_id, None)
        del self.whole[case_id]

    async def _shrink(self) -> None:
        while len(self._closed) > _CLOSED_WHOLE_MAX:
            case_id, _ = self._closed.popitem(last=False)
            folded = self.whole[case_id]
            await self._judge_fired(case_id, folded)
            case = folded.case
            assert case is not None, "a case in memory has its first event"
            rows = await self._rows_of(case, folded)
            self.shrunk[case_id] = Shrunk(case.version, case.status.value, rows.digest())
            del self.whole[case_id]

    async def _rows_of(self, case: Case, folded: Folded) -> Rows:
        return await self._policies.judge(lambda policies: expected_rows(case, folded.tenant, folded.alerts, policies))

    async def _grow(self, rows: Sequence[LogRow]) -> None:
        for case_id in {row[1] for row in rows} & self.shrunk.keys():
            self.whole[case_id] = await self._from_stream(case_id, self.shrunk.pop(case_id).version)
            self._closed[case_id] = None

    async def _from_stream(self, case_id: UUID, version: int) -> Folded:
        rows = await read_stream(self._conn, case_id, up_to=UpToVersion(version))
        folded = Folded(rows[0].tenant)
        events = all_recorded(rows)
        for event in events:
            folded.case = evolve(folded.case, case_id, event)
            if event.event.TYPE in ALERTS:
                folded.alerts.append(Alert(event, folded.case.owner))
        folded.fired = [event for event in events if has_fired(event.event)]
        return folded

    async def _judge_fired(self, case_id: UUID, folded: Folded) -> None:
        case, fired = folded.case, folded.fired
        assert case is not None, "a case in memory has its first event"
        self.judged += len(fired)
        for event, reason in await self._policies.judge(lambda policies: list(uncalled_for(case, fired, policies))):
            self.differences.add(difference(case_id, case.first_position, event.position, reason))
