"""`amends digest`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from amends_platform.cli.client import AsJson

if TYPE_CHECKING:
    from email.message import EmailMessage

    from amends_platform.digest.readers import Reader, Readers
    from amends_platform.settings import Settings


def digest(
    preview: Annotated[bool, typer.Option("--preview", help="Show the mails as they would be sent now.")] = False,
    owner: Annotated[str | None, typer.Option("--owner", metavar="ID", help="Only what this owner would get.")] = None,
    as_json: AsJson = False,
) -> None:
    """The daily mail to owners, which the notifier sends; --preview shows what it would say now, and sends nothing.

    AMENDS_DIGEST names the file of addresses.
    """
    import asyncio
    import sys

    from amends_platform.cli.settings import load_settings
    from amends_platform.digest.readers import load_readers
    from amends_platform.failures import WrongUsage
    from amends_platform.yaml_files import YamlFileError

    if not preview:
        raise WrongUsage("The notifier sends the digest; say --preview to see what it would say now.")
    settings = load_settings()
    if settings.digest is None:
        raise WrongUsage("Nobody gets a digest: AMENDS_DIGEST names no file.")
    try:
        readers = load_readers(settings.digest)
    except YamlFileError as error:
        raise WrongUsage(f"AMENDS_DIGEST cannot be used.\n{error}") from error
    mails, unreachable = asyncio.run(_written(settings, readers, owner))
    if as_json:
        print(json.dumps([_json(reader, mail) for reader, mail in mails], indent=2, ensure_ascii=False))
    else:
        for _, mail in mails:
            print(f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{_text(mail)}")
        print(f"Mails that would be sent: {len(mails):,}." if owner is None or mails else f"{owner} would get no mail.")
    if unreachable:
        print(f"Without an address, and so without a mail: {', '.join(sorted(unreachable))}", file=sys.stderr)


async def _written(
    settings: Settings, readers: Readers, owner: str | None
) -> tuple[list[tuple[Reader, EmailMessage]], frozenset[str]]:
    from amends_platform.auditing import auditor_connection
    from amends_platform.digest.queue import owners_queue
    from amends_platform.digest.today import today_of
    from amends_platform.digest.writing import written
    from amends_platform.owner import database_url_of
    from amends_platform.policy.book import PolicyBook

    async with auditor_connection(database_url_of(settings)) as connection:
        today = await today_of(connection, PolicyBook(connection), settings.tenant)
        if today is None:
            return [], frozenset()
        items = await owners_queue(connection, settings.tenant, today, readers.hour)
    mails, unreachable = readers.mails(item for item in items if owner in (None, item.owner))
    return [(reader, written(readers, reader, theirs, today)) for reader, theirs in mails.items()], unreachable


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None, "a mail has a plain text"
    return str(part.get_content())


def _json(reader: Reader, mail: EmailMessage) -> dict[str, str]:
    return {
        "reader": reader.key,
        "to": str(mail["To"]),
        "language": reader.language,
        "subject": str(mail["Subject"]),
        "text": _text(mail),
    }
