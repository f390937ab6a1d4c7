"""What `amends doctor` finds about digests."""

from __future__ import annotations

import asyncpg

from amends_platform.checkup.finding import Finding
from amends_platform.digest.readers import load_readers
from amends_platform.failures import CannotReach
from amends_platform.owner import owner_connection
from amends_platform.settings import Settings
from amends_platform.yaml_files import YamlFileError

_LATEST = """
SELECT
    day,
    count(*) FILTER (WHERE sent_at IS NOT NULL) AS sent,
    count(*) FILTER (WHERE sent_at IS NULL AND failed IS NULL) AS waiting,
    count(*) FILTER (WHERE failed IS NOT NULL) AS failed,
    min(failed) AS reason
FROM digests WHERE tenant = $1 AND reader <> '' GROUP BY day ORDER BY day DESC LIMIT 1
"""


async def check_digest(settings: Settings, database_url: str | None) -> list[Finding]:
    """The file, and what became of the latest day's mails. That the database is away is said of the database."""
    assert settings.digest is not None
    try:
        readers = load_readers(settings.digest)
    except YamlFileError as error:
        return [Finding("digest", "bad", str(error), "Mend the file that AMENDS_DIGEST names.")]
    if settings.smtp_url is None:
        return [Finding("digest", "bad", "there is no server that takes mail", "Set AMENDS_SMTP_URL.")]
    to = f"{len(readers.staff):,} of staff and {len(readers.mailboxes):,} branches get mail at {readers.hour:%H:%M}"
    latest = await _latest(database_url, settings.tenant)
    if latest is None:
        return [Finding("digest", "good", to)]
    day, sent, waiting = latest["day"], latest["sent"], latest["waiting"]
    if latest["failed"]:
        found = f"{latest['failed']:,} mails of {day} were not sent: {latest['reason']}"
        return [
            Finding("digest", "bad", found, "See the notifier's log; `amends digest --preview` shows what they say.")
        ]
    found = f"{to}; of {day}, {sent:,} mails were sent"
    return (
        [Finding("digest", "note", f"{found} and {waiting:,} wait")] if waiting else [Finding("digest", "good", found)]
    )


async def _latest(database_url: str | None, tenant: str) -> asyncpg.Record | None:
    if database_url is None:
        return None
    try:
        async with owner_connection(database_url) as connection:
            return await connection.fetchrow(_LATEST, tenant)
    except (CannotReach, asyncpg.PostgresError, OSError):
        return None
