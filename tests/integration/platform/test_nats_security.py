"""Who may do what on NATS, asked of a real server with the configuration that is deployed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import nats.errors
import nkeys  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
from nats.js.api import AckPolicy, ConsumerConfig

from amends_notifier.broker import Broker
from amends_notifier.held import Held, read_stream
from amends_notifier.messages import Message
from amends_notifier.stream import STREAM
from amends_platform.alerts import Alerts
from amends_platform.broker_address import BrokerAddress, NotEncrypted
from amends_platform.broker_connection import connected, opened
from amends_platform.failures import CannotReach
from amends_platform.hints import Hints
from amends_platform.pulling import Pull
from amends_platform.webhooks.consumers import durable_name, ensure_consumer
from amends_platform.webhooks.dead_letters import STREAM as DEAD_LETTERS
from amends_platform.webhooks.dead_letters import bury, ensure_dead_letters
from amends_platform.webhooks.endpoints import Endpoint
from tests.support.certificates import Certificates
from tests.support.guarded_nats import USERS, GuardedNats, guarded_nats
from tests.support.nats import NatsServer

WAIT_SECONDS_MAX = 30.0
ALERT = Message(
    "amends.v1.default.breach.apology",
    {"Nats-Msg-Id": "1", "ce-id": "1"},
    b'{"reference": "5MAY-X6NW"}',
    datetime.now(UTC),
)
_LAST: Final = "nobody.may.do.this"
NOBODY: Final[frozenset[str]] = frozenset()
RELAY, OPERATOR = frozenset({"relay"}), frozenset({"operator"})


class Deed(NamedTuple):
    """`allowed`: to whom; to everybody else it is forbidden."""

    what: str
    subject: str
    allowed: frozenset[str]
    is_listening: bool = False


DEEDS = (
    Deed("publish an alert", "amends.v1.default.breach.apology", RELAY),
    Deed("publish an alert of another tenant", "amends.v1.other.event.complaint-received", RELAY),
    Deed("publish a checkpoint", "amends.v1.default.audit.checkpoint", RELAY),
    Deed("publish beside what is ours", "payments.v1.paid", NOBODY),
    Deed("wake others up", "amends-hint.default", frozenset({"intake", "workflow"})),
    Deed("be woken", "amends-hint.default", frozenset({"workflow", "relay"}), is_listening=True),
    Deed("listen to alerts without a consumer", "amends.v1.>", NOBODY, is_listening=True),
    Deed("listen to everything", ">", NOBODY, is_listening=True),
    Deed("listen to what the relay is answered", "_INBOX.amends-notifier.>", RELAY | OPERATOR, is_listening=True),
    Deed("listen to what JetStream is asked", "$JS.API.>", NOBODY, is_listening=True),
    Deed("make the stream", f"$JS.API.STREAM.CREATE.{STREAM}", RELAY),
    Deed("make another stream", "$JS.API.STREAM.CREATE.COPY", NOBODY),
    Deed("change the stream", f"$JS.API.STREAM.UPDATE.{STREAM}", NOBODY),
    Deed("delete the stream", f"$JS.API.STREAM.DELETE.{STREAM}", NOBODY),
    Deed("empty the stream", f"$JS.API.STREAM.PURGE.{STREAM}", NOBODY),
    Deed("delete a message", f"$JS.API.STREAM.MSG.DELETE.{STREAM}", NOBODY),
    Deed("restore another stream over it", f"$JS.API.STREAM.RESTORE.{STREAM}", NOBODY),
    Deed("ask about the stream", f"$JS.API.STREAM.INFO.{STREAM}", RELAY | OPERATOR),
    Deed("fetch a message by its number", f"$JS.API.STREAM.MSG.GET.{STREAM}", OPERATOR),
    Deed("make a consumer", f"$JS.API.CONSUMER.CREATE.{STREAM}.reader", RELAY | OPERATOR),
    Deed("make a consumer of dead letters", f"$JS.API.CONSUMER.CREATE.{DEAD_LETTERS}.{STREAM}.x", NOBODY),
    Deed("delete a consumer", f"$JS.API.CONSUMER.DELETE.{STREAM}.reader", OPERATOR),
    Deed("read as the reader", f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.reader", RELAY | OPERATOR | {"reader"}),
    Deed("read as another", f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.webhook_default_crm", RELAY | OPERATOR),
    Deed("acknowledge as another", f"$JS.ACK.{STREAM}.webhook_default_crm.1.1.1.1.1", RELAY | OPERATOR),
    Deed("write a dead letter", "amends.dead.v1.default.crm", RELAY),
    Deed("forget a dead letter", f"$JS.API.STREAM.MSG.DELETE.{DEAD_LETTERS}", OPERATOR),
    Deed("empty the dead letters", f"$JS.API.STREAM.PURGE.{DEAD_LETTERS}", NOBODY),
    Deed("ask the server about itself", "$SYS.REQ.SERVER.PING", NOBODY),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GuardedNats]:
    async with guarded_nats(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker(server: GuardedNats) -> AsyncIterator[Broker]:
    """The notifier's way to the stream, which it has made."""
    async with a_broker(server.of("relay")) as running:
        yield running


