"""`amends backup` and `amends restore`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.counting import counted
from amends_platform.cli.up import DataDir

if TYPE_CHECKING:
    from amends_platform.backup.manifest import Manifest
    from amends_platform.settings import Settings
    from amends_platform.verifying.log import Verified


def backup(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The directory of the backup, which must not be there yet.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Make none: read every byte of this one, against its manifest.")
    ] = False,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Make none: check this one, restore it into a server of its own, and verify the log there.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Back the database up while services work on: all of it as it is at one moment, whole or not at all.

    Customers' data keys are not in it, and must not come to it: `amends keys copy` puts them elsewhere. Nor is the
    signing key, which is kept once. docs/backup.md says how often, and what comes after a restore.
    """
    import asyncio

    if rehearse:
        _rehearse(directory, as_json=as_json)
        return
    manifest = _checked(directory) if check else asyncio.run(_back_up(directory))
    if as_json:
        print(json.dumps(_document(directory, manifest)))
        return
    print(_said(directory, manifest, "is whole" if check else "is made"))
    if not check:
        print("Customers' data keys are not in it: copy them to another place, with `amends keys copy`.")


def restore(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A backup that `amends backup` made.")],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a new database: all of it, or nothing.

    The database is the one of the data directory, where `amends up` finds it, or AMENDS_DATABASE_URL; it must hold
    nothing yet. Keys are left as they are: what was erased since the backup stays erased.
    """
    import asyncio

    from amends_platform.cli.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    settings = settings.model_copy(update={"data_dir": settings.data_dir.expanduser().resolve()})
    if data_dir is not None:
        settings = settings.model_copy(update={"database_url": None})
    manifest = asyncio.run(_restore(directory, settings))
    lost = _signed_beyond(settings, manifest)
    if as_json:
        print(json.dumps(_document(directory, manifest) | {"signed_events_lost": lost}))
        return
    print(_said(directory, manifest, "is restored"))
    if lost:
        print(
            f"\nEVENTS ARE LOST, {lost:,} at least: so many more were signed than the backup has. What was acknowledged"
            " since is not in the log. Nothing is signed, and the workflow is not ready, until a person decides:"
            " docs/backup.md says how."
        )
    print("\nWhat is to be done now, in this order (docs/backup.md):")
    steps = _steps_of_a_server() if settings.database_url is not None else _steps_of_a_directory(settings)
    width = max(len(step) for step, _why in steps)
    for step, why in steps:
        print(f"  {step:<{width}}   {why}")


def _steps_of_a_server() -> list[tuple[str, str]]:
    """What comes after a restore into a database of one's own, and why."""
    return [
        ("amends migrate", "where this release is newer than the backup"),
        ("amends verify", "with the checkpoints that were kept elsewhere"),
        ("amends keys list", "a key that was revoked since the backup is valid again"),
        ("amends notifier --republish 1", "where the broker is new, before the services start: its stream is empty"),
    ]


def _steps_of_a_directory(settings: Settings) -> list[tuple[str, str]]:
    """The same where the server is that of `amends up`, which runs while that does."""
    keys = [settings.master_key_path, settings.key_store_path, settings.signing_key_path]
    missing = [path for path in keys if not path.exists()]
    return [
        *((f"{path}", "is missing: bring it back from where it is kept") for path in missing),
        (f"amends up --data-dir {settings.data_dir}", "which migrates, too"),
        ("amends verify", "with the checkpoints that were kept elsewhere"),
        ("amends keys list", "a key that was revoked since the backup is valid again"),
        ("amends notifier --republish 1", "where the broker is new: its stream is empty"),
    ]


async def _back_up(directory: Path) -> Manifest:
    from amends_platform.backup.making import make_backup
    from amends_platform.cli.progress import meter
    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of

    database_url = database_url_of(load_settings())
    with meter("backing up", "rows", 0) as progress:
        return await make_backup(database_url, directory, progress.reach)


def _checked(directory: Path) -> Manifest:
    from amends_platform.backup.manifest import check_files, read_manifest

    manifest = read_manifest(directory)
    check_files(directory, manifest)
    return manifest


async def _restore(directory: Path, settings: Settings) -> Manifest:
    from amends_platform.backup.manifest import read_manifest
    from amends_platform.backup.restoring import restore
    from amends_platform.backup.servers import server_of
    from amends_platform.cli.progress import meter

    # Before a server is made for what is no backup.
    read_manifest(directory)
    with meter("restoring", "rows", 0) as progress:
        if settings.database_url is not None:
            return await restore(directory, settings.database_url, progress.reach)
        async with server_of(settings.data_dir, _note) as database_url:
            return await restore(directory, database_url, progress.reach)


def _rehearse(directory: Path, *, as_json: bool) -> None:
    import asyncio

    manifest, verified = asyncio.run(_rehearsed(directory))
    if as_json:
        faults = [fault._asdict() for fault in verified.faults]
        print(json.dumps(_document(directory, manifest) | {"good": not faults, "faults": faults}))
    else:
        print(_said(directory, manifest, "can be restored"))
        for fault in verified.faults:
            print(f"  position {fault.position:,}: {fault.what}")
        print("The log in it is bad." if verified.faults else "The log in it is whole, every event what was hashed.")
    if verified.faults:
        raise typer.Exit(1)


async def _rehearsed(directory: Path) -> tuple[Manifest, Verified]:
    import os
    from functools import partial

    from amends_platform.backup.manifest import CHECKPOINT
    from amends_platform.backup.restoring import restore
    from amends_platform.backup.servers import passing_server
    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.verifying.claims import claims_from, own_public_keys
    from amends_platform.verifying.log import Request, verify_log

    keys = own_public_keys(of_this_machine(load_settings()).signing_key_path)
    with meter_of_stages({"restoring": "rows", "verifying": "events"}) as on_progress:
        async with passing_server(_note) as database_url:
            manifest = await restore(directory, database_url, partial(on_progress, "restoring"))
            claims = claims_from(directory / CHECKPOINT, keys) if CHECKPOINT in manifest.files else []
            request = Request(database_url, keys, claims, os.cpu_count() or 1)
            return manifest, await verify_log(request, partial(on_progress, "verifying"))


def _signed_beyond(settings: Settings, manifest: Manifest) -> int:
    """How many events were signed, by what is remembered beside the signing key, that the backup has not."""
    from amends_platform.evidence.notes import BadNote
    from amends_platform.evidence.signing_key import last_file_of
    from amends_platform.evidence.tree_head import head_of

    try:
        last = head_of(last_file_of(settings.signing_key_path).read_text(encoding="utf-8"))
    except (OSError, BadNote):
        # Kept elsewhere, or nothing was signed yet. The sealer finds out in any case.
        return 0
    return max(0, last.tree_size - manifest.position)


def _note(line: str) -> None:
    import sys

    print(line, file=sys.stderr)


def _said(directory: Path, manifest: Manifest, what: str) -> str:
    size = sum(file.bytes for file in manifest.files.values()) / 1_048_576
    signed = (
        "no checkpoint" if not manifest.signed_events else f"a checkpoint of {counted(manifest.signed_events, 'event')}"
    )
    return (
        f"The backup {directory} {what}: {counted(manifest.position, 'event')} and {signed}, as of "
        f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; schema {manifest.schema_version}, PostgreSQL {manifest.postgres}; "
        f"{size:,.1f} MB."
    )


def _document(directory: Path, manifest: Manifest) -> dict[str, Any]:
    return {"directory": str(directory)} | manifest.document()
