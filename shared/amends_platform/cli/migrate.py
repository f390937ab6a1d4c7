"""`amends migrate`."""

from __future__ import annotations


def migrate() -> None:
    """Bring the schema of the database up to date. Safe at any time, from several machines at once."""
    import asyncio

    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of

    database_url = database_url_of(load_settings())
    version = asyncio.run(_migrate(database_url))
    print(f"The schema is at {version}.")


async def _migrate(database_url: str) -> str | None:
    from amends_platform.failures import CannotReach
    from amends_platform.owner import owner_connection
    from amends_store.errors import StoreUnavailable
    from amends_store.migrate import migrate, schema_version

    async with owner_connection(database_url) as connection:
        try:
            await migrate(database_url)
        except StoreUnavailable as error:
            raise CannotReach(str(error)) from error
        return await schema_version(connection)
