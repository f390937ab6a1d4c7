"""A server on this machine that takes mail by SMTP, or does not, as it is told; and what it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

WAIT_SECONDS_MAX = 30.0


@dataclass
class Mailbox:
    """`refused`: recipients with what is answered to them. `cut_after_data`: so many mails are taken without a word,
    and the connection cut.
    """

    port: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    cut_after_data: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    _grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def to(self) -> list[str]:
        return [str(mail["To"]) for mail in self.got]

    async def until(self, condition: Callable[[Mailbox], bool]) -> None:
        """Wait, within a bound, until the mails that came are what the condition asks for."""
        async with asyncio.timeout(WAIT_SECONDS_MAX), self._grown:
            await self._grown.wait_for(lambda: condition(self))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def answer(text: str) -> None:
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        with suppress(OSError, asyncio.IncompleteReadError):
            await answer("220 here")
            while True:
                line = (await reader.readuntil(b"\r\n")).decode().strip()
                verb = line[:4].upper()
                if verb == "RCPT":
                    address = line.partition("<")[2].partition(">")[0]
                    await answer(self.refused.get(address, "250 ok"))
                elif verb == "DATA":
                    await answer("354 go on")
                    data = await reader.readuntil(b"\r\n.\r\n")
                    await self._take(data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n."))
                    if self.cut_after_data:
                        self.cut_after_data -= 1
                        break
                    await answer("250 taken")
                elif verb == "QUIT":
                    await answer("221 bye")
                    break
                else:
                    await answer("250 ok")
        writer.close()

    async def _take(self, data: bytes) -> None:
        mail = message_from_bytes(data, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        async with self._grown:
            self.got.append(mail)
            self._grown.notify_all()


@asynccontextmanager
async def a_mailbox(port: int = 0) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", port)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()


def plain(mail: EmailMessage) -> str:
    return _part(mail, "plain")


def html(mail: EmailMessage) -> str:
    return _part(mail, "html")


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())
