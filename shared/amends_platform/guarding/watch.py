"""For how long: looks at every connection once a second, and ends what takes too long.

A timer for each request would cost more than parsing it. What a connection does is read off it; how long it has been
doing that is the time since it was first seen so, hence at most a second more than it should be.
"""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from typing import Any, Final

import structlog

from amends_platform.guarding.gate import Gate
from amends_platform.guarding.limits import BODY_BYTES_AT_ONCE
from amends_platform.guarding.pace import UNHURRIED
from amends_platform.guarding.protocol import GuardedProtocol
from amends_platform.guarding.refusing import too_slow

log = structlog.get_logger()

_LOOK_SECONDS: Final = 1.0


class Doing(Enum):
    """What a connection does."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    WORKING = auto()
    TAKING = auto()
    ANSWERING = auto()
    LEAVING = auto()


class Watch:
    """One per process."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._told: dict[str, int] = {}

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.look(loop.time())

    def look(self, now_seconds: float) -> None:
        """End what has taken too long by now."""
        self._gate.is_crowded = False
        for connection in list(self._gate.open):
            self._look_at(connection, now_seconds)
        self._tell()

    def _look_at(self, connection: GuardedProtocol, now_seconds: float) -> None:
        doing, token = done_by(connection)
        limits, seen = self._gate.limits, connection.seen
        if seen is None or seen[0] is not doing or seen[1] is not token:
            self._note(connection, doing, token, now_seconds)
            return
        seconds = now_seconds - connection.seen_since
        match doing:
            case Doing.HEAD if seconds >= limits.client_seconds_max:
                self._cut(connection, "slow-head", said=connection.received > 0)
            case Doing.BODY if connection.received - connection.seen_received >= BODY_BYTES_AT_ONCE:
                self._note(connection, doing, token, now_seconds)
            case Doing.BODY if seconds >= limits.client_seconds_max:
                self._cut(connection, "slow-body", said=True)
            case Doing.WORKING if seconds >= limits.request_seconds_max:
                connection.give_up()
                # Once is enough; the work may need a moment to end.
                connection.seen_since = now_seconds
            case Doing.TAKING | Doing.LEAVING if seconds >= limits.client_seconds_max:
                self._gate.count("slow-reader")
                connection.transport.abort()
            case Doing.IDLE if seconds >= limits.idle_seconds_max:
                connection.transport.close()

    def _note(self, connection: GuardedProtocol, doing: Doing, token: Any, now_seconds: float) -> None:
        connection.seen = doing, token
        connection.seen_since = now_seconds
        connection.seen_received = connection.received

    def _cut(self, connection: GuardedProtocol, why: str, *, said: bool) -> None:
        if said and not connection.is_closing:
            connection.refuse(too_slow(self._gate.limits.client_seconds_max), why)
        else:
            self._gate.count(why)
        connection.transport.close()

    def _tell(self) -> None:
        """Once for all that were turned away since the last look: a flood must not flood the log."""
        counts = self._gate.turned_away
        news = {why: count - self._told.get(why, 0) for why, count in counts.items() if count != self._told.get(why)}
        if news:
            self._told = dict(counts)
            log.warning("clients were turned away", counts=news, connections=len(self._gate.open))


def done_by(connection: GuardedProtocol) -> tuple[Doing, Any]:
    """What the connection does, and on what: it does another thing when that is another object."""
    if connection.is_closing:
        return Doing.LEAVING, None
    serving = connection.serving
    if serving is not None and not serving.response_complete:
        if serving.response_started:
            return (Doing.TAKING, connection.taken) if connection.flow.write_paused else (Doing.ANSWERING, serving)
        if serving.more_body and not connection.flow.read_paused:
            return Doing.BODY, serving
        return (Doing.ANSWERING if UNHURRIED in serving.scope["state"] else Doing.WORKING), serving
    if connection.transport.get_write_buffer_size():
        return Doing.TAKING, connection.taken
    if connection.scope is None or connection.is_in_head:
        return Doing.HEAD, connection.scope
    if connection.cycle.more_body:
        return Doing.BODY, connection.cycle
    return Doing.IDLE, connection.cycle
