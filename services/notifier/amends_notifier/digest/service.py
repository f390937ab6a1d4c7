"""The day's mails, from the hour on until they are sent, through restarts and outages of database and server."""

from __future__ import annotations

import asyncio
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from amends_notifier.digest.metrics import DigestMetrics
from amends_notifier.digest.outbox import Claimed, Outbox
from amends_notifier.digest.smtp import NotTaken, Server
from amends_notifier.racing import go_on
from amends_platform.digest.queue import Item, Today, owners_queue
from amends_platform.digest.readers import Reader, Readers, load_readers
from amends_platform.digest.today import today_of
from amends_platform.digest.writing import written
from amends_platform.policy.book import PolicyBook
from amends_platform.reasons import reason
from amends_platform.yaml_files import YamlFileError
from amends_store.outages import is_outage

log = structlog.get_logger()

_LOOK_SECONDS: Final = 30.0
_AGAIN_SECONDS: Final = 30.0
_AGAIN_SECONDS_MAX: Final = 900.0
_REASON_LENGTH_MAX: Final = 300


class Digest:
    """A teller of the notifier: `start` and `stop` it as often as it becomes and ceases to be the active one."""

    def __init__(
        self,
        path: Path,
        pool: asyncpg.Pool,
        server: Server,
        *,
        tenant: str,
        metrics: DigestMetrics,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """`pool`: one connection of it is used at a time. `look_seconds`: how often it looks whether it is time."""
        self._path = path
        self._pool = pool
        self._server = server
        self._tenant = tenant
        self._metrics = metrics
        self._look_seconds = look_seconds
        self._outbox = Outbox(pool, tenant)
        self._policies = PolicyBook(pool)
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._readers: Readers | None = None
        self._read_as: tuple[int, int, int] | None = None
        self._refused = ""

    def start(self) -> None:
        """Begin in the background."""
        self._stopping.clear()
        self._task = asyncio.create_task(self._run(), name="digest")

    async def stop(self, seconds_max: float) -> None:
        """Let the mail that is on its way arrive, and be remembered, for at most so long."""
        if self._task is None:
            return
        self._stopping.set()
        await asyncio.wait([self._task], timeout=seconds_max)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _run(self) -> None:
        while go_on() and not self._stopping.is_set():
            try:
                await self._look()
            except YamlFileError as error:
                if str(error) != self._refused:
                    self._refused = str(error)
                    log.error("AMENDS_DIGEST cannot be used: no digest is sent", reason=reason(error))
            except Exception as error:
                # Whatever it is, alerts on the stream go on, and so shall these.
                if is_outage(error):
                    log.warning("the digest waits for the database", reason=reason(error))
                else:
                    log.exception("the digest broke off, and begins again")
            try:
                async with asyncio.timeout(self._look_seconds):
                    await self._stopping.wait()
            except TimeoutError:
                continue

    async def _look(self) -> None:
        today = await today_of(self._pool, self._policies, self._tenant)
        if today is None:
            return
        day = today.local.date()
        for unsent in await self._outbox.end_days_before(day):
            self._metrics.given_up.inc()
            log.error("a digest was not sent within its day", **unsent._asdict())
        readers = await self._read_file()
        if today.local.time() < readers.hour:
            return
        if not await self._outbox.is_begun(day):
            await self._begin(day, readers, today)
        mails: dict[str, tuple[Reader, list[Item]]] | None = None
        while not self._stopping.is_set() and (claimed := await self._outbox.claim(day)) is not None:
            if mails is None:
                # As things stand now: it may be hours after the list was made.
                mails = {reader.key: (reader, items) for reader, items in (await self._mails(readers, today)).items()}
            if claimed.reader not in mails:
                # Nothing is left to be told.
                await self._outbox.sent(day, claimed.reader)
                continue
            reader, items = mails[claimed.reader]
            # In a thread, as the file is read: the catalog of words takes its time, and alerts are published meanwhile.
            mail = await asyncio.to_thread(written, readers, reader, items, today)
            if not await self._send(day, claimed, mail):
                return

    async def _read_file(self) -> Readers:
        """What the file says now. Raises YamlFileError."""
        try:
            status = self._path.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            seen = None
        if self._readers is None or seen is None or seen != self._read_as:
            self._readers = await asyncio.to_thread(load_readers, self._path)
            self._read_as, self._refused = seen, ""
        return self._readers

    async def _begin(self, day: date, readers: Readers, today: Today) -> None:
        mails = await self._mails(readers, today)
        await self._outbox.begin(day, [reader.key for reader in mails])
        log.info("digest", day=str(day), mails=len(mails))

    async def _mails(self, readers: Readers, today: Today) -> dict[Reader, list[Item]]:
        mails, unreachable = readers.mails(await owners_queue(self._pool, self._tenant, today, readers.hour))
        if unreachable:
            log.warning("owners without an address get no digest", owners=sorted(unreachable))
        return mails

    async def _send(self, day: date, claimed: Claimed, mail: EmailMessage) -> bool:
        """Whether it is worth trying to send another."""
        try:
            await self._server.send(mail)
        except NotTaken as error:
            self._metrics.failed.inc()
            if error.is_final:
                self._metrics.given_up.inc()
                log.error("a digest was refused", reader=claimed.reader, reason=reason(error))
                await self._outbox.failed(day, claimed.reader, str(error)[:_REASON_LENGTH_MAX])
                return True
            seconds = min(_AGAIN_SECONDS * 2 ** min(claimed.attempts - 1, 16), _AGAIN_SECONDS_MAX)
            log.warning("a digest was not taken", reader=claimed.reader, reason=reason(error), again_in_seconds=seconds)
            await self._outbox.postpone(day, claimed.reader, seconds)
            return not error.is_away
        await self._outbox.sent(day, claimed.reader)
        self._metrics.sent.inc()
        return True
