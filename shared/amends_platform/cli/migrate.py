"""`amends migrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from amends_platform.cli.client import AsJson

if TYPE_CHECKING:
    import asyncpg

    from amends_platform.settings import Settings


class _Keys(NamedTuple):
    """Customers' keys that an older release kept in the database: how many are in the key store now, or not yet."""

    moved: int = 0
    left: int = 0


class _Migrated(NamedTuple):
    schema: str | None
    keys: _Keys
    to_finish: bool
    """Whether the release before may still run on it."""


def migrate(
    finish: Annotated[
        bool, typer.Option("--finish", help="No service of the release before runs any more: close what it needed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the schema of the database up to date. Safe at any time, from several machines at once."""
    import asyncio
    import json

    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.owner import database_url_of

    settings = of_this_machine(load_settings())
    done = asyncio.run(_migrate(settings, database_url_of(settings), finish=finish))
    if as_json:
        keys = {"keys_moved": done.keys.moved, "keys_in_database": done.keys.left}
        print(json.dumps({"schema": done.schema, **keys, "to_finish": done.to_finish}))
        return
    if done.keys.moved:
        print(f"{done.keys.moved:,} customers' keys were moved from the database to {settings.key_store_path}.")
    if done.keys.left:
        print(
            f"{done.keys.left:,} customers' keys are in the database still: intake moves them to the key store when it"
            " starts."
        )
    if done.to_finish:
        print("The release before may run on. Once it does not: `amends migrate --finish`.")
    print(f"The schema is at {done.schema}.")


async def _migrate(settings: Settings, database_url: str, *, finish: bool) -> _Migrated:
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
        keys = await _move_keys(settings, connection)
        if finish:
            await finish_upgrade(connection)
        to_finish = any(await walls_down(connection))
        return _Migrated(await schema_version(connection), keys, to_finish)


async def _move_keys(settings: Settings, connection: asyncpg.Connection) -> _Keys:
    """What an older release kept in the database goes to the key store, where that is at hand; else intake does it."""
    from amends_platform.cli.progress import meter
    from amends_platform.failures import Failure
    from amends_platform.keystore.moving import count_unmoved, move_keys
    from amends_platform.keystore.opening import open_key_store
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.sealing import CannotUnseal, MasterKey, MasterKeyError

    total = await count_unmoved(connection, settings.tenant)
    if total == 0 or not settings.master_key_path.exists():
        return _Keys(left=total)
    try:
        store = open_key_store(settings)
        try:
            with meter("moving", "keys", total) as progress:
                load = lambda: MasterKey.load(settings.master_key_path)  # noqa: E731
                return _Keys(
                    moved=await move_keys(connection, store, settings.tenant, load, on_progress=progress.reach)
                )
        finally:
            await store.aclose()
    except (CannotUnseal, KeyStoreUnavailable, MasterKeyError) as error:
        raise Failure(f"Customers' keys could not be moved to {settings.key_store_path}: {error}") from error