async def nothing_to_do() -> None:
    return None


@asynccontextmanager
async def a_broker(address: BrokerAddress) -> AsyncIterator[Broker]:
    broker = Broker(address, replicas=1, on_blank=nothing_to_do)
    broker.start()
    try:
        yield broker
    finally:
        await broker.aclose()


async def refused(address: BrokerAddress, deeds: tuple[Deed, ...]) -> set[str]:
    """Which of the deeds the server does not let this user do."""
    complaints: list[str] = []
    heard_all = asyncio.Event()

    async def complained(error: Exception) -> None:
        complaints.append(str(error))
        if _LAST in complaints[-1]:
            heard_all.set()

    async with opened(address, "amends-test", on_error=complained) as client:
        for deed in deeds:
            if deed.is_listening:
                await client.subscribe(deed.subject)
            else:
                # Nothing at all would be the end of an answer that comes in pieces.
                await client.publish(deed.subject, b"{}")
        # Nobody may do this, and what the server complains of comes in the order of the deeds.
        await client.publish(_LAST, b"")
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await heard_all.wait()
    how = {True: "subscription", False: "publish"}
    return {
        deed.what
        for deed in deeds
        if any(f'for {how[deed.is_listening]} to "{deed.subject.lower()}"' in complaint for complaint in complaints)
    }


@pytest.mark.parametrize("user", USERS)
async def test_each_may_do_what_is_theirs_and_nothing_else(server: GuardedNats, broker: Broker, user: str) -> None:
    await broker.publish(ALERT)
    forbidden = {deed.what for deed in DEEDS if user not in deed.allowed}
    assert await refused(server.of(user), DEEDS) == forbidden


@pytest.mark.parametrize("user", [None, "relay"])
async def test_who_does_not_say_or_cannot_show_who_they_are_is_not_let_in(
    server: GuardedNats, user: str | None
) -> None:
    stranger = BrokerAddress(server.of(user).url.replace("relay:", "relay:0"))
    with pytest.raises(CannotReach, match="Authorization Violation") as told:
        async with connected(stranger, "amends-test"):
            pass
    assert "relay:0" not in str(told.value)


