"""`amends evidence`."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from amends_platform.cli.client import AsJson, Key, Purpose, Url

if TYPE_CHECKING:
    from amends_platform.clients import Address
    from amends_platform.evidence.checking import Checked


T = TypeVar("T")

_SILENT_SECONDS_MAX: Final = 1.0


def evidence(
    case: Annotated[str, typer.Argument(metavar="CASE", help="The case's reference, such as K7M2-P9QX, or its id.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the archive.")],
    pdf: Annotated[bool, typer.Option("--pdf", help="With the dossier on paper too, as PDF.")] = False,
    without_personal: Annotated[
        bool, typer.Option("--without-personal", help="Without names, numbers and anybody's words.")
    ] = False,
    url: Url = None,
    key: Key = None,
    purpose: Purpose = None,
    as_json: AsJson = False,
) -> None:
    """The evidence of one case in one archive: its events, their proofs, the policies, and a dossier to read.

    `amends verify-bundle` checks it anywhere, with nothing but the archive and the log's public key. Names and words
    are in it where the key may read them. Where the case has just moved, it takes until the next checkpoint is signed.
    """
    import asyncio

    from amends_platform.cli.client import address
    from amends_platform.cli.outputs import check_output
    from amends_platform.files import private_file

    check_output(output)
    where = address("workflow", url, key, role="auditor", purpose=purpose)
    raw, checked = asyncio.run(_fetched(where, case, pdf=pdf, personal=not without_personal))
    with private_file(output) as file:
        file.write(raw)
    _report(checked, output, len(raw), as_json=as_json)


async def _fetched(where: Address, case: str, *, pdf: bool, personal: bool) -> tuple[bytes, Checked]:
    """The archive, found good by the key that the service has."""
    from amends_platform.evidence.checking import check_bundle
    from amends_platform.evidence.notes import Verifier
    from amends_platform.failures import Failure

    async with where.workflow() as client:
        raw = await _patiently(client.evidence(case, personal=personal, pdf=pdf, amends_purpose=where.purpose))
        vkey = (await client.signing_key())["vkey"]
    checked = check_bundle(raw, Verifier.from_vkey(vkey))
    if checked.faults:
        file, what = checked.faults[0]
        raise Failure(f"The evidence that the service gave does not hold: {file or 'the archive'}: {what}")
    return raw, checked


async def _patiently(asking: Awaitable[T]) -> T:
    """The answer; a person who waits is told for what."""
    import asyncio

    task = asyncio.ensure_future(asking)
    await asyncio.wait([task], timeout=_SILENT_SECONDS_MAX)
    if not task.done():
        print("Waiting for a signed checkpoint that covers the case …", file=sys.stderr)
    return await task


def _report(checked: Checked, output: Path, size: int, *, as_json: bool) -> None:
    from amends_platform.cli.verify_bundle import document, proven

    if as_json:
        print(json.dumps({"file": str(output), "bytes": size, **document(checked)}, ensure_ascii=False))
        return
    for line in proven(checked):
        print(line)
    print(f"{size:,} bytes in {output}; whoever is to check it needs the key, by another way than with the archive.")
