"""A server that stops without losing a request.

A request that is sent into a connection just as the server closes it is lost, and its sender cannot tell whether it
was carried out. So a server that is told to stop first says so: it is not ready any more, and every answer closes its
connection, while it takes requests as before. Only then it listens no longer, and closes what nobody sends into.
Source: RFC 9112, section 9.6.
"""

from __future__ import annotations

import asyncio
import math
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from types import FrameType
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI

_CLOSE: Final = (b"connection", b"close")
_LOOK_SECONDS: Final = 0.02
# Whoever has just connected is about to say something; who connects in reserve, as browsers do, waits in vain.
_FIRST_REQUEST_SECONDS_MAX: Final = 1.0

log = structlog.get_logger()


class DrainingServer(uvicorn.Server):
    """At the first signal it drains for `drain_seconds`, at a second it cuts that short, at a third it waits for no
    request any more. `app.state.is_stopping` is True from the first on; `app.state.end_streams`, if there is one, is
    called when it listens no longer.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, drain_seconds: float = 0.0) -> None:
        super().__init__(config)
        self._app = app
        self._app.state.is_stopping = False
        self._drain_seconds = drain_seconds
        self._drained_at = math.inf

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        """What a signal does. It is not raised again in the end: who stops when asked has ended well."""
        if not self._app.state.is_stopping:
            self._app.state.is_stopping = True
            self.should_exit = self._drain_seconds == 0
        elif not self.should_exit:
            self.should_exit = True
        else:
            self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second. Whether to stop serving."""
        if not self._app.state.is_stopping or self.should_exit:
            return await super().on_tick(counter)
        now = asyncio.get_running_loop().time()
        if self._drained_at == math.inf:
            log.info("stopping", drain_seconds=self._drain_seconds)
            self._drained_at = now + self._drain_seconds
            self._let_answers_close()
        elif counter % 10 == 0:
            self._let_answers_close()
        return now >= self._drained_at

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no longer, answer what has come in, and end."""
        self._app.state.is_stopping = True
        clock = asyncio.get_running_loop().time
        seconds_max = self.config.timeout_graceful_shutdown
        give_up_at = math.inf if seconds_max is None else clock() + seconds_max
        self._let_answers_close()
        # Answers under way are waited for, and some have no end of their own.
        end_streams: Callable[[], None] | None = getattr(self._app.state, "end_streams", None)
        if end_streams is not None:
            end_streams()
        await self._stop_listening()
        await self._answer_the_last(give_up_at)
        if seconds_max is not None:
            self.config.timeout_graceful_shutdown = max(1, math.ceil(give_up_at - clock()))
        await super().shutdown(sockets)

    def _let_answers_close(self) -> None:
        """Every answer closes its connection from now on, those to requests under way included."""
        date = [(b"date", formatdate(usegmt=True).encode())] if self.config.date_header else []
        self.server_state.default_headers = [*date, *self.config.encoded_headers, _CLOSE]
        for connection in self.server_state.connections:
            if (cycle := getattr(connection, "cycle", None)) is not None and not cycle.response_complete:
                cycle.keep_alive = False

    async def _stop_listening(self) -> None:
        """Who was let in by the kernel already is taken in first: it would turn them away unheard."""
        loop = asyncio.get_running_loop()
        waiting: list[socket.socket] = []
        for server in self.servers:
            for listening in server.sockets:
                with socket.socket(fileno=socket.dup(listening.fileno())) as ours, suppress(OSError):
                    for _ in range(self.config.backlog):
                        waiting.append(ours.accept()[0])  # noqa: PERF401  # those before the last must be kept
            server.close()
        for accepted in waiting:
            accepted.setblocking(False)
            with suppress(OSError):
                await loop.connect_accepted_socket(self._protocol, accepted)

    def _protocol(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    async def _answer_the_last(self, give_up_at: float) -> None:
        """Return when no connection is left: each is closed by its answer, or because nothing comes."""
        clock = asyncio.get_running_loop().time
        late_at = clock() + _FIRST_REQUEST_SECONDS_MAX
        while self.server_state.connections and clock() < give_up_at and not self.force_exit:
            is_late = clock() >= late_at
            idle = [each for each in self.server_state.connections if _is_idle(each, is_late)]
            for connection in _silent(idle):
                connection.transport.close()
            await asyncio.sleep(_LOOK_SECONDS)


def _is_idle(connection: Any, is_late: bool) -> bool:
    """No request is under way, nor has the first piece of one come."""
    if connection.cycle is None:
        return is_late and connection.scope is None
    return bool(connection.cycle.response_complete) and connection.scope is connection.cycle.scope


def _silent(connections: list[Any]) -> list[Any]:
    """Those from which nothing has come that is still to be read."""
    by_number = {each.transport.get_extra_info("socket").fileno(): each for each in connections}
    poll = select.poll()
    for number in by_number:
        poll.register(number, select.POLLIN)
    # A client that has gone shows as readable, too, and is closed when that is read.
    heard = {number for number, _ in poll.poll(0)}
    return [each for number, each in by_number.items() if number not in heard]
