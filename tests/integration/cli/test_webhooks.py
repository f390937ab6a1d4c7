"""`amends webhooks`: what a person sees of endpoints and dead letters, and does about them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest_asyncio
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from amends_platform import cli
from amends_platform.broker_address import BrokerAddress
from amends_platform.failures import Failure, WrongUsage
from amends_platform.webhooks.checking import check_webhooks
from tests.support.nats import NatsServer
from tests.support.notifying import until
from tests.support.receivers import Receiver, a_receiver
from tests.support.webhooks import QUICK, SECRET, Told, told_at


@pytest_asyncio.fixture(loop_scope="session")
async def told(nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Told]:
    async with told_at(nats_server.url, tmp_path / "webhooks.yaml") as made:
        yield made


async def amends(told: Told, *arguments: str) -> Result:
    """Run `amends webhooks` as a person does."""
    environment = {
        "AMENDS_WEBHOOKS": str(told.path),
        "AMENDS_NATS_URL": told.nats_url,
        "AMENDS_TENANT": told.tenant,
    }
    return await asyncio.to_thread(lambda: CliRunner().invoke(cli.app, ["webhooks", *arguments], env=environment))


async def fail_all(told: Told, receiver: Receiver, count: int) -> list[str]:
    """Messages that the endpoint did not take, which are dead letters now."""
    receiver.answers.extend(["500 No"] * count)
    async with told.telling(replace(QUICK, attempts_max=1)):
        ids = [await told.tell() for _ in range(count)]
        await told.settled()
    return ids


async def test_dead_letters_are_listed_and_replayed_and_doctor_tells_of_them(told: Told) -> None:
    async with a_receiver() as receiver:
        told.write({"url": receiver.url})
        assert "not begun" in (await amends(told, "list")).output
        ids = await fail_all(told, receiver, 3)

        listed = json.loads((await amends(told, "list", "--json")).output)
        assert [(each["endpoint"], each["state"], each["waiting"], each["dead"]) for each in listed] == [
            ("crm", "on", 0, 3)
        ]
        dead = json.loads((await amends(told, "dead", "--json")).output)
        assert [(each["id"], each["reason"], each["attempts"]) for each in dead] == [
            (message_id, "answered 500", 1) for message_id in ids
        ]
        assert dead[0]["data"] == {"case_id": "c-1", "branch": "north-street", "clock": "apology"}
        table = (await amends(told, "dead", "crm")).output
        assert all(message_id in table for message_id in ids)
        assert [
            found.status for found in await check_webhooks(told.path, BrokerAddress(told.nats_url), told.tenant)
        ] == [
            "good",
            "bad",
        ]

        one = await amends(told, "replay", "--id", ids[1])
        assert (one.exit_code, "1 of 1" in one.output) == (0, True)
        receiver.answers.append("500 No")
        rest = await amends(told, "replay", "crm")
        assert (rest.exit_code, "1 of 2" in rest.output) == (1, True)
        assert (await amends(told, "replay")).exit_code == 0
        assert "no dead letters" in (await amends(told, "dead")).output
        assert receiver.ids == [*ids, ids[1], ids[0], ids[2], ids[0]]
        unknown = await amends(told, "replay", "--id", ids[0])
        assert type(unknown.exception) is Failure


async def test_a_ping_is_signed_and_switches_an_endpoint_on_again(told: Told) -> None:
    async with a_receiver("410 Gone") as receiver:
        told.write({"url": receiver.url})
        async with told.telling():
            await told.tell()

            async def is_gone() -> bool:
                return "410" in (await amends(told, "list")).output

            await until(is_gone, "it was not switched off")
            assert (await check_webhooks(told.path, BrokerAddress(told.nats_url), told.tenant))[0].status == "bad"
            assert (await amends(told, "test", "crm")).exit_code == 0
            ping = receiver.got[1]
            assert Webhook(SECRET).verify(ping.body, ping.headers)["data"] == {"endpoint": "crm"}
            await told.settled()
        assert receiver.ids[2] == receiver.ids[0]
        receiver.answers.append("500 No")
        assert type((await amends(told, "test", "crm")).exception) is Failure


async def test_what_is_asked_wrongly_is_told_before_anything_is_sent(told: Told) -> None:
    told.write({"url": "https://example.com/"})
    for arguments in (["test", "erp"], ["replay", "erp"]):
        error = (await amends(told, *arguments)).exception
        assert type(error) is WrongUsage
        assert "there are: crm" in str(error)
    told.write({"url": "https://example.com/", "name": "C R M"})
    error = (await amends(told, "list")).exception
    assert type(error) is WrongUsage
    assert "endpoints[0].name" in str(error)
