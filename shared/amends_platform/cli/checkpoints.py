"""`amends checkpoints`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.listing import Listed

if TYPE_CHECKING:
    from amends_platform.evidence.checkpoint_files import Exported

app = typer.Typer(
    cls=Listed,
    name="checkpoints",
    help="Signed checkpoints of the log: kept elsewhere, they prove whether it was ever changed.",
    no_args_is_help=True,
)


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; it is made if need be.")],
    as_json: AsJson = False,
) -> None:
    """Write every signed checkpoint that DIR does not hold yet, a file each, and never overwrite one.

    `amends verify --checkpoint DIR` holds the log against them. Where a file and the database hold different
    checkpoints of one size, one of them was forged: that is told, and the exit status is 1.
    """
    import asyncio

    from amends_platform.cli.settings import load_settings
    from amends_platform.failures import Failure
    from amends_platform.owner import database_url_of

    try:
        directory.mkdir(parents=True, exist_ok=True)
        exported = asyncio.run(_export(database_url_of(load_settings()), directory))
    except OSError as error:
        raise Failure(f"{directory} cannot be written to: {error.strerror}.") from error
    newest = exported.newest
    if as_json:
        told = None if newest is None else {"tree_size": newest.tree_size, "signed_at": newest.signed_at.isoformat()}
        document = {"directory": str(directory), "written": exported.written, "present": exported.present}
        print(json.dumps({**document, "newest": told}, indent=2))
        return
    if newest is None:
        print("No checkpoint has been signed yet.")
        return
    print(f"Checkpoints written to {directory}: {exported.written:,}; already there: {exported.present:,}.")
    print(f"The newest is of {newest.tree_size:,} events, signed at {newest.signed_at:%Y-%m-%d %H:%M:%S} UTC.")


@app.command()
def key(
    make: Annotated[
        bool, typer.Option("--make", help="Make the signing key if there is none, as `amends up` does by itself.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """The public key that checkpoints are signed with: what auditors are handed, on a way of its own.

    It goes to `amends verify --key` and `amends verify-bundle --key`. The private key stays in its file. With --json
    those are told, too, that were signed with before.
    """
    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.evidence.signing_key import (
        SigningKeyError,
        ensure_signing_key,
        last_file_of,
        load_signer,
        public_file_of,
        public_keys_in,
    )
    from amends_platform.failures import Failure

    settings = of_this_machine(load_settings())
    path = settings.signing_key_path
    last = last_file_of(path)
    if make and not path.exists() and last.exists():
        raise Failure(
            f"The signing key {path} is missing, and {last} was signed with it: put it back. If it is lost, or must "
            f"not sign any more, keep {last} as evidence, move it away, and make the new key then."
        )
    try:
        if make:
            ensure_signing_key(path, settings.origin)
        verifier = load_signer(path).verifier
        earlier = [key.vkey for key in public_keys_in(public_file_of(path)) if key.vkey != verifier.vkey]
    except (OSError, SigningKeyError) as error:
        raise Failure(f"{error} `amends checkpoints key --make` makes one where there never was any.") from error
    if as_json:
        told = {"name": verifier.name, "key_id": verifier.key_id.hex(), "vkey": verifier.vkey, "pem": verifier.pem}
        print(json.dumps({**told, "earlier": earlier}, indent=2))
    else:
        print(verifier.vkey)


async def _export(database_url: str, directory: Path) -> Exported:
    from amends_platform.cli.progress import meter
    from amends_platform.evidence.checkpoint_files import HoldsAnother, export
    from amends_platform.failures import Failure
    from amends_platform.owner import owner_connection

    async with owner_connection(database_url) as connection:
        total = await connection.fetchval("SELECT count(*) FROM signed_checkpoints")
        try:
            with meter("exporting", "checkpoints", total) as progress:
                return await export(connection, directory, progress.reach)
        except HoldsAnother as error:
            raise Failure(f"{error} One of the two was forged; nothing was overwritten.") from error
