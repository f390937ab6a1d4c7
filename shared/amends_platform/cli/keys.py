"""`amends keys`: the API keys of a tenant; the key store of its customers, and the master key of that."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from amends_domain.access.roles import ROLES
from amends_platform.cli.listing import Listed

if TYPE_CHECKING:
    import asyncpg

    from amends_platform.identity.principals import ApiKey
    from amends_platform.settings import Settings

T = TypeVar("T")

app = typer.Typer(
    cls=Listed,
    help="API keys: make, list, revoke; end sessions. Customers' data keys: copy them, wrap them by a new master key.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_ROLE_HELP = f"What its holder may do: {', '.join(ROLES)}."
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
# Of the listing, where a terminal has no room: its prefix is enough to revoke a key.
_GIVE_UP = (7, 4, 3)


@app.command()
def create(
    role: Annotated[str, typer.Option("--role", metavar="R", help=_ROLE_HELP)],
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="B", help="Only this branch's cases [default: all].")
    ] = None,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="P", help="The staff id that events name [default: one of its own]."),
    ] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="WHEN", help="After so long (90d), at a time, or never.")
    ] = "365d",
    as_json: AsJson = False,
) -> None:
    """Make a key and show it: once, for only its hash is kept."""
    from amends_platform.cli.instants import instant
    from amends_platform.failures import WrongUsage
    from amends_platform.identity.principals import create_key

    expires_at = None if expires == "never" else instant(expires, "--expires")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise WrongUsage(f"--expires: {expires} has passed.")
    key = _with_database(
        lambda connection, settings: create_key(
            connection, role=role, tenant=settings.tenant, branch=branch, person=person, expires_at=expires_at
        )
    )
    document = {"key": key, "role": role, "branch": branch, "expires_at": _iso(expires_at)}
    if as_json:
        print(json.dumps(document))
        return
    print(key)
    ends = "It does not expire." if expires_at is None else f"It expires at {_shown(expires_at.astimezone(UTC))} UTC."
    print(f"{ends} It is shown this once: keep it where secrets are kept.", file=sys.stderr)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """All keys, the revoked ones too: never the keys themselves."""
    from amends_platform.cli.tables import output, print_table
    from amends_platform.identity.principals import list_keys

    keys = _with_database(lambda connection, settings: list_keys(connection, tenant=settings.tenant))
    if as_json:
        print(json.dumps([_document(key) for key in keys], indent=2))
        return
    columns = ("PREFIX", "ROLE", "PERSON", "BRANCH", "CREATED", "EXPIRES", "REVOKED", "ID")
    rows = []
    for key in keys:
        created, expires, revoked = (_shown(at) for at in (key.created_at, key.expires_at, key.revoked_at))
        rows.append((key.prefix, key.role, key.person, key.branch or "all", created, expires, revoked, str(key.id)))
    left_out = print_table(output(), columns, rows, give_up=_GIVE_UP)
    if left_out:
        print(f"a wider terminal also shows {', '.join(left_out)}")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="The key's id, its prefix, or the key itself.")], as_json: AsJson = False
) -> None:
    """Revoke a key: services refuse it within a quarter of a second."""
    from amends_platform.identity.principals import revoke_key

    revoked = _with_database(lambda connection, settings: revoke_key(connection, key, tenant=settings.tenant))
    print(json.dumps(_document(revoked)) if as_json else f"Revoked {revoked.prefix}… of {revoked.person}.")


@app.command("sign-out")
def sign_out(
    person: Annotated[str, typer.Argument(help="Who is signed in to the console, by key or identity provider.")],
    as_json: AsJson = False,
) -> None:
    """End every session of a person at the console: services refuse them within a quarter of a second.

    Who may still sign in may do so again: revoke their key, or disable them at the identity provider, before.
    """
    from amends_platform.identity.sessions import end_sessions_of

    ended = _with_database(lambda connection, settings: end_sessions_of(connection, settings.tenant, person))
    print(json.dumps({"person": person, "sessions": ended}) if as_json else f"Ended {ended} sessions of {person}.")


@app.command()
def copy(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy, which must not be there yet.")],
    as_json: AsJson = False,
) -> None:
    """Copy the key store while services run, for a backup apart from the database's and from the master key's.

    Keep few copies, and not for long: erasing a customer destroys the key in the key store, not in a copy.
    """
    from contextlib import closing

    from amends_platform.backup.manifest import MANIFEST
    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.failures import Failure
    from amends_platform.keystore.key_file import KeyFile
    from amends_platform.keystore.master_keys import MasterKeys
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.sealing import MasterKeyError

    if (file.parent / MANIFEST).exists():
        raise Failure(f"{file.parent} is a backup of the database: customers' keys are kept apart from it.")
    settings = of_this_machine(load_settings())
    path = settings.key_store_path
    if not path.exists():
        raise Failure(f"There is no key store {path}.")
    if file.exists():
        raise Failure(f"{file} is there already.")
    try:
        with closing(KeyFile(path, MasterKeys(settings.master_key_path))) as store:
            store.copy_to(file)
    except (KeyStoreUnavailable, MasterKeyError) as error:
        raise Failure(f"The key store was not copied: {error}") from error
    print(json.dumps({"key_store": str(path), "copy": str(file)}) if as_json else f"Copied {path} to {file}.")


@app.command("rotate-master")
def rotate_master(as_json: AsJson = False) -> None:
    """Wrap every customer's data key by a new master key, which replaces the one in its file, while services run.

    Cut off, it is finished by running it again. Keep a copy of the new master key afterwards; copies of the key
    store that were made before open only with the old one.
    """
    from amends_platform.cli.progress import meter
    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.failures import Failure
    from amends_platform.keystore.moving import count_unmoved
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.keystore.rotating import rotate_master
    from amends_platform.sealing import CannotUnseal, MasterKeyError

    if _with_database(lambda connection, settings: count_unmoved(connection, settings.tenant)):
        raise Failure("The database holds keys of an older release, wrapped by this master key: run `amends migrate`.")
    settings = of_this_machine(load_settings())
    try:
        with meter("wrapping", "keys", 0) as progress:
            count = rotate_master(settings.key_store_path, settings.master_key_path, on_progress=progress.reach)
    except (CannotUnseal, KeyStoreUnavailable, MasterKeyError) as error:
        raise Failure(f"The master key was not replaced: {error}") from error
    if as_json:
        print(json.dumps({"keys": count, "master_key_file": str(settings.master_key_path)}))
        return
    print(f"{count:,} customers' keys are wrapped by a new master key: {settings.master_key_path}. Keep a copy of it.")


def _document(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "prefix": key.prefix,
        "role": key.role,
        "person": key.person,
        "branch": key.branch,
        "tenant": key.tenant,
        "created_at": _iso(key.created_at),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "development": key.development,
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _shown(at: datetime | None) -> str:
    return "-" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _with_database(work: Callable[[asyncpg.Connection, Settings], Awaitable[T]]) -> T:
    import asyncio

    import asyncpg

    from amends_platform.cli.settings import load_settings
    from amends_platform.failures import Failure, WrongUsage
    from amends_platform.identity.principals import BadKeyRequest, NoSuchKey
    from amends_platform.owner import database_url_of, owner_connection

    settings = load_settings()

    async def connected() -> T:
        async with owner_connection(database_url_of(settings)) as connection:
            try:
                return await work(connection, settings)
            except BadKeyRequest as error:
                raise WrongUsage(str(error)) from error
            except NoSuchKey as error:
                raise Failure(str(error)) from error
            except asyncpg.UndefinedTableError as error:
                raise Failure("The database has no Amends schema yet: run `amends migrate`.") from error

    return asyncio.run(connected())
