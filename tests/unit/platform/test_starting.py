"""A service that cannot start says why in a line, without what the database said; its status tells the kind."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import uvicorn
from fastapi import FastAPI
from structlog.testing import capture_logs

from amends_platform.http import serving
from amends_platform.production import OwnerRefused
from amends_platform.sealing import MasterKeyError
from amends_platform.starting import Start, told
from amends_store.errors import StoreUnavailable


@pytest.mark.parametrize(
    ("error", "status", "mend"),
    [
        (MasterKeyError("The master key cannot be read."), 2, None),
        (OwnerRefused(), 2, None),
        (asyncpg.InvalidPasswordError("for user x"), 2, "look at the user and the password of AMENDS_DATABASE_URL"),
        (asyncpg.InvalidParameterValueError('"amends_x"'), 2, "run amends migrate first"),
        (StoreUnavailable("refused"), 3, None),
        (OSError(), 3, None),
        (asyncpg.UniqueViolationError("Key (name)=(Chen)"), 1, None),
        (KeyError("Chen"), 1, None),
    ],
)
def test_the_status_tells_what_is_to_be_set_otherwise_from_what_is_out_of_reach_and_from_a_defect(
    error: Exception, status: int, mend: str | None
) -> None:
    with capture_logs() as lines:
        assert told(error) == status
    [line] = lines
    assert line["event"] == "does not start"
    assert line.get("mend", "").startswith(mend or "")
    assert ("exc_info" in line) == (status == 1)
    assert "Chen" not in line["reason"]


async def test_a_start_that_fails_is_told_instead_of_the_frameworks_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "filters", [])

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        raise MasterKeyError("The master key cannot be read.")
        yield

    app = FastAPI(lifespan=lifespan)
    start = Start(app, "intake", "127.0.0.1", 0)
    with pytest.raises(SystemExit):
        await serving._Server(uvicorn.Config(app, port=0, lifespan="on", log_config=None), app).serve()
    assert isinstance(start.failed, MasterKeyError)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert start.told() == 2


async def test_a_port_that_is_taken_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "filters", [])
    app = FastAPI()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        start = Start(app, "intake", "127.0.0.1", port)
        with pytest.raises(SystemExit):
            await serving._Server(uvicorn.Config(app, port=port, lifespan="on", log_config=None), app).serve()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    with capture_logs() as lines:
        assert start.told() == 2
    assert [line["reason"] for line in lines] == [f"CannotListen: 127.0.0.1:{port}: Address already in use"]
    assert "AMENDS_INTAKE_PORT" in lines[0]["mend"]
