"""Running one HTTP service in the foreground, the same way for each."""

from __future__ import annotations

import gc
import socket
import sys
from typing import Protocol

import uvicorn
from fastapi import FastAPI

from amends_platform.draining import DrainingServer
from amends_platform.logs import configure_logging
from amends_platform.readiness import announce_ready
from amends_platform.settings import Settings, SettingsError
from amends_platform.telemetry.asked import tracing_asked_for
from amends_platform.telemetry.tracing import Tracing

# A service that starts together with its database, or after both crashed, waits for it rather than start over and over.
START_PATIENCE_SECONDS = 10.0
_WRONG_USAGE, _UNREACHABLE = 2, 3
# More than a hundred requests under way hold; uncollected, so many take a few megabytes.
_COLLECT_AT_OBJECTS = 10_000


class CreateApp(Protocol):
    """Makes a service. `tracing` makes its spans; None: it makes none."""

    def __call__(self, settings: Settings, *, tracing: Tracing | None) -> FastAPI: ...


class _Server(DrainingServer):
    """Says it is ready once it accepts requests."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            _collect_seldom()
            announce_ready()


def _collect_seldom() -> None:
    """Keep the garbage collector from looking at everything all the time: at its defaults it takes an eighth of a
    busy service's time, to find next to nothing. What is there by now stays, so it is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AT_OBJECTS)


def serve(program: str, create_app: CreateApp) -> int:
    """Serve until SIGTERM or SIGINT; no request is lost (see draining). Returns the exit code.

    `program` is "intake" or "workflow": its address is the settings `{program}_host` and `{program}_port`.
    """
    try:
        settings = Settings.load()
        tracing = tracing_asked_for(program)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return _WRONG_USAGE
    if settings.database_url is None:
        print(f"AMENDS_DATABASE_URL: {program} needs a database; `amends up` brings its own", file=sys.stderr)
        return _WRONG_USAGE
    configure_logging(settings, program=program)
    app = create_app(settings, tracing=tracing)
    server = _Server(
        uvicorn.Config(
            app,
            host=getattr(settings, f"{program}_host"),
            port=getattr(settings, f"{program}_port"),
            loop="uvloop",
            http="httptools",
            lifespan="on",
            log_config=None,
            access_log=False,
            # Nothing here asks for the client's address or the scheme.
            proxy_headers=False,
            server_header=False,
            # Longer than clients and proxies keep an idle connection (httpx 5 s, nginx 60 s), so that they close it and
            # we do not: what is sent into a connection that is just being closed is lost without an answer.
            timeout_keep_alive=75,
            timeout_graceful_shutdown=int(settings.shutdown_seconds_max),
        ),
        app,
        settings.drain_seconds,
    )
    try:
        server.run()
    finally:
        if tracing is not None:
            tracing.close()
    return 0 if server.started else _UNREACHABLE
