"""`amends migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import asyncpg

    from amends_platform.settings import Settings


def migrate(
    finish: Annotated[
        bool, typer.Option("--finish", help="No service of the release before runs any more: close what it needed.")
    ] = False,
) -> None:
    """Bring the schema of the database up to date. Safe at any time, from several machines at once."""
    import asyncio

    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.owner import database_url_of

    settings = of_this_machine(load_settings())
    print(f"The schema is at {asyncio.run(_migrate(settings, database_url_of(settings), finish=finish))}.")


async def _migrate(settings: Settings, database_url: str, *, finish: bool) -> str | None:
    from amends_platform.failures import CannotReach
    from amends_platform.owner import owner_connection
    from amends_store.errors import StoreUnavailable
    from amends_store.migrate import migrate, schema_version
    from amends_store.walls import finish_upgrade, walls_down

    async with owner_connection(database_url) as connection:
        try:
            await migrate(database_url)
        except StoreUnavailable as error:
            raise CannotReach(str(error)) from error
        await _move_keys(settings, connection)
        if finish:
            await finish_upgrade(connection)
        elif any(await walls_down(connection)):
            print("The release before may run on. Once it does not: `amends migrate --finish`.")
        return await schema_version(connection)


async def _move_keys(settings: Settings, connection: asyncpg.Connection) -> None:
    """What an older release kept in the database goes to the key store, where that is at hand; else intake does it."""
    from amends_platform.cli.progress import meter
    from amends_platform.failures import Failure
    from amends_platform.keystore.moving import count_unmoved, move_keys
    from amends_platform.keystore.opening import open_key_store
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.sealing import CannotUnseal, MasterKey, MasterKeyError

    total = await count_unmoved(connection, settings.tenant)
    if total == 0:
        return
    if not settings.master_key_path.exists():
        print(
            f"{total:,} customers' keys are in the database still: intake moves them to the key store when it starts."
        )
        return
    try:
        store = open_key_store(settings)
        try:
            with meter("moving", "keys", total) as progress:
                load = lambda: MasterKey.load(settings.master_key_path)  # noqa: E731
                moved = await move_keys(connection, store, settings.tenant, load, on_progress=progress.reach)
        finally:
            await store.aclose()
    except (CannotUnseal, KeyStoreUnavailable, MasterKeyError) as error:
        raise Failure(f"Customers' keys could not be moved to {settings.key_store_path}: {error}") from error
    print(f"{moved:,} customers' keys were moved from the database to {settings.key_store_path}.")
