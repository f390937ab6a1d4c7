"""`amends export`."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import asyncpg

    from amends_platform.exporting.exports import Exported
    from amends_platform.exporting.extract import FindKeys
    from amends_platform.settings import Settings

_FORMATS = ("ocel", "xes", "ndjson", "parquet")


class _ReaderGone(Exception):
    """Whoever read standard output has seen enough."""


class _StandardOutput:
    """Tells a reader that is gone apart from a database that is: both are broken pipes."""

    def write(self, data: bytes, /) -> None:
        with _told_apart():
            sys.stdout.buffer.write(data)

    def flush(self) -> None:
        with _told_apart():
            sys.stdout.buffer.flush()


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        from amends_platform.cli.outputs import give_up_output
        from amends_platform.failures import Failure

        give_up_output()
        if isinstance(error, BrokenPipeError):
            raise _ReaderGone from error
        raise Failure(f"Standard output cannot be written: {error.strerror}.") from error


def export(
    format_: Annotated[str, typer.Option("--format", metavar="F", help=f"{', '.join(_FORMATS)}.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to [default: standard output].")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="T", help="Only what was recorded at T or later.")
    ] = None,
    before: Annotated[str | None, typer.Option("--to", metavar="T", help="Only what was recorded before T.")] = None,
    until: Annotated[
        int | None, typer.Option("--until-position", metavar="P", min=0, help="Only up to position P of the log.")
    ] = None,
    personal: Annotated[
        bool, typer.Option("--personal", help="With personal data: takes the key store and its master key.")
    ] = False,
    json_summary: Annotated[
        bool,
        typer.Option("--json-summary", help="Say in JSON what was written."),
    ] = False,
) -> None:
    """Write the event log for other programs: OCEL 2.0 or XES for process mining, NDJSON or Parquet for analysis.

    Without personal data, unless it is asked for; what was erased is gone either way. The log as it is now is
    written, whatever is recorded meanwhile.
    """
    import asyncio

    from amends_platform.cli.outputs import check_output
    from amends_platform.failures import WrongUsage

    if format_ not in _FORMATS:
        raise WrongUsage(f"--format: expected one of {', '.join(_FORMATS)}, not {format_!r}")
    if format_ == "parquet" and output is None:
        raise WrongUsage("--format parquet needs a file: -o FILE")
    if output is not None:
        check_output(output)
    try:
        exported = asyncio.run(_exported(format_, output, since, before, until, personal=personal))
    except _ReaderGone:
        raise typer.Exit(1) from None
    _report(exported, output, as_json=json_summary)


async def _exported(
    format_: str, output: Path | None, since: str | None, before: str | None, until: int | None, *, personal: bool
) -> Exported:
    from amends_platform.cli.instants import instant
    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.cli.settings import load_settings
    from amends_platform.exporting.exports import Format, export_to, export_to_file
    from amends_platform.exporting.extract import Extract, scope_of_times
    from amends_platform.failures import WrongUsage

    settings = load_settings()
    times = {
        "since": None if since is None else instant(since, "--from", ago=True),
        "before": None if before is None else instant(before, "--to", ago=True),
    }
    if times["since"] and times["before"] and times["since"] >= times["before"]:
        raise WrongUsage("--from: it is not before --to")
    async with _log(settings) as conn, _keys(settings, personal=personal) as keys:
        scope = await scope_of_times(conn, **times, until=until)
        extract = Extract(conn, settings.tenant, scope, keys)
        with meter_of_stages({"events": "events", "objects": "events"}) as on_progress:
            if output is not None:
                return await export_to_file(output, Format(format_), extract, on_progress)
            out = _StandardOutput()
            exported = await export_to(out, Format(format_), extract, on_progress)
            out.flush()
            return exported


@asynccontextmanager
async def _log(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees one state of everything, and changes nothing."""
    from amends_platform.auditing import auditor_connection
    from amends_platform.owner import database_url_of

    async with (
        auditor_connection(database_url_of(settings)) as conn,
        conn.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield conn


@asynccontextmanager
async def _keys(settings: Settings, *, personal: bool) -> AsyncIterator[FindKeys | None]:
    """What finds the keys of sealed data, where personal data is asked for: whoever has these files is allowed."""
    if not personal:
        yield None
        return
    from amends_platform.auditing import auditor_connection
    from amends_platform.cli.settings import of_this_machine
    from amends_platform.failures import Failure
    from amends_platform.keyring import Keyring
    from amends_platform.keystore.opening import open_key_store
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.owner import database_url_of
    from amends_platform.sealing import MasterKeyError

    settings = of_this_machine(settings)
    if not settings.key_store_path.exists():
        # Opening would make one, with none of the keys in it.
        raise Failure(f"--personal: there is no key store at {settings.key_store_path}.")
    try:
        store = open_key_store(settings)
        try:
            # Not the connection that sees one state: it would not see what is erased meanwhile.
            async with auditor_connection(database_url_of(settings)) as conn:
                yield Keyring(conn, store).by_id
        finally:
            await store.aclose()
    except (MasterKeyError, KeyStoreUnavailable) as error:
        raise Failure(f"--personal: {error}") from error


def _report(exported: Exported, output: Path | None, *, as_json: bool) -> None:
    where = sys.stderr if output is None else sys.stdout
    scope, counted = exported.scope, exported.counted
    if as_json:
        document = {
            "format": exported.format.value,
            "file": None if output is None else str(output),
            "first_position": scope.after + 1,
            "last_position": scope.until,
            **counted._asdict(),
            "personal": exported.personal,
            "seconds": round(exported.seconds, 3),
        }
        print(json.dumps(document), file=where)
    else:
        told = [f"{number:,} {what}" for what, number in counted._asdict().items() if number]
        print(f"{', '.join(told) or 'nothing'} up to position {scope.until:,}  ({exported.seconds:.1f} s)", file=where)
    if exported.personal:
        print("amends: this export holds personal data.", file=sys.stderr)
