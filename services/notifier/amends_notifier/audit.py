"""What was published held against what the log says must have been: message by message, and in which order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from amends_domain.event_codec import UnknownEventType
from amends_domain.evolve import BrokenStream
from amends_notifier.announcing import CHECKPOINT as ANNOUNCED
from amends_notifier.checkpoint_messages import checkpoint_message
from amends_notifier.held import Copy, Extent, Held, digest_of_message, read_stream
from amends_notifier.leadership import CHECKPOINT as PUBLISHED
from amends_notifier.messages import Message
from amends_notifier.publisher import AHEAD_MAX
from amends_notifier.reading import Reading
from amends_notifier.stream import STREAM
from amends_platform.evidence.tree_head import checkpoints_after
from amends_store.errors import LogHole
from amends_store.read import head_position, read_log
from amends_store.records import StoredEvent

_BATCH: Final = 500
# Told one by one up to here, and only counted from here on.
_NAMED_MAX: Final = 1_000
# A notifier may be behind the log for a moment. If it does not move for this long, none runs.
_STANDSTILL_SECONDS_MAX: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.1

# Hears the stage ("fetching" messages, then "matching" events), how many are done, of how many.
OnProgress = Callable[[str, int, int], None]


class Finding(NamedTuple):
    """Where log and stream do not say the same. `case_id` is None, `reference` empty, where it is no case's."""

    case_id: UUID | None
    reference: str
    position: int
    what: str


@dataclass
class Audit:
    """What was compared, and what was found. `published`: up to this position messages must be there.

    `repeated` counts copies beyond the first, `older` messages that lack fields which this release adds, `forgotten`
    the events of which the stream, which does not keep everything, no longer has a message.
    """

    published: int = 0
    events: int = 0
    checkpoints: int = 0
    messages: int = 0
    repeated: int = 0
    older: int = 0
    forgotten: int = 0
    findings: list[Finding] = field(default_factory=list)


class _Expected(NamedTuple):
    """A message that must be there if `due`; that of an event has a case, that of a checkpoint has none."""

    message: Message
    position: int
    case_id: UUID | None
    due: bool


async def audit(conn: asyncpg.Connection, js: JetStreamContext, tenant: str, on_progress: OnProgress) -> Audit:
    """Compare everything. `conn` may look at the log and the checkpoints. Raises asyncpg's and nats.errors' errors."""
    found = Audit()
    found.published, head = await _until_published(conn)
    if found.published < head:
        behind = f"the notifier stands still {head - found.published:,} events behind the log: does it run?"
        found.findings.append(Finding(None, "", found.published, behind))
    announced = await _position_of(conn, ANNOUNCED)
    held = Held()
    try:
        extent = await read_stream(js, held, lambda done, total: on_progress("fetching", done, total))
        found.messages = extent.messages
        matching = _Matching(held, extent, js, found)
        await matching.of_events(conn, tenant, lambda done, total: on_progress("matching", done, total))
        await matching.of_checkpoints(conn, tenant, announced)
        await matching.end()
    except NotFoundError:
        found.findings.append(Finding(None, "", 0, f"the broker has no stream {STREAM}"))
    except LogHole as hole:
        found.findings.append(Finding(None, "", found.events + 1, f"the log has a hole: {hole}"))
    finally:
        held.close()
    return found


