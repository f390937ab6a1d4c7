"""The broker and its stream."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from amends_platform.checkup.finding import Finding
from amends_platform.settings import Settings
from amends_platform.supervising.running import Running

if TYPE_CHECKING:
    from amends_platform.broker_address import BrokerAddress

STREAM: Final = "AMENDS"
_NATS_SECONDS_MAX: Final = 5.0


def broker_address(settings: Settings, running: Running | None) -> BrokerAddress | None:
    """Where it is, as the settings or the running `amends up` say."""
    from amends_platform.broker_address import BrokerAddress

    return BrokerAddress.of(settings, running.nats_url if running else None)


async def check_broker(settings: Settings, running: Running | None) -> list[Finding]:
    """Whether it answers, and keeps the stream."""
    from nats.js.errors import NotFoundError

    from amends_platform.broker_connection import TROUBLE, opened

    address = broker_address(settings, running)
    if address is None:
        return [
            Finding(
                "broker", "unreachable", "none is set, and no `amends up` runs", "Start it, or set AMENDS_NATS_URL."
            )
        ]
    async with AsyncExitStack() as held:
        try:
            client = await held.enter_async_context(opened(address, "amends-doctor"))
        except TROUBLE as error:
            found = f"{address} does not answer: {str(error) or 'not in time'}"
            return [Finding("broker", "unreachable", found, "Is NATS running?")]
        version = client.connected_server_version
        findings = [
            Finding("broker", "good", f"NATS {version.major}.{version.minor}.{version.patch} answers at {address}")
        ]
        jetstream = client.jetstream(timeout=_NATS_SECONDS_MAX)
        try:
            await jetstream.account_info()
        except TROUBLE as error:
            return [
                *findings,
                Finding(
                    "broker",
                    "bad",
                    f"has no JetStream: {error}",
                    "Enable jetstream in its config; in a cluster too few servers may be left: see"
                    " docs/runbooks/nats-cluster.md.",
                ),
            ]
        try:
            stream = await jetstream.stream_info(STREAM)
        except NotFoundError:
            return [*findings, Finding("stream", "note", f"{STREAM} is not there yet; the notifier makes it")]
        except TROUBLE as error:
            found = f"{STREAM} cannot be asked for: {str(error) or 'not in time'}"
            return [*findings, Finding("stream", "unreachable", found, "See docs/runbooks/nats-cluster.md.")]
        if stream.cluster is not None and not stream.cluster.leader:
            # In a cluster a server that is cut off from all the others still tells of it.
            found = f"{STREAM} has no leader: too few of the servers that keep it answer"
            return [*findings, Finding("stream", "bad", found, "See docs/runbooks/nats-cluster.md.")]
        return [*findings, Finding("stream", "good", f"{STREAM} holds {stream.state.messages} messages")]
