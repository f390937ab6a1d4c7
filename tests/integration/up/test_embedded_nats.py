"""The embedded nats-server: on the loopback address, durable, and found again where it was."""

from __future__ import annotations

import socket
from pathlib import Path

import nats
from nats.js.api import StreamConfig

from tests.support.nats import NatsServer, running_nats


async def test_an_acknowledged_message_survives_a_kill(nats_server: NatsServer) -> None:
    client = await nats.connect(nats_server.url)
    jetstream = client.jetstream()
    await jetstream.add_stream(StreamConfig(name="KEPT", subjects=["kept"]))
    acknowledged = await jetstream.publish("kept", b"a breach")
    await client.close()
    await nats_server.kill()
    await nats_server.start()
    client = await nats.connect(nats_server.url)
    message = await client.jetstream().get_msg("KEPT", acknowledged.seq)
    assert message.data == b"a breach"
    await client.close()


async def test_it_syncs_every_message_and_listens_on_the_loopback_address_only(tmp_path: Path) -> None:
    async with running_nats(tmp_path) as server:
        configuration = (tmp_path / "nats.conf").read_text()
        assert "sync_interval: always" in configuration
        assert 'host: "127.0.0.1"' in configuration
        assert server.url.startswith("nats://127.0.0.1:")


async def test_it_keeps_its_port_over_restarts(tmp_path: Path) -> None:
    async with running_nats(tmp_path) as first:
        url = first.url
    async with running_nats(tmp_path) as second:
        assert second.url == url


async def test_it_moves_when_somebody_has_taken_its_port(tmp_path: Path) -> None:
    async with running_nats(tmp_path) as first:
        url = first.url
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", int(url.rpartition(":")[2])))
        taken.listen()
        async with running_nats(tmp_path) as second:
            assert second.url != url
            client = await nats.connect(second.url)
            await client.close()


async def test_the_shared_server_of_the_tests_has_jetstream(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    await client.jetstream().account_info()
    await client.close()
