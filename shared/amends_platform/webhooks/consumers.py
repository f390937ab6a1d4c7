"""Each endpoint's own durable consumer of the stream: where it is, and whether it wants to hear any more.

One endpoint's consumer knows nothing of another's: one that is slow or away holds up nobody else.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError

from amends_platform.webhooks.endpoints import Endpoint

STREAM: Final = "AMENDS"
ACK_WAIT_SECONDS: Final = 30.0
"""What a notifier that was killed had in hand is given out again after this long."""

UNSETTLED_MAX: Final = 1_000
"""Messages that one endpoint may have in hand or wait for another attempt; the stream keeps the others back."""

_GONE: Final = "amends-gone"


def durable_name(tenant: str, endpoint: str) -> str:
    """Neither a tenant nor an endpoint has an underscore in its name."""
    return f"webhook_{tenant}_{endpoint}"


def wanted(tenant: str, endpoint: Endpoint, *, ack_wait_seconds: float, gone: bool) -> ConsumerConfig:
    """The consumer as it is to be. It begins with what is published after it was made."""
    name = durable_name(tenant, endpoint.name)
    return ConsumerConfig(
        name=name,
        durable_name=name,
        description=f"Webhook {endpoint.name}",
        deliver_policy=DeliverPolicy.NEW,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ack_wait_seconds,
        # When to give up is for us to say, who write a dead letter first.
        max_deliver=-1,
        max_ack_pending=UNSETTLED_MAX,
        filter_subjects=[f"amends.v1.{tenant}.{subject}" for subject in endpoint.subjects],
        metadata={_GONE: endpoint.fingerprint} if gone else {},
    )


async def ensure_consumer(
    js: JetStreamContext, tenant: str, endpoint: Endpoint, *, ack_wait_seconds: float = ACK_WAIT_SECONDS
) -> ConsumerInfo:
    """Make it, or bring it up to what the file says. Raises NotFoundError while there is no stream, and
    nats.errors.Error.
    """
    info: ConsumerInfo | None = None
    with suppress(NotFoundError):
        info = await js.consumer_info(STREAM, durable_name(tenant, endpoint.name))
    gone = info is not None and is_gone(info, endpoint)
    config = wanted(tenant, endpoint, ack_wait_seconds=ack_wait_seconds, gone=gone)
    if info is not None and _same(info.config, config):
        return info
    made: ConsumerInfo = await js.add_consumer(STREAM, config)
    return made


def is_gone(info: ConsumerInfo, endpoint: Endpoint) -> bool:
    """Whether the endpoint answered 410, and the file says of it what it said then."""
    return (info.config.metadata or {}).get(_GONE) == endpoint.fingerprint


async def set_gone(
    js: JetStreamContext, tenant: str, endpoint: Endpoint, *, gone: bool, ack_wait_seconds: float = ACK_WAIT_SECONDS
) -> None:
    """Remember it, or that it is there again, across restarts. Raises nats.errors.Error."""
    await js.add_consumer(STREAM, wanted(tenant, endpoint, ack_wait_seconds=ack_wait_seconds, gone=gone))


def unsettled(info: ConsumerInfo) -> int:
    """How many messages the endpoint has still to take."""
    return int(info.num_pending or 0) + int(info.num_ack_pending or 0)


def _same(found: ConsumerConfig, config: ConsumerConfig) -> bool:
    filters = found.filter_subjects or [found.filter_subject or ">"]
    return (
        set(filters) == set(config.filter_subjects or ())
        and found.ack_wait == config.ack_wait
        and found.max_ack_pending == config.max_ack_pending
        and (found.metadata or {}).get(_GONE) == (config.metadata or {}).get(_GONE)
    )
