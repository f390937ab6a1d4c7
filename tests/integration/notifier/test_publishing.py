"""What stands in the log comes to stand in the stream, whatever happens to the broker."""

from __future__ import annotations

import dataclasses
import shutil
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.js.api import StorageType, StreamConfig

from amends_domain.event_codec import EVENT_TYPES
from amends_domain.events import Event, OwnerAssigned
from amends_notifier.asyncapi import payload_model
from amends_notifier.examples import COMPLAINT, INCIDENT
from amends_notifier.messages import ADDED
from amends_notifier.stream import STREAM, ensure_stream
from tests.support.message_contract import hold_to_contract
from tests.support.nats import NatsServer
from tests.support.notifying import (
    SECRETS,
    Log,
    a_notifier,
    breach,
    by_case,
    connected,
    kept,
    kept_count,
    new_notifier,
    received,
    reminder,
    until,
)
from tests.support.postgres import Database


async def test_every_event_is_published_once_in_version_order_within_its_case(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(20, 6)
    async with a_notifier(database, nats_server.url):
        await log.cases(20, 6)
        await log.published()
    messages = await kept(nats_server.url)
    assert sorted(message.id for message in messages) == sorted(await log.ids())
    assert list(by_case(messages).values()) == [[1, 2, 3, 4, 5, 6]] * 40


async def test_reminders_and_breaches_go_to_subjects_of_their_own_and_to_no_other(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.append(uuid4(), received(), reminder("callback", 1), breach("callback"), OwnerAssigned("b", "a"))
    async with a_notifier(database, nats_server.url):
        await log.published()
    assert [message.subject for message in await kept(nats_server.url)] == [
        "amends.v1.default.event.complaint-received",
        "amends.v1.default.reminder.callback",
        "amends.v1.default.breach.callback",
        "amends.v1.default.event.owner-assigned",
    ]


async def test_a_message_tells_the_state_that_its_own_event_led_to(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    """Also where the whole story was in the log before the notifier came to read its beginning."""
    (case_id,) = await log.cases(1, 6)
    async with a_notifier(database, nats_server.url):
        await log.published()
        # A case that this notifier's cache knows at a later version than a republished event's.
        await log.append(case_id, OwnerAssigned("a-last", "a-agent"))
        await log.published()
    said = [message.said for message in await kept(nats_server.url)]
    states = ["received", "received", "received", "received", "apologized", "investigated", "investigated"]
    assert [each["state"] for each in said] == states
    assert [each["owner"] for each in said] == ["a-agent"] * 6 + ["a-last"]
    assert len({each["reference"] for each in said}) == 1


async def test_no_byte_of_personal_data_is_in_any_message(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(3, 9)
    async with a_notifier(database, nats_server.url):
        await log.published()
    messages = await kept(nats_server.url)
    everything = "\n".join(f"{m.subject} {m.headers} {m.raw.decode()}" for m in messages)
    assert len(messages) == 27
    # A reference may hold C-1, and an id any four digits: numbers are looked for whole.
    assert [secret for secret in (*SECRETS, '"C-1"') if secret in everything] == []
    assert [word for word in SECRETS[0].split() if word in everything] == []


async def test_every_payload_is_what_the_contract_describes(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(2, 8)
    async with a_notifier(database, nats_server.url):
        await log.published()
    models = {event.TYPE: payload_model(event) for event in ADDED}
    for message in await kept(nats_server.url):
        models[message.headers["ce-type"]].model_validate_json(message.raw)


async def test_every_type_there_is_goes_out_as_described_with_nothing_of_what_was_sealed(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    lives = [[_with_secrets(event) for event in life] for life in (COMPLAINT, INCIDENT)]
    async with a_notifier(database, nats_server.url):
        for life in lives:
            await log.append(uuid4(), *life)
        await log.published()
    messages = await kept(nats_server.url)
    assert {message.headers["ce-type"] for message in messages} == EVENT_TYPES
    models = {event.TYPE: payload_model(event) for event in ADDED}
    for message in messages:
        models[message.headers["ce-type"]].model_validate_json(message.raw)
        hold_to_contract(message.subject, message.headers, message.raw)
        assert b"Rosalind" not in message.raw
    assert sorted(message.id for message in messages) == sorted(await log.ids())


def _with_secrets(event: Event) -> Event:
    """The event with a customer's name wherever words of people stand."""
    fields = dataclasses.fields(event)  # type: ignore[arg-type]  # every event is a dataclass
    words: dict[str, Any] = {field.name: SECRETS[0] for field in fields if field.metadata.get("personal")}
    for name, value in (("customer", {"name": SECRETS[0]}), ("countermeasures", (SECRETS[0],))):
        if name in words:
            words[name] = value
    return dataclasses.replace(event, **words)  # type: ignore[type-var]


async def test_events_wait_for_a_broker_that_is_not_there_yet(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await nats_server.kill()
    await log.cases(10, 4)
    async with a_notifier(database, nats_server.url):
        await log.append(uuid4(), received())
        await nats_server.start()
        await log.published()
    assert sorted(message.id for message in await kept(nats_server.url)) == sorted(await log.ids())


async def test_a_broker_killed_in_mid_stream_loses_nothing_and_keeps_the_order(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(100, 6)
    async with a_notifier(database, nats_server.url):
        for share in (1, 2, 3):
            await until(partial(_has, nats_server.url, 150 * share), "nothing was published")
            await nats_server.kill()
            await nats_server.start()
        await log.published()
    messages = await kept(nats_server.url)
    assert sorted(message.id for message in messages) == sorted(await log.ids())
    assert list(by_case(messages).values()) == [[1, 2, 3, 4, 5, 6]] * 100


async def test_a_stream_deleted_under_a_running_notifier_is_filled_again_in_order(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    (case_id,) = await log.cases(1, 4)
    async with a_notifier(database, nats_server.url):
        await log.published()
        async with connected(nats_server.url) as client:
            await client.jetstream().delete_stream(STREAM)
        await log.append(case_id, OwnerAssigned("b", "a"))
        await log.everything_is_kept(nats_server.url)
    assert by_case(await kept(nats_server.url)) == {str(case_id): [1, 2, 3, 4, 5]}


@pytest.mark.parametrize("maker", ["the notifier that publishes", "another that stands by"])
async def test_a_store_that_was_lost_is_filled_again_in_order_whoever_makes_the_stream(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path, maker: str
) -> None:
    await log.cases(3, 4)
    async with a_notifier(database, nats_server.url):
        await log.published()
        await nats_server.kill()
        await log.cases(2, 3)
        shutil.rmtree(tmp_path / "nats" / "store")
        await nats_server.start()
        if maker == "another that stands by":
            async with connected(nats_server.url) as client:
                await ensure_stream(client.jetstream(), 1)
        await log.everything_is_kept(nats_server.url)
    assert sorted(by_case(await kept(nats_server.url)).values()) == [[1, 2, 3]] * 2 + [[1, 2, 3, 4]] * 3


async def test_a_stream_that_was_lost_while_no_notifier_ran_is_filled_again_by_the_next(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    await log.cases(2, 3)
    async with a_notifier(database, nats_server.url):
        await log.published()
    await nats_server.kill()
    shutil.rmtree(tmp_path / "nats" / "store")
    await nats_server.start()
    async with a_notifier(database, nats_server.url):
        await log.everything_is_kept(nats_server.url)
        await log.published()
    assert list(by_case(await kept(nats_server.url)).values()) == [[1, 2, 3]] * 2


async def test_a_stream_that_has_forgotten_all_it_had_is_not_taken_for_a_lost_one(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    async with connected(nats_server.url) as client:
        js = client.jetstream()
        await js.add_stream(StreamConfig(name=STREAM, subjects=["amends.v1.>"]))
        await log.cases(2, 3)
        async with a_notifier(database, nats_server.url):
            await log.published()
        await js.purge_stream(STREAM)
    async with a_notifier(database, nats_server.url):
        await log.append(uuid4(), received())
        await log.published()
    assert await kept_count(nats_server.url) == 1


async def test_republishing_a_part_begins_where_it_is_told_with_the_states_of_then(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    (case_id,) = await log.cases(1, 6)
    async with a_notifier(database, nats_server.url):
        await log.published()
    await nats_server.kill()
    shutil.rmtree(tmp_path / "nats" / "store")
    await nats_server.start()
    again = await new_notifier(database, nats_server.url)
    assert await again.republish(5, lambda _done, _total: None) == 2
    said = [message.said for message in await kept(nats_server.url)]
    assert [(each["position"], each["state"]) for each in said] == [(5, "apologized"), (6, "investigated")]
    assert {UUID(each["case_id"]) for each in said} == {case_id}


async def test_republishing_into_a_stream_that_still_has_it_all_adds_nothing(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(5, 3)
    async with a_notifier(database, nats_server.url):
        await log.published()
        again = await new_notifier(database, nats_server.url)
        assert await again.republish(1, lambda _done, _total: None) == 15
        assert again.metrics.repeated._value.get() == 15
    assert await kept_count(nats_server.url) == 15


async def test_republishing_what_was_never_published_does_nothing(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(1, 3)
    again = await new_notifier(database, nats_server.url)
    assert await again.republish(1, lambda _done, _total: None) == 0


async def test_a_stream_that_was_set_up_otherwise_is_used_as_it_is(
    log: Log, database: Database, nats_server: NatsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    config = StreamConfig(name=STREAM, subjects=["amends.>"], storage=StorageType.MEMORY, duplicate_window=60)
    async with connected(nats_server.url) as client:
        before = (await client.jetstream().add_stream(config)).config
    await log.append(uuid4(), received())
    async with a_notifier(database, nats_server.url):
        await log.published()
    async with connected(nats_server.url) as client:
        assert (await client.jetstream().stream_info(STREAM)).config == before
    assert await kept_count(nats_server.url) == 1
    assert "kept in memory" in capsys.readouterr().out


async def test_the_stream_is_on_disk_and_nothing_can_be_taken_out_of_it(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    async with a_notifier(database, nats_server.url):
        await log.append(uuid4(), received())
        await log.published()
    async with connected(nats_server.url) as client:
        config = (await client.jetstream().stream_info(STREAM)).config
    assert (config.storage, config.deny_delete, config.deny_purge) == (StorageType.FILE, True, True)
    assert config.duplicate_window >= 600


async def _has(nats_url: str, count: int) -> bool:
    return await kept_count(nats_url) >= count