class _Matching:
    """Looks up what must be there in what is held, and writes down what is not as it must be."""

    def __init__(self, held: Held, extent: Extent, js: JetStreamContext, found: Audit) -> None:
        self._held = held
        self._extent = extent
        self._js = js
        self._found = found
        self._unnamed = 0
        # By case: where in the stream the last event was told of.
        self._told_at: dict[UUID, int] = {}
        if extent.first_sequence > 1 and not extent.forgets:
            first = f"the stream begins at message {extent.first_sequence:,}, though it is to forget nothing"
            found.findings.append(Finding(None, "", 0, first))

    async def of_events(self, conn: asyncpg.Connection, tenant: str, on_progress: Callable[[int, int], None]) -> None:
        """Match the messages of all events that there are now. Raises LogHole."""
        head = await head_position(conn)
        reading, broken = Reading(conn, conn, tenant), set[UUID]()
        while self._found.events < head:
            rows = await read_log(conn, after=self._found.events, limit=min(_BATCH, head - self._found.events))
            expected = []
            for row in rows:
                if row.stream_id not in broken:
                    message = await self._message(reading, row)
                    if message is None:
                        broken.add(row.stream_id)
                    else:
                        expected.append(_Expected(message, row.position, row.stream_id, self._is_due(row)))
            await self._match(expected)
            # What is told of a case that the log does not make cannot be judged.
            self._held.copies(str(row.id) for row in rows if row.stream_id in broken)
            self._found.events = rows[-1].position
            on_progress(self._found.events, head)

    async def of_checkpoints(self, conn: asyncpg.Connection, tenant: str, announced: int) -> None:
        """Match the messages of the signed checkpoints, which were published up to the size `announced`."""
        size = 0
        while signed := await checkpoints_after(conn, size, _BATCH):
            await self._match(
                _Expected(checkpoint_message(tenant, each), each.tree_size, None, each.tree_size <= announced)
                for each in signed
            )
            self._found.checkpoints += len(signed)
            size = signed[-1].tree_size

    async def end(self) -> None:
        """What is held and was not looked up is unexpected."""
        for number, sequence in enumerate(self._held.unmarked()):
            if number == _NAMED_MAX:
                self._unnamed += sum(1 for _ in self._held.unmarked()) - _NAMED_MAX
                break
            kept = await self._js.get_msg(STREAM, sequence)
            said = _said(kept)
            what = f"message {sequence:,} ({kept.subject}) tells of nothing that the log has"
            self._found.findings.append(Finding(_case_of(said), _text(said, "reference"), _number(said), what))
        if self._unnamed:
            self._found.findings.append(Finding(None, "", 0, f"… and {self._unnamed:,} messages more"))

    async def _message(self, reading: Reading, row: StoredEvent) -> Message | None:
        try:
            return await reading.message(row)
        except (UnknownEventType, BrokenStream) as error:
            what = f"what must have been published cannot be told: {error}"
            self._found.findings.append(Finding(row.stream_id, "", row.position, what))
            return None

    def _is_due(self, row: StoredEvent) -> bool:
        return row.position <= self._found.published

    async def _match(self, expected: Iterable[_Expected]) -> None:
        wanted = {each.message.headers["Nats-Msg-Id"]: each for each in expected}
        copies = self._held.copies(wanted)
        for message_id, each in wanted.items():
            if message_id in copies:
                await self._compare(each, copies[message_id])
            elif each.due:
                self._is_missing(each)

    async def _compare(self, expected: _Expected, copies: list[Copy]) -> None:
        digest = digest_of_message(expected.message)
        self._found.repeated += len(copies) - 1
        for copy in copies:
            if copy.digest != digest:
                await self._explain(expected, copy)
        if expected.case_id is None:
            return
        after = self._told_at.get(expected.case_id, 0)
        # Whoever publishes the log once more tells a case once more from an earlier event on.
        told_at = next((copy.sequence for copy in copies if copy.sequence > after), None)
        if told_at is None:
            self._add(expected, f"message {copies[-1].sequence:,} comes before that of an earlier event ({after:,})")
        else:
            self._told_at[expected.case_id] = told_at

    async def _explain(self, expected: _Expected, copy: Copy) -> None:
        kept = await self._js.get_msg(STREAM, copy.sequence)
        reasons = list(_differences(kept, expected.message))
        if not reasons:
            self._found.older += 1
        for reason in reasons:
            self._add(expected, f"message {copy.sequence:,}: {reason}")

    def _is_missing(self, expected: _Expected) -> None:
        if self._is_forgotten(expected):
            self._found.forgotten += 1
        elif len(self._found.findings) < _NAMED_MAX:
            type_ = expected.message.headers["ce-type"]
            self._add(expected, f"no message tells of it ({type_}, {expected.message.subject})")
        else:
            self._unnamed += 1

    def _is_forgotten(self, expected: _Expected) -> bool:
        """Whether its message stood, or may have stood, before what the stream still has."""
        if self._extent.forgets_within:
            return True
        if self._extent.first_sequence <= 1:
            return False
        first = self._extent.first_position
        # Messages of different cases pass one another, though not by more than this.
        return expected.case_id is None or first is None or expected.position < first + AHEAD_MAX

    def _add(self, expected: _Expected, what: str) -> None:
        reference = "" if expected.case_id is None else _text(orjson.loads(expected.message.payload), "reference")
        self._found.findings.append(Finding(expected.case_id, reference, expected.position, what))


def _differences(kept: RawStreamMsg, expected: Message) -> Iterator[str]:
    """What is otherwise, in words; nothing when all there is that an older release did not say it yet."""
    if kept.subject != expected.subject:
        yield f"its subject is {kept.subject}, and the log makes it {expected.subject}"
    headers = kept.headers or {}
    for name, value in expected.headers.items():
        if headers.get(name) != value:
            yield f"{name} is {headers.get(name)}, and the log makes it {value}"
    said, must = _said(kept), orjson.loads(expected.payload)
    if not said:
        yield "it is no JSON object"
        return
    for name in sorted(said.keys() | must.keys()):
        if name not in must:
            yield f"it says {name}, which is not to be said"
        elif name in said and said[name] != must[name]:
            yield f"{name} is {said[name]}, and the log makes it {must[name]}"


def _said(kept: RawStreamMsg) -> dict[str, Any]:
    """What a message of the stream says; nothing if it is no JSON object."""
    try:
        said = orjson.loads(kept.data or b"")
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _case_of(said: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(_text(said, "case_id"))
    except ValueError:
        return None


def _text(said: Mapping[str, Any], name: str) -> str:
    return str(said.get(name, ""))


def _number(said: Mapping[str, Any]) -> int:
    position = said.get("position")
    return position if isinstance(position, int) else 0


async def _until_published(conn: asyncpg.Connection) -> tuple[int, int]:
    """Wait for the notifier to come to where the log ends now, or to stand still: where it is, and that end."""
    head = await head_position(conn)
    position, since = -1, time.monotonic()
    while True:
        now_at = await _position_of(conn, PUBLISHED)
        if now_at > position:
            position, since = now_at, time.monotonic()
        if position >= head or time.monotonic() - since > _STANDSTILL_SECONDS_MAX:
            return position, head
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _position_of(conn: asyncpg.Connection, name: str) -> int:
    return int(await conn.fetchval("SELECT position FROM checkpoints WHERE name = $1", name) or 0)
