"""Running one HTTP service in the foreground, the same way for each."""

from __future__ import annotations

import asyncio
import socket
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog
import uvicorn
from fastapi import FastAPI

from amends_platform.garbage import collect_seldom
from amends_platform.guarding.counting import count_turned_away
from amends_platform.guarding.gate import Gate
from amends_platform.guarding.limits import Limits, open_files_for
from amends_platform.guarding.protocol import GuardedProtocol
from amends_platform.guarding.watch import Watch
from amends_platform.http.draining import DrainingServer
from amends_platform.logs import configure_logging
from amends_platform.production import check_start
from amends_platform.settings import Settings, SettingsError
from amends_platform.starting import WRONG_USAGE, Start
from amends_platform.supervising.readiness import announce_ready
from amends_platform.telemetry.asked import tracing_asked_for
from amends_platform.telemetry.tracing import Tracing

if TYPE_CHECKING:
    from amends_platform.identity.oidc.provider import Provider

log = structlog.get_logger()

# A service that starts together with its database, or after both crashed, waits for it rather than start over and over.
START_PATIENCE_SECONDS = 10.0


class CreateApp(Protocol):
    """Makes a service. `provider`: whose tokens it takes, `tracing`: what makes its spans; None where there is none."""

    def __call__(self, settings: Settings, *, provider: Provider | None, tracing: Tracing | None) -> FastAPI: ...


class _Server(DrainingServer):
    """Says it is ready once it accepts requests."""

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, drain_seconds: float = 0.0, watch: Watch | None = None
    ) -> None:
        super().__init__(config, app, drain_seconds)
        self._watch = watch
        self._watching: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            if self._watch is not None:
                self._watching = asyncio.create_task(self._watch.run(), name="watch")
            collect_seldom()
            announce_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # The slow are not waited for: they are watched to the end.
        await super().shutdown(sockets)
        if self._watching is not None:
            self._watching.cancel()


def _limits(settings: Settings) -> Limits:
    limits = Limits.of(settings)
    room = open_files_for(limits.connections_max)
    if room < limits.connections_max:
        log.warning("fewer connections than set: the system allows too few open files", connections=room)
    return replace(limits, connections_max=room)


def serve(program: str, create_app: CreateApp) -> int:
    """Serve until SIGTERM or SIGINT; no request is lost (see draining). Returns the exit code.

    `program` is "intake" or "workflow": its address is the settings `{program}_host` and `{program}_port`.
    """
    try:
        settings = Settings.load()
        provider = check_start(settings, program)
        tracing = tracing_asked_for(program)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return WRONG_USAGE
    if settings.database_url is None:
        print(f"AMENDS_DATABASE_URL: {program} needs a database; `amends up` brings its own", file=sys.stderr)
        return WRONG_USAGE
    configure_logging(settings, program=program)
    app = create_app(settings, provider=provider, tracing=tracing)
    host, port = getattr(settings, f"{program}_host"), getattr(settings, f"{program}_port")
    start = Start(app, program, host, port)
    gate = Gate(_limits(settings))
    count_turned_away(gate, app.state.metrics)
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="uvloop",
            # A class to uvicorn; what makes one is as good.
            http=partial(GuardedProtocol, gate),  # type: ignore[arg-type]
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            # Whom to believe is decided where it is asked for.
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=int(settings.shutdown_seconds_max),
        ),
        app,
        settings.drain_seconds,
        Watch(gate),
    )
    try:
        server.run()
    except SystemExit:
        # How the framework says that it has not started.
        if start.failed is None:
            raise
    finally:
        if tracing is not None:
            tracing.close()
    return 0 if server.started else start.told()
