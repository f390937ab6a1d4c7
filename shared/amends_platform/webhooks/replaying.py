"""What a person does about webhooks: looks at them, sends a ping, and has dead letters sent once more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from amends_platform.webhooks.consumers import STREAM, durable_name, is_gone, set_gone, unsettled
from amends_platform.webhooks.dead_letters import DeadLetter, count_dead_letters, dead_letters, forget
from amends_platform.webhooks.endpoints import Endpoint
from amends_platform.webhooks.envelope import a_ping, envelope_of
from amends_platform.webhooks.sending import Outcome, Sender


@dataclass(frozen=True, slots=True)
class Standing:
    """An endpoint as it stands. `waiting`: messages it has still to take, None before the notifier has seen it."""

    endpoint: Endpoint
    state: Literal["on", "gone", "new"]
    waiting: int | None
    dead: int


async def standings(js: JetStreamContext, tenant: str, endpoints: Sequence[Endpoint]) -> list[Standing]:
    """How each of them stands. Raises nats.errors.Error."""
    dead = await count_dead_letters(js, tenant)
    found = []
    for endpoint in endpoints:
        count = dead.get(endpoint.name, 0)
        try:
            info = await js.consumer_info(STREAM, durable_name(tenant, endpoint.name))
        except NotFoundError:
            found.append(Standing(endpoint, "new", None, count))
        else:
            found.append(Standing(endpoint, "gone" if is_gone(info, endpoint) else "on", unsettled(info), count))
    return found


async def ping(js: JetStreamContext | None, tenant: str, endpoint: Endpoint) -> Outcome:
    """Send a signed ping. One that is taken switches an endpoint on again that had answered 410, where there is a
    broker to remember it. Raises nats.errors.Error.
    """
    sender = Sender(endpoint)
    try:
        outcome = await sender.send(a_ping(endpoint.name))
    finally:
        await sender.aclose()
    if outcome.taken and js is not None:
        (standing,) = await standings(js, tenant, [endpoint])
        if standing.state == "gone":
            await set_gone(js, tenant, endpoint, gone=False)
    return outcome


async def replay(
    js: JetStreamContext, tenant: str, endpoints: Sequence[Endpoint], *, message_id: str | None = None
) -> AsyncIterator[tuple[DeadLetter, Outcome]]:
    """Send the dead letters of these endpoints once more, the oldest first, with the ids they had; or that of one id.

    One that is taken is forgotten; one that is not stays where it is. Raises nats.errors.Error.
    """
    for endpoint in endpoints:
        sender = Sender(endpoint)
        try:
            async for letter in dead_letters(js, tenant, endpoint.name):
                if message_id is not None and letter.id != message_id:
                    continue
                try:
                    outgoing = envelope_of(letter.headers, letter.payload)
                except KeyError:
                    yield letter, Outcome("it is no message of Amends")
                    continue
                outcome = await sender.send(outgoing)
                if outcome.taken:
                    await forget(js, letter)
                yield letter, outcome
        finally:
            await sender.aclose()