async def test_each_service_can_do_its_work(server: GuardedNats, broker: Broker) -> None:
    woken = asyncio.Event()
    sender = Hints(server.of("intake"), "default")
    hearers = [Hints(server.of(user), "default", woken.set) for user in ("workflow", "relay")]
    for hints in (sender, *hearers):
        hints.start()
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            for _ in hearers:
                while not woken.is_set():
                    sender.send(1)
                    await asyncio.sleep(0.01)
                woken.clear()
    finally:
        for hints in (sender, *hearers):
            await hints.aclose()

    endpoint = Endpoint("crm", "https://crm.example/hooks", (b"s" * 32,))
    alerts = aiter(Alerts(server.of("operator"), "default", datetime.now(UTC) - timedelta(hours=1)))
    async with (
        asyncio.timeout(WAIT_SECONDS_MAX),
        connected(server.of("relay"), "amends-webhooks") as webhooks,
        connected(server.of("operator"), "amends-operator") as operator,
        connected(server.of("reader"), "reader") as reader,
    ):
        js = webhooks.jetstream()
        await ensure_dead_letters(js, 1)
        await ensure_consumer(js, "default", endpoint)
        await operator.jetstream().account_info()
        await operator.jetstream().add_consumer(
            STREAM, ConsumerConfig(durable_name="reader", ack_policy=AckPolicy.EXPLICIT, filter_subject="amends.v1.>")
        )
        await broker.publish(ALERT._replace(headers={"Nats-Msg-Id": "2", "ce-id": "2"}))
        assert (await anext(alerts)).name == "apology"

        # As docs/integration.md does it.
        desk = await operator.jetstream().pull_subscribe("amends.v1.default.>", durable="desk-screen")
        for message in await desk.fetch(2, timeout=WAIT_SECONDS_MAX):
            await message.ack_sync()
        with closing(Held()) as held:
            extent = await read_stream(operator.jetstream(), held, lambda *_: None)
        assert (await operator.jetstream().get_msg(STREAM, extent.first_sequence)).data == ALERT.payload

        for client, consumer in ((webhooks, durable_name("default", "crm")), (reader, "reader")):
            pull = Pull(client, STREAM, consumer)
            await pull.start()
            message = await pull.next()
            await message.ack_sync()
            assert message.data == ALERT.payload
            await pull.close()
        await bury(
            js,
            "default",
            "crm",
            payload=b"",
            headers={},
            subject=ALERT.subject,
            sequence=1,
            attempts=1,
            reason="500",
        )
        await operator.jetstream().delete_msg(DEAD_LETTERS, 1)
    await alerts.aclose()


async def test_a_consumer_that_delivers_to_where_streams_are_deleted_deletes_none(
    server: GuardedNats, broker: Broker
) -> None:
    """Where a consumer delivers to is not asked of its maker's permissions."""
    await broker.publish(ALERT)
    async with connected(server.of("operator"), "amends-operator") as operator:
        js = operator.jetstream()
        before = (await js.stream_info(STREAM)).state
        for number, deed in enumerate(("DELETE", "PURGE")):
            await js.add_consumer(
                STREAM, ConsumerConfig(name=f"evil-{number}", deliver_subject=f"$JS.API.STREAM.{deed}.{STREAM}")
            )
        evil = ConsumerConfig(name="evil", deliver_subject=ALERT.subject)
        with pytest.raises(nats.errors.Error, match="cycle"):
            await js.add_consumer(STREAM, evil)
        # Nor does it help to ask for one of another stream in the name of this one.
        answer = await operator.request(f"$JS.API.CONSUMER.CREATE.{STREAM}.evil", _asked_for(DEAD_LETTERS, evil))
        assert b"does not match" in answer.data
        assert (await js.stream_info(STREAM)).state.messages == before.messages > 0


@pytest.mark.parametrize("user", ["operator", "reader"])
async def test_whoever_asks_has_no_answer_put_among_alerts(server: GuardedNats, broker: Broker, user: str) -> None:
    """Where the answer to a question goes is not asked of permissions: only the account keeps it out."""
    async with (
        asyncio.timeout(WAIT_SECONDS_MAX),
        connected(server.of("relay"), "amends-webhooks") as webhooks,
        connected(server.of("operator"), "amends-operator") as operator,
        connected(server.of(user), "reader") as client,
    ):
        await ensure_dead_letters(webhooks.jetstream(), 1)
        js = operator.jetstream()
        reader = ConsumerConfig(name="reader", durable_name="reader", ack_policy=AckPolicy.EXPLICIT)
        await js.add_consumer(STREAM, reader)
        for number in range(3):
            name = f"{user}-{number}"
            await broker.publish(ALERT._replace(headers={"Nats-Msg-Id": name, "ce-id": name}))
        before = [(await js.stream_info(stream)).state.last_seq for stream in (STREAM, DEAD_LETTERS)]
        questions = {
            f"$JS.API.CONSUMER.INFO.{STREAM}.reader": b"",
            f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.reader": b"1",
        }
        if user == "operator":
            questions |= {
                f"$JS.API.STREAM.INFO.{STREAM}": b"",
                f"$JS.API.STREAM.MSG.GET.{STREAM}": b'{"seq": 1}',
                f"$JS.API.CONSUMER.CREATE.{STREAM}.reader": _asked_for(STREAM, reader),
            }
        for subject, question in questions.items():
            for elsewhere in (ALERT.subject, "amends.dead.v1.default.crm"):
                await client.publish(subject, question, reply=elsewhere)
            # Answered in their order: where those went, by now.
            answer = await client.request(subject, question, timeout=WAIT_SECONDS_MAX, old_style=True)
            assert b'"error"' not in answer.data
            if answer.reply:
                # An acknowledgement may ask for the next message.
                await client.publish(answer.reply, b"+NXT", reply=ALERT.subject)
                given = await client.request(answer.reply, b"+NXT", timeout=WAIT_SECONDS_MAX, old_style=True)
                assert given.subject.startswith("amends.v1.")
        assert [(await js.stream_info(stream)).state.last_seq for stream in (STREAM, DEAD_LETTERS)] == before
        await js.delete_consumer(STREAM, "reader")


