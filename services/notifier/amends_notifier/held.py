"""What the stream holds, read once from its first message to its last, and kept aside to be looked up by id.

On disk, in a database that is gone when it is closed: ten million messages have no room in memory.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

import nats.errors
import orjson
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamConfig

from amends_notifier.messages import Message
from amends_notifier.stream import STREAM

_BATCH_MESSAGES: Final = 1_000
_FETCH_SECONDS_MAX: Final = 10.0
# A consumer that its reader left behind: the broker forgets it after this.
_CONSUMER_SECONDS: Final = 60.0

# What we put there ourselves. The client adds others of its own.
_HEADERS: Final = frozenset(
    {
        "Nats-Msg-Id",
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-subject",
        "ce-time",
        "ce-datacontenttype",
        "content-type",
        "traceparent",
    }
)


class Copy(NamedTuple):
    """A message of the stream. `digest` is that of all we said in it."""

    sequence: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Extent:
    """What of the stream was read: `first_position` is that of the first event told of, None where there is none.

    `forgets`: by its configuration the stream keeps only so much; `forgets_within`: not only the oldest go.
    """

    first_sequence: int
    messages: int
    first_position: int | None
    forgets: bool
    forgets_within: bool


def digest_of(subject: str, headers: Mapping[str, str], payload: bytes) -> bytes:
    """A digest that differs when any of what we say in a message does."""
    said = [[name, headers[name]] for name in sorted(_HEADERS & headers.keys())]
    return hashlib.sha256(orjson.dumps([subject, said]) + b"\n" + payload).digest()


def digest_of_message(message: Message) -> bytes:
    """That of a message as it is published."""
    return digest_of(message.subject, message.headers, message.payload)


class Held:
    """The messages of the stream by their ids. `mark` those that are as they should be; the others are left."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE held (sequence INTEGER PRIMARY KEY, id TEXT, digest BLOB, marked INTEGER DEFAULT 0)"
        )

    def close(self) -> None:
        self._database.close()

    def add(self, messages: Iterable[tuple[int, str, bytes]]) -> None:
        """Sequence, id and digest of each."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO held (sequence, id, digest) VALUES (?, ?, ?)", messages)
        self._database.execute("COMMIT")

    def complete(self) -> None:
        """All are added: from now on they are looked up."""
        self._database.execute("CREATE INDEX held_by_id ON held (id)")

    def copies(self, ids: Iterable[str]) -> dict[str, list[Copy]]:
        """Every copy of the messages with these ids, in the order of the stream; they are marked."""
        wanted = orjson.dumps(list(ids)).decode()
        found: dict[str, list[Copy]] = {}
        rows = self._database.execute(
            "SELECT id, sequence, digest FROM held WHERE id IN (SELECT value FROM json_each(?)) ORDER BY sequence",
            (wanted,),
        )
        for message_id, sequence, digest in rows:
            found.setdefault(message_id, []).append(Copy(sequence, digest))
        self._database.execute("UPDATE held SET marked = 1 WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        return found

    def unmarked(self) -> Iterator[int]:
        """The sequences of the messages that nobody asked for."""
        yield from (sequence for (sequence,) in self._database.execute("SELECT sequence FROM held WHERE NOT marked"))


async def read_stream(js: JetStreamContext, held: Held, on_progress: Callable[[int, int], None]) -> Extent:
    """Put everything that the stream has now into `held`. Raises nats.errors.Error, NotFoundError without a stream."""
    info = await js.stream_info(STREAM)
    first, last = info.state.first_seq, info.state.last_seq
    count, first_position = 0, None
    async for messages in _batches(js, info.state.messages, last):
        held.add((_sequence(each), (each.headers or {}).get("Nats-Msg-Id", ""), _digest(each)) for each in messages)
        count += len(messages)
        if first_position is None:
            first_position = next((found for each in messages if (found := _position(each)) is not None), None)
        on_progress(_sequence(messages[-1]) - first + 1, last - first + 1)
    held.complete()
    within = (info.config.max_msgs_per_subject or 0) > 0
    return Extent(first, count, first_position, _forgets(info.config), within)


async def _batches(js: JetStreamContext, pending: int, last: int) -> AsyncIterator[list[Msg]]:
    """The messages up to sequence `last`, by a consumer of our own that acknowledges nothing and leaves no trace."""
    if not pending:
        return
    config = ConsumerConfig(
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.ALL,
        inactive_threshold=_CONSUMER_SECONDS,
        mem_storage=True,
    )
    subscription = await js.pull_subscribe("", stream=STREAM, config=config)
    try:
        while pending:
            # Never more than there are: the broker would wait for the rest.
            messages = await subscription.fetch(min(_BATCH_MESSAGES, pending), timeout=_FETCH_SECONDS_MAX)
            pending = messages[-1].metadata.num_pending if _sequence(messages[-1]) < last else 0
            yield [message for message in messages if _sequence(message) <= last]
    finally:
        with suppress(nats.errors.Error):
            await subscription.unsubscribe()


def _sequence(message: Msg) -> int:
    return int(message.metadata.sequence.stream)


def _digest(message: Msg) -> bytes:
    return digest_of(message.subject, message.headers or {}, message.data)


def _position(message: Msg) -> int | None:
    """The position that a message of an event tells, if it is one."""
    try:
        position = orjson.loads(message.data)["position"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return position if isinstance(position, int) else None


def _forgets(config: StreamConfig) -> bool:
    limits = (config.max_msgs, config.max_bytes, config.max_age, config.max_msgs_per_subject)
    return any((limit or 0) > 0 for limit in limits)
