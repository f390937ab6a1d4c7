"""Webhooks against real receivers and a real broker: told once taken, again when not, never lost, never held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from nats.js.api import StorageType
from standardwebhooks import Webhook, WebhookVerificationError

from amends_platform.webhooks.dead_letters import STREAM as DEAD_LETTERS
from amends_platform.webhooks.dead_letters import bury, ensure_dead_letters
from amends_platform.webhooks.endpoints import load_endpoints
from amends_platform.webhooks.replaying import ping, replay, standings
from tests.support.nats import NatsServer, running_nats
from tests.support.notifying import until
from tests.support.receivers import Request, a_receiver
from tests.support.webhooks import NEWER_SECRET, QUICK, SECRET, Told, told_at, webhooks_program


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NatsServer]:
    """One for all tests here, each of which has a tenant of its own."""
    async with running_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def told(broker: NatsServer, tmp_path: Path) -> AsyncIterator[Told]:
    async with told_at(broker.url, tmp_path / "webhooks.yaml") as made:
        yield made


async def test_a_message_is_told_once_in_an_envelope_that_the_library_verifies(told: Told) -> None:
    async with a_receiver() as receiver:
        told.write({"url": receiver.url, "headers": {"X-Team": "complaints"}})
        async with told.telling():
            message_id = await told.tell("breach.apology")
            await receiver.until(lambda it: len(it.got) == 1)
            await told.settled()
        (request,) = receiver.got
        assert (request.method, request.path, request.id) == ("POST", "/hooks", message_id)
        assert request.headers["x-team"] == "complaints"
        assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
        assert Webhook(SECRET).verify(request.body, request.headers) == {
            "type": "deadline-breached",
            "timestamp": "2026-03-02T02:00:00Z",
            "data": {"case_id": "c-1", "branch": "north-street", "clock": "apology"},
        }
        assert told.counted("delivered_total") == 1


async def test_while_secrets_change_either_of_them_verifies_and_no_other(told: Told) -> None:
    async with a_receiver() as receiver:
        told.write({"url": receiver.url, "secret": [NEWER_SECRET, SECRET]})
        async with told.telling():
            await told.tell()
            await receiver.until(lambda it: len(it.got) == 1)
    (request,) = receiver.got
    for secret in (SECRET, NEWER_SECRET):
        Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(request.body, request.headers)


async def test_a_secret_that_is_replaced_in_its_file_signs_from_then_on(told: Told) -> None:
    secret_file = told.path.with_name("crm.secret")
    secret_file.write_text(SECRET)
    async with a_receiver() as receiver:
        told.write({"url": receiver.url, "secret": None, "secret_file": secret_file.name})
        async with told.telling():
            await told.tell()
            await receiver.until(lambda it: len(it.got) == 1)
            secret_file.write_text(f"{NEWER_SECRET}\n{SECRET}\n")

            async def signed_by_the_newer() -> bool:
                await told.tell()
                await told.settled()
                return is_signed_by(NEWER_SECRET, receiver.got[-1])

            await until(signed_by_the_newer, "the newer secret never signed")
            assert is_signed_by(SECRET, receiver.got[-1])


async def test_what_was_not_taken_comes_again_and_its_case_waits_for_it(told: Told) -> None:
    async with a_receiver("500 No", "503 Not now", "302 There\nLocation: /elsewhere") as receiver:
        told.write({"url": receiver.url, "concurrency": 1})
        async with told.telling(replace(QUICK, attempts_max=10)):
            ids = [await told.tell() for _ in range(3)]
            await told.settled()
        assert receiver.ids == [ids[0], ids[0], ids[0], *ids]
        assert {request.path for request in receiver.got} == {"/hooks"}
        assert len({request.headers["webhook-timestamp"] for request in receiver.got}) >= 1
        assert (told.counted("failed_total"), told.counted("delivered_total")) == (3, 3)


async def test_another_case_does_not_wait(told: Told) -> None:
    async with a_receiver() as receiver:
        receiver.answer = lambda request: "500 No" if request.said["data"]["case_id"] == "c-1" else "200 OK"
        told.write({"url": receiver.url})
        async with told.telling(replace(QUICK, first_seconds=3_600, hold_seconds_max=7_200)):
            first, _held = await told.tell(case="c-1"), await told.tell(case="c-1")
            others = [await told.tell(case=f"c-{number}") for number in range(2, 12)]
            await receiver.until(lambda it: len(it.got) == 11)
    assert receiver.ids.count(first) == 1
    assert sorted(receiver.ids) == sorted([first, *others])


async def test_retry_after_is_honoured_and_what_waits_long_is_overtaken(told: Told) -> None:
    async with a_receiver("429 Slowly\nRetry-After: 3600") as receiver:
        told.write({"url": receiver.url})
        async with told.telling():
            ids = [await told.tell() for _ in range(3)]
            await receiver.until(lambda it: len(it.got) == 3)
    assert receiver.ids == ids


async def test_a_slow_endpoint_holds_up_no_other(told: Told) -> None:
    async with a_receiver() as slow, a_receiver() as quick:
        slow.hold = asyncio.Event()
        told.write({"name": "slow", "url": slow.url, "concurrency": 2}, {"name": "quick", "url": quick.url})
        async with told.telling():
            ids = [await told.tell(case=f"c-{number}") for number in range(30)]
            await quick.until(lambda it: len(it.got) == 30)
            await told.settled("quick")
            # As many connections as it may have, and none more.
            await slow.until(lambda it: len(it.got) == 2)
            slow.hold.set()
            await told.settled("slow")
    assert sorted(quick.ids) == sorted(slow.ids) == sorted(ids)


async def test_what_is_never_taken_becomes_a_dead_letter_that_can_be_replayed(told: Told) -> None:
    async with a_receiver() as receiver:
        receiver.answer = lambda request: "500 No" if request.said["type"] == "deadline-breached" else "200 OK"
        told.write({"url": receiver.url})
        async with told.telling():
            dying, fine = await told.tell("breach.apology"), await told.tell("reminder.apology")
            await told.settled()
        assert receiver.ids == [dying] * 3 + [fine]
        (letter,) = await told.dead()
        assert (letter.endpoint, letter.id, letter.attempts, letter.reason) == ("crm", dying, 3, "answered 500")
        assert letter.original_subject == f"amends.v1.{told.tenant}.breach.apology"
        kept = await told.js.get_msg("AMENDS", letter.original_sequence)
        assert (kept.data, (kept.headers or {})["ce-id"]) == (letter.payload, dying)
        assert (await told.js.stream_info(DEAD_LETTERS)).config.storage == StorageType.FILE
        assert told.counted("dead_total") == 1

        endpoints = load_endpoints(told.path)
        assert [outcome.reason async for _, outcome in replay(told.js, told.tenant, endpoints)] == ["answered 500"]
        assert await told.dead() == [letter]
        receiver.answer = None
        assert [outcome.taken async for _, outcome in replay(told.js, told.tenant, endpoints)] == [True]
        assert await told.dead() == []
        assert receiver.ids[-1] == dying
        Webhook(SECRET).verify(receiver.got[-1].body, receiver.got[-1].headers)


async def test_a_message_stays_until_its_dead_letter_is_stored_and_is_buried_once(told: Told) -> None:
    async with a_receiver() as receiver:
        receiver.answer = lambda _request: "500 No"
        told.write({"url": receiver.url})
        async with told.telling(replace(QUICK, attempts_max=1)):
            await told.js.delete_stream(DEAD_LETTERS)
            dying = await told.tell()
            await receiver.until(lambda it: len(it.got) > 2)
            assert await told.dead() == []
            await ensure_dead_letters(told.js, 1)
            await told.settled()
        (letter,) = await told.dead()
        assert letter.id == dying
        # As by one who died between the dead letter and the acknowledgement.
        await bury(
            told.js,
            told.tenant,
            "crm",
            payload=letter.payload,
            headers={"ce-id": letter.id},
            subject=letter.original_subject,
            sequence=letter.original_sequence,
            attempts=letter.attempts,
            reason=letter.reason,
        )
        assert await told.dead() == [letter]


async def test_one_dead_letter_can_be_replayed_by_its_id(told: Told) -> None:
    async with a_receiver(*["500 No"] * 2) as receiver:
        told.write({"url": receiver.url})
        async with told.telling(replace(QUICK, attempts_max=1)):
            ids = [await told.tell() for _ in range(2)]
            await told.settled()
        endpoints = load_endpoints(told.path)
        done = [letter.id async for letter, _ in replay(told.js, told.tenant, endpoints, message_id=ids[1])]
        assert done == [ids[1]]
        assert [letter.id for letter in await told.dead("crm")] == [ids[0]]


async def test_what_somebody_else_put_on_the_stream_is_buried_and_holds_up_nobody(told: Told) -> None:
    async with a_receiver() as receiver:
        told.write({"url": receiver.url})
        async with told.telling():
            subject = f"amends.v1.{told.tenant}.breach.apology"
            whole = {"ce-id": "an id", "ce-type": "deadline-breached", "ce-time": "now", "ce-subject": "c-1"}
            for payload, headers in ((b"{", whole), (b"{}", {}), (b"{}", whole | {"ce-id": "标识"})):
                await told.js.publish(subject, payload, headers=headers)
            fine = await told.tell()
            await told.settled()
        assert receiver.ids == [fine]
        assert [letter.reason for letter in await told.dead()] == ["it is no message of Amends"] * 3


async def test_an_endpoint_that_is_gone_is_left_alone_until_the_file_or_a_ping_says_otherwise(told: Told) -> None:
    async with a_receiver("410 Gone") as receiver:
        told.write({"url": receiver.url})
        async with told.telling():
            ids = [await told.tell()]
            await until(lambda: is_state(told, "gone"), "it was not switched off")
            ids.append(await told.tell())
            # Also by a notifier that is started anew.
        async with told.telling():
            assert receiver.ids == [ids[0]]
            assert told.counted("enabled") == 0
            (endpoint,) = load_endpoints(told.path)
            assert (await ping(told.js, told.tenant, endpoint)).taken
            await receiver.until(lambda it: len(it.got) == 4)
        assert sorted(receiver.ids[2:]) == sorted(ids)
        receiver.answers.append("410 Gone")
        async with told.telling():
            await told.tell()
            await until(lambda: is_state(told, "gone"), "it was not switched off")
            told.write({"url": f"{receiver.url}/newer"})
            await receiver.until(lambda it: it.got[-1].path == "/hooks/newer")


async def test_an_endpoint_gets_the_kinds_and_branches_that_it_asked_for(told: Told) -> None:
    wanted = ["breach", "escalation.department_manager", "apology-given", "checkpoint"]
    async with a_receiver() as receiver:
        told.write({"url": receiver.url, "events": wanted, "branches": ["north-street"]})
        async with told.telling():
            for about in ("reminder.apology", "escalation.vice_president", "event.note-added"):
                await told.tell(about)
            await told.tell("breach.apology", branch="south-street")
            ids = [
                await told.tell(about, case=about)
                for about in ("breach.callback", "escalation.department_manager", "event.apology-given")
            ]
            await told.settled()
    assert sorted(receiver.ids) == sorted(ids)


async def test_a_private_address_is_never_connected_to_unless_it_is_allowed(told: Told) -> None:
    async with a_receiver() as receiver:
        told.write({"url": receiver.url, "allow_private": False})
        async with told.telling(replace(QUICK, attempts_max=1)):
            await told.tell()
            await told.settled()
        assert receiver.got == []
        assert [letter.reason for letter in await told.dead()] == [
            "refused: 127.0.0.1 is at 127.0.0.1, a loopback address"
        ]


async def test_an_attempt_under_way_is_finished_when_the_notifier_stops(told: Told) -> None:
    async with a_receiver() as receiver:
        receiver.hold = asyncio.Event()
        told.write({"url": receiver.url, "concurrency": 1})
        async with told.telling() as webhooks:
            ids = [await told.tell(case=f"c-{number}") for number in range(40)]
            await receiver.until(lambda it: len(it.got) == 1)
            stopping = asyncio.create_task(webhooks.stop(30.0))
            await asyncio.sleep(0)
            receiver.hold.set()
            await stopping
        async with told.telling():
            await told.settled()
    # Each once, and none of those that were in hand waited to be missed by the broker.
    assert sorted(receiver.ids) == sorted(ids)


async def test_a_notifier_that_is_killed_goes_on_where_it_was(told: Told, tmp_path: Path) -> None:
    async with a_receiver() as receiver:
        receiver.hold = asyncio.Event()
        told.write({"url": receiver.url, "concurrency": 3})
        process = webhooks_program(told, log_file=tmp_path / "webhooks.log")
        await process.start()
        await told.has_consumer("crm")
        ids = [await told.tell(case=f"c-{number}") for number in range(9)]
        await receiver.until(lambda it: len(it.got) == 3)
        await process.stop(force=True)
        receiver.hold.set()
        process = webhooks_program(told, log_file=tmp_path / "webhooks.log")
        await process.start()
        await told.settled()
        assert await process.stop()
    assert set(receiver.ids) == set(ids)
    # What it had in hand came again, under the ids it had.
    assert min(receiver.ids.count(message_id) for message_id in receiver.ids[:3]) >= 2
    assert await told.dead() == []


async def test_webhooks_outlast_an_outage_of_the_broker(nats_server: NatsServer, tmp_path: Path) -> None:
    async with a_receiver("500 No") as receiver, told_at(nats_server.url, tmp_path / "webhooks.yaml") as told:
        told.write({"url": receiver.url})
        async with told.telling(replace(QUICK, attempts_max=10), ack_wait_seconds=0.5):
            ids = [await told.tell()]
            await receiver.until(lambda it: len(it.got) == 1)
            await nats_server.kill()
            await nats_server.start()
            async with told_at(nats_server.url, told.path) as again:
                again.tenant = told.tenant
                ids.append(await again.tell())
                await receiver.until(lambda it: set(it.ids) == set(ids))
                await again.settled()


def is_signed_by(secret: str, request: Request) -> bool:
    try:
        Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


async def is_state(told: Told, state: str) -> bool:
    (standing,) = await standings(told.js, told.tenant, load_endpoints(told.path))
    return standing.state == state
