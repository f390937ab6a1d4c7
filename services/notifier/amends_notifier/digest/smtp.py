"""How a mail leaves: by SMTP, over TLS wherever a password goes along."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib

_SECONDS_MAX: Final = 60.0
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class NotTaken(Exception):
    """The server did not take the mail. `is_away`: nor would it take another now; `is_final`: nor this one later."""

    def __init__(self, reason: str, *, is_away: bool = False, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_away = is_away
        self.is_final = is_final


class Server(NamedTuple):
    """Where mail goes. `start_tls`: True demands it, None takes it where it is offered, False never asks."""

    host: str
    port: int
    user: str | None
    password: str | None
    use_tls: bool
    start_tls: bool | None

    @classmethod
    def of(cls, url: str) -> Server:
        """`smtp://user:password@host:587` or `smtps://…`, which the settings have looked at."""
        parts = urlsplit(url)
        host, use_tls = parts.hostname or "", parts.scheme == "smtps"
        password = None if parts.password is None else unquote(parts.password)
        # An offer of TLS can be taken out on the way; a password must not follow in the clear.
        start_tls = None if password is None else True
        return cls(
            host=host,
            port=parts.port or (465 if use_tls else 587 if password is not None else 25),
            user=None if parts.username is None else unquote(parts.username),
            password=password,
            use_tls=use_tls,
            start_tls=False if use_tls or host in _LOOPBACK else start_tls,
        )

    async def send(self, mail: EmailMessage) -> None:
        """Return once the server took it. Raises NotTaken."""
        try:
            async with asyncio.timeout(_SECONDS_MAX):
                await aiosmtplib.send(
                    mail,
                    hostname=self.host,
                    port=self.port,
                    username=self.user,
                    password=self.password,
                    use_tls=self.use_tls,
                    start_tls=self.start_tls,
                    # Asking the resolver for one's own name may take its time, and nobody looks at it.
                    local_hostname="amends",
                    timeout=_SECONDS_MAX,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            said = ", ".join(f"{refused.code} {refused.message}" for refused in error.recipients)
            raise NotTaken(said, is_final=all(code >= 500 for code in codes)) from error
        except aiosmtplib.SMTPDataError as error:
            raise NotTaken(f"{error.code} {error.message}", is_final=error.code >= 500) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise NotTaken(str(error) or type(error).__name__, is_away=True) from error
