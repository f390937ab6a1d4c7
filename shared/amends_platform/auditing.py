"""A connection for looking at everything and changing nothing: as the auditor's role wherever one may take it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import asyncpg

from amends_platform.failures import CannotReach, Failure
from amends_platform.owner import owner_connection
from amends_store.outages import is_outage

_AUDITOR = "amends_auditor"


@asynccontextmanager
async def auditor_connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection. Raises CannotReach, also when the database goes away meanwhile, or Failure."""
    async with owner_connection(database_url) as connection:
        # Whoever is no member of the role looks with their own rights.
        with suppress(asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError):
            await connection.execute(f"SET ROLE {_AUDITOR}")
        try:
            yield connection
        except asyncpg.UndefinedTableError as error:
            raise Failure(f"The database is not as this release needs it: run `amends migrate` ({error}).") from error
        except asyncpg.InsufficientPrivilegeError as error:
            raise Failure(
                f"The database refuses to show what is asked ({error}): connect as its owner, or as a member of "
                f"{_AUDITOR}."
            ) from error
        except Exception as error:
            if is_outage(error):
                raise CannotReach(f"The database went away: {error or type(error).__name__}") from error
            raise
