"""A service that cannot start says why in one line, and what to do; the framework would show a page of places, and
what the database said.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog

from amends_platform.production import OwnerRefused
from amends_platform.reasons import reason
from amends_platform.sealing import CannotUnseal, MasterKeyError
from amends_store.errors import StoreUnavailable
from amends_store.outages import is_outage

if TYPE_CHECKING:
    from fastapi import FastAPI

log = structlog.get_logger()

BAD, WRONG_USAGE, UNREACHABLE = 1, 2, 3
# What PostgreSQL says to who connects, by how its code begins.
_MENDS: Final = {
    "28": "look at the user and the password of AMENDS_DATABASE_URL",
    "3D": "look at the database that AMENDS_DATABASE_URL names",
    "42501": "use a login of the service's own: deploy/roles.sql makes them",
    "22023": "run amends migrate first: it makes the roles of the services",
    "42P01": "run amends migrate first",
}


class CannotListen(Exception):
    """Why a service cannot listen where it is set to."""

    def __init__(self, program: str, host: str, port: int, error: OSError) -> None:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        super().__init__(f"{host}:{port}: {why}")
        name = program.upper()
        self.mend = f"stop what listens there, or set AMENDS_{name}_HOST or AMENDS_{name}_PORT otherwise"


class Start:
    """The start of an application: `failed` is what ended it."""

    def __init__(self, app: FastAPI, program: str, host: str, port: int) -> None:
        self.failed: Exception | None = None
        self._where = program, host, port
        begin = app.router.lifespan_context

        @asynccontextmanager
        async def watched(app: FastAPI) -> AsyncIterator[Any]:
            started = False
            try:
                async with begin(app) as state:
                    started = True
                    yield state
            except Exception as error:
                if not started:
                    self.failed = error
                raise

        app.router.lifespan_context = watched
        logging.getLogger("uvicorn.error").addFilter(self._is_news)

    def _is_news(self, record: logging.LogRecord) -> bool:
        if self.failed is None and isinstance(record.msg, OSError):
            # How the framework says that it cannot listen.
            self.failed = CannotListen(*self._where, record.msg)
        return self.failed is None or record.levelno < logging.ERROR

    def told(self) -> int:
        """Say why it failed, if it is known. Returns the exit status."""
        return UNREACHABLE if self.failed is None else told(self.failed)


def told(error: Exception) -> int:
    """Log why a service does not start. Returns the exit status: 2 to be set otherwise, 3 out of reach, 1 a defect."""
    # The notifier reads no policy, and shall not load what does so.
    from amends_platform.policy.files import PolicyFileError

    said = {"reason": reason(error)}
    sqlstate = getattr(error, "sqlstate", None) or ""
    if isinstance(error, CannotListen):
        log.critical("does not start", **said, mend=error.mend)
        return WRONG_USAGE
    mends = [mend for beginning, mend in _MENDS.items() if sqlstate.startswith(beginning)]
    if mends or isinstance(error, PolicyFileError | MasterKeyError | CannotUnseal | OwnerRefused):
        log.critical("does not start", **said, **({"mend": mends[0]} if mends else {}))
        return WRONG_USAGE
    if isinstance(error, StoreUnavailable) or is_outage(error):
        log.critical("does not start", **said)
        return UNREACHABLE
    log.critical("does not start", **said, exc_info=error)
    return BAD
