"""A server to restore into: that of a data directory, or one for the time of a rehearsal."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from amends_platform.embedded.postgres import EmbeddedPostgres
from amends_platform.supervising.data_directory import owned
from amends_platform.supervising.processes import Child
from amends_platform.supervising.up import DATABASE


@asynccontextmanager
async def server_of(data_dir: Path, say: Callable[[str], None]) -> AsyncIterator[str]:
    """The URL of the database that `amends up` has in this data directory (absolute), made where there is none.

    Its server runs while the block does. Raises Failure while an `amends up` uses the directory, and StartFailed.
    """
    with owned(data_dir) as directory:
        postgres = EmbeddedPostgres(directory.postgres, log_file=directory.log("postgres"), say=say)
        await postgres.prepare()
        child = Child(postgres.program(), busy=say, started=lambda: None)
        try:
            await child.start()
            await postgres.ensure_database(DATABASE)
            yield postgres.url(DATABASE)
        finally:
            await child.stop()
            postgres.tidy()


@asynccontextmanager
async def passing_server(say: Callable[[str], None]) -> AsyncIterator[str]:
    """An empty database on a server that is gone with all its data at the end. Raises StartFailed."""
    with tempfile.TemporaryDirectory(prefix="amends-rehearsal-") as directory:
        async with server_of(Path(directory), say) as url:
            yield url