def _asked_for(stream: str, config: ConsumerConfig) -> bytes:
    return json.dumps({"stream_name": stream, "config": config.as_dict()}).encode()


async def test_over_tls_each_side_shows_who_it_is_and_an_nkey_takes_the_place_of_a_password(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "certificates")
    pair = nkeys.from_seed(bytearray(_SEED))
    seed_file = tmp_path / "relay.nk"
    seed_file.write_bytes(_SEED + b"\n")
    flags = (
        *("--tls", "--tlscert", str(made.server), "--tlskey", str(made.key_of(made.server))),
        *("--tlsverify", "--tlscacert", str(made.authority)),
    )
    instead = {"user: relay, password: $NATS_RELAY_PASSWORD": f"nkey: {pair.public_key.decode()}"}
    async with guarded_nats(tmp_path / "nats", *flags, instead=instead) as server:
        plain = server.of(None, scheme="tls").url
        relay = BrokerAddress(plain, seed_file, made.authority, made.client, made.key_of(made.client))
        assert relay.names_somebody
        assert relay.is_encrypted
        async with asyncio.timeout(WAIT_SECONDS_MAX), a_broker(relay) as broker:
            assert await broker.publish(ALERT) == (False, 1)
        assert "delete the stream" in await refused(relay, DEEDS)
        intake = BrokerAddress(server.of("intake").url, None, made.authority, made.client, made.key_of(made.client))
        async with connected(intake, "amends-intake"):
            pass
        for lacking in (
            BrokerAddress(plain, None, made.authority, made.client, made.key_of(made.client)),
            BrokerAddress(server.of("intake").url, None, made.authority),
            BrokerAddress(server.of("intake", scheme="tls").url),
        ):
            with pytest.raises(CannotReach):
                async with connected(lacking, "amends-intake"):
                    pass


async def test_a_connection_that_breaks_with_something_still_to_be_sent_is_told_to_be_lost(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()

    async def on_lost() -> None:
        lost.set()

    async def broken() -> None:
        raise ConnectionResetError("Connection lost")

    async with opened(BrokerAddress(nats_server.url), "amends-test", on_lost=on_lost) as client:
        monkeypatch.setattr(client._transport, "drain", broken)
        client._pending, client._pending_data_size = [b"PING\r\n"], 6
        await nats_server.kill()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await lost.wait()


async def test_a_server_that_does_without_tls_is_not_told_who_we_are(server: GuardedNats) -> None:
    """The library would send the password, whatever the URL says."""
    with pytest.raises(NotEncrypted):
        async with opened(server.of("relay", scheme="tls"), "amends-test"):
            pass


def test_what_is_shown_of_an_address_holds_no_password() -> None:
    address = BrokerAddress("nats://relay:hush@one:4222, nats://relay:hush@two:4222")
    assert str(address) == "nats://relay:****@one:4222, nats://relay:****@two:4222"
    assert address.names_somebody
    assert not BrokerAddress("nats://relay:hush@one:4222,nats://two:4222").names_somebody
    assert not address.is_encrypted


_SEED = nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER)
