"""Where NATS is, who we are there, and by whose certificates we know it: what every connection to it begins with."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import nats.errors
from nats.aio.client import Client

from amends_platform.settings import Settings, masked

_SEED: Final = b"SU"
_ENCRYPTED: Final = ("tls", "wss")


class NotEncrypted(nats.errors.Error):
    """The broker does without TLS, which its address asks for: it is told nothing, least of all who we are."""

    def __str__(self) -> str:
        return "it does without TLS, which its address asks for"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """One or several servers, with commas between their URLs. `credentials`: a file with an nkey's seed, or one of a
    user as `nsc` writes it (.creds). `ca`: whose certificates the server may have; `certificate`, `certificate_key`:
    our own, where it wants one."""

    url: str
    credentials: Path | None = None
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    @classmethod
    def of(cls, settings: Settings, running_url: str | None = None) -> BrokerAddress | None:
        """What the settings say, else a running `amends up` that was found; None where there is neither."""
        if settings.nats_url is None:
            return None if running_url is None else cls(running_url)
        return cls(
            settings.nats_url,
            settings.nats_credentials,
            settings.nats_ca,
            settings.nats_certificate,
            settings.nats_certificate_key,
        )

    def __str__(self) -> str:
        """To be shown: without passwords."""
        return masked(self.url)

    @property
    def servers(self) -> list[str]:
        return [server.strip() for server in self.url.split(",")]

    @property
    def is_encrypted(self) -> bool:
        """Whether nothing is said to a server that does without TLS."""
        return self.ca is not None or any(urlsplit(server).scheme in _ENCRYPTED for server in self.servers)

    @property
    def names_somebody(self) -> bool:
        """Whether we say who we are: a server that asks nobody who they are lets everybody do everything."""
        named = all(urlsplit(server).username for server in self.servers)
        return named or self.credentials is not None or self.certificate is not None

    def client(self) -> Client:
        """A client that is yet to connect."""
        return _EncryptedClient() if self.is_encrypted else _Client()

    def options(self, name: str) -> dict[str, Any]:
        """What `connect` is to be told. Raises OSError (ssl.SSLError is one) when a file cannot be used."""
        # Answers come to a place of our own, so that a user may be allowed to hear those and no one else's.
        options: dict[str, Any] = {"servers": self.servers, "name": name, "inbox_prefix": f"_INBOX.{name}"}
        if self.is_encrypted:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.certificate_key)
            options["tls"] = context
        if self.credentials is not None:
            is_seed = self.credentials.read_bytes().lstrip().startswith(_SEED)
            options["nkeys_seed" if is_seed else "user_credentials"] = str(self.credentials)
        return options

    def at(self, url: str) -> BrokerAddress:
        """The same, elsewhere."""
        return replace(self, url=url)


class _Client(Client):
    """The library, when a connection breaks, first sends what it still had to send; where that fails, it tells nobody
    that the connection is lost."""

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        if self._flush_queue is None:
            # It was never told to connect: the library takes that for a mistake of ours.
            self._status = status
            return
        try:
            await super()._close(status, do_cbs)
        except OSError:
            if self._transport is not None:
                self._transport.close()  # type: ignore[no-untyped-call]
            if do_cbs and self._disconnected_cb is not None:
                await self._disconnected_cb()


class _EncryptedClient(_Client):
    """The library leaves it to the server whether there is TLS, and sends passwords to one that says there is none."""

    def _connect_command(self) -> bytes:
        is_websocket = self._current_server is not None and self._current_server.uri.scheme == "wss"
        if not is_websocket and not self._server_info.get("tls_required"):
            raise NotEncrypted
        command: bytes = super()._connect_command()
        return command
