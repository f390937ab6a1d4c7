"""What the stream holds, held against the log: whatever was altered in either is named by case and position."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from nats.js.api import StreamConfig

from amends_domain.events import ApologyGiven, NoteAdded
from amends_notifier import audit as auditing
from amends_notifier.audit import Audit, Finding, audit
from amends_notifier.publisher import AHEAD_MAX
from amends_notifier.stream import STREAM, SUBJECTS
from amends_platform.auditing import auditor_connection
from amends_platform.failures import CannotReach
from amends_platform.replaying.differences import Difference
from amends_platform.replaying.messages import compare_messages
from amends_platform.settings import Settings
from tests.support.nats import NatsServer
from tests.support.notifying import Kept, Log, a_notifier, connected, kept, received, until
from tests.support.postgres import Database


async def audited(database: Database, nats_url: str) -> Audit:
    async with connected(nats_url) as client, auditor_connection(database.url) as conn:
        return await audit(conn, client.jetstream(), "default", _heard)


def _heard(stage: str, done: int, total: int) -> None:
    assert 0 < done <= total, stage


async def published(log: Log, database: Database, nats_url: str, **config: Any) -> None:
    """Three cases of four events each, mixed, in a stream that is made like this."""
    async with connected(nats_url) as client:
        await client.jetstream().add_stream(StreamConfig(name=STREAM, subjects=list(SUBJECTS), **config))
    await log.cases(3, 4)
    async with a_notifier(database, nats_url):
        await log.published()


async def publish_again(nats_url: str, messages: Iterable[Kept]) -> None:
    """Put the messages into the stream once more, past its looking out for repeats."""
    async with connected(nats_url) as client:
        for message in messages:
            # The broker takes a repeat as soon as it has forgotten the first one.
            await until(partial(_is_taken, client, message), "the broker takes no repeat")


async def _is_taken(client: Client, message: Kept) -> bool:
    return not (await client.jetstream().publish(message.subject, message.raw, headers=message.headers)).duplicate


async def test_what_was_published_is_what_the_log_says(log: Log, database: Database, nats_server: NatsServer) -> None:
    await log.cases(20, 6)
    async with a_notifier(database, nats_server.url):
        await log.cases(20, 6)
        await log.published()
    found = await audited(database, nats_server.url)
    assert found == Audit(published=240, events=240, messages=240)


async def test_messages_that_come_again_are_counted_and_are_no_difference(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url, duplicate_window=0.1)
    messages = await kept(nats_server.url)
    await publish_again(nats_server.url, messages[6:])
    found = await audited(database, nats_server.url)
    assert (found.findings, found.messages, found.repeated) == ([], 18, 6)


async def test_whatever_is_missing_altered_added_or_out_of_order_is_named(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url, duplicate_window=0.1)
    messages = await kept(nats_server.url)
    by_position = {message.said["position"]: message for message in messages}
    references = {position: message.said["reference"] for position, message in by_position.items()}
    cases = {position: UUID(message.said["case_id"]) for position, message in by_position.items()}
    stranger = Kept(0, "amends.v1.default.event.note-added", {"Nats-Msg-Id": str(uuid4())}, b"{}")
    forged = by_position[5]
    forged = Kept(0, forged.subject, forged.headers, forged.raw.replace(b"north-street", b"south-street"))
    moved = by_position[6]
    moved = Kept(0, moved.subject + "x", moved.headers, moved.raw)
    async with connected(nats_server.url) as client:
        for position in (4, 5, 6):
            await client.jetstream().delete_msg(STREAM, by_position[position].sequence)
    await publish_again(nats_server.url, [stranger, forged, moved])
    found = await audited(database, nats_server.url)
    named = {(finding.position, finding.what.partition(": ")[2] or finding.what) for finding in found.findings}
    late = "comes before that of an earlier event"
    assert {each for each in named if late not in each[1]} == {
        (0, "message 13 (amends.v1.default.event.note-added) tells of nothing that the log has"),
        (4, f"no message tells of it (contact-recorded, {by_position[4].subject})"),
        (5, "branch is south-street, and the log makes it north-street"),
        (6, f"its subject is {moved.subject}, and the log makes it {by_position[6].subject}"),
    }
    # The two that were put in anew stand behind those of the later events of their cases.
    out_of_order = {finding.position for finding in found.findings if late in finding.what}
    later = {position for position, message in by_position.items() if message.said["version"] > 2}
    assert out_of_order == {position for position in later if cases[position] in (cases[5], cases[6])}
    for finding in found.findings:
        if finding.position:
            assert (finding.case_id, finding.reference) == (cases[finding.position], references[finding.position])


async def test_a_log_that_was_altered_no_longer_says_what_was_published(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    case_id = uuid4()
    await log.append(case_id, received(), ApologyGiven("phone"), NoteAdded())
    async with a_notifier(database, nats_server.url):
        await log.published()
    await database.execute("ALTER TABLE events DISABLE TRIGGER USER")
    await database.execute("UPDATE events SET data = replace(data::text, 'north', 'south')::json WHERE version = 1")
    await database.execute("UPDATE events SET occurred_at = occurred_at - interval '1 h' WHERE version = 3")
    found = await audited(database, nats_server.url)
    assert [(each.position, each.what.split()[2]) for each in found.findings] == [
        (1, "branch"),
        (2, "branch"),
        (3, "ce-time"),
        (3, "branch"),
        (3, "occurred_at"),
    ]
    assert "branch is north-street, and the log makes it south-street" in found.findings[0].what


async def test_what_a_limited_stream_no_longer_holds_is_counted_and_is_no_difference(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url, max_msgs=5)
    found = await audited(database, nats_server.url)
    assert found == Audit(published=12, events=12, messages=5, forgotten=7)


async def test_a_stream_that_forgets_nothing_and_yet_has_lost_its_beginning_is_told(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url)
    async with connected(nats_server.url) as client:
        await client.jetstream().purge_stream(STREAM, seq=4)
    found = await audited(database, nats_server.url)
    assert found.findings == [Finding(None, "", 0, "the stream begins at message 4, though it is to forget nothing")]
    assert found.forgotten == 3 < AHEAD_MAX


async def test_a_message_of_an_older_release_may_say_less(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url, duplicate_window=0.1)
    last = (await kept(nats_server.url))[-1]
    async with connected(nats_server.url) as client:
        await client.jetstream().delete_msg(STREAM, last.sequence)
    older = last.raw.replace(b',"owed_by":null', b"")
    assert older != last.raw
    await publish_again(nats_server.url, [Kept(0, last.subject, last.headers, older)])
    found = await audited(database, nats_server.url)
    assert (found.findings, found.older) == ([], 1)


async def test_a_broker_without_the_stream_and_a_notifier_that_stands_still_are_told(
    log: Log, database: Database, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "_STANDSTILL_SECONDS_MAX", 0.1)
    await log.cases(1, 2)
    found = await audited(database, nats_server.url)
    assert [finding.what for finding in found.findings] == [
        "the notifier stands still 2 events behind the log: does it run?",
        "the broker has no stream AMENDS",
    ]


async def test_a_case_that_the_log_does_not_make_is_told_once_and_the_others_are_compared(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url)
    await database.execute("ALTER TABLE events DISABLE TRIGGER USER")
    await database.execute("UPDATE events SET type = 'complaint-lost' WHERE position = 4")
    found = await audited(database, nats_server.url)
    assert [(each.position, each.what) for each in found.findings] == [
        (4, "what must have been published cannot be told: complaint-lost")
    ]
    assert (found.events, found.messages) == (12, 12)


async def test_a_replay_asks_the_notifier_as_a_program_and_names_what_it_finds(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await published(log, database, nats_server.url)
    lost = (await kept(nats_server.url))[7]
    async with connected(nats_server.url) as client:
        await client.jetstream().delete_msg(STREAM, lost.sequence)
    heard: list[str] = []
    settings = Settings.load(database_url=database.url, nats_url=nats_server.url)
    found = await compare_messages(settings, lambda stage, _done, _total: heard.append(stage))
    assert (found.published, found.events, found.messages) == (12, 12, 11)
    what = f"no message tells of it ({lost.headers['ce-type']}, {lost.subject})"
    case = (lost.said["reference"], UUID(lost.said["case_id"]))
    assert found.differences == (Difference(*case, lost.said["position"], what),)
    assert set(heard) == {"fetching", "matching"}


async def test_a_broker_or_a_database_that_is_away_is_told_apart_from_a_difference(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    nobody = "nats://127.0.0.1:1"
    with pytest.raises(CannotReach, match=re.escape(f"NATS does not answer at {nobody}")):
        await compare_messages(Settings.load(database_url=database.url, nats_url=nobody), _heard)
    nowhere = "postgresql://127.0.0.1:1/amends"
    with pytest.raises(CannotReach, match=re.escape(f"The database {nowhere} cannot be reached")):
        await compare_messages(Settings.load(database_url=nowhere, nats_url=nats_server.url), _heard)
