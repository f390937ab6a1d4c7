"""One attempt: the address that was checked is the one that is connected to, under the right name."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from amends_platform.webhooks.endpoints import Endpoint
from amends_platform.webhooks.envelope import a_ping
from amends_platform.webhooks.sending import Outcome, Sender
from tests.support.receivers import Receiver, a_receiver

HOST = "hooks.example.com"
SECRET = b"a secret that only tests know of"


def endpoint(url: str, **fields: object) -> Endpoint:
    given: dict[str, object] = {"allow_http": True, "allow_private": True, "timeout_seconds": 20}
    return Endpoint(name="crm", url=url, secrets=(SECRET,), **(given | fields))  # type: ignore[arg-type]


class Names:
    """A name server whose answers change."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append((host, port))
        return self.answers.pop(0)


async def sent(to: Endpoint, names: Names | None = None) -> Outcome:
    sender = Sender(to, resolve=names)
    try:
        return await sender.send(a_ping("crm"))
    finally:
        await sender.aclose()


async def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to() -> None:
    async with a_receiver() as receiver:
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        assert (await sent(endpoint(f"http://{HOST}:{receiver.port}/a?b=c"), names)).taken
        assert names.asked == [(HOST, receiver.port)]
        (request,) = receiver.got
        assert (request.path, request.headers["host"]) == ("/a?b=c", f"{HOST}:{receiver.port}")


async def test_a_name_that_moves_to_a_forbidden_address_is_not_followed_there() -> None:
    async with a_receiver() as receiver:
        sender = Sender(
            endpoint(f"http://{HOST}:{receiver.port}/"), resolve=Names(["127.0.0.1"], ["127.0.0.1", "169.254.169.254"])
        )
        try:
            assert (await sender.send(a_ping("crm"))).taken
            outcome = await sender.send(a_ping("crm"))
        finally:
            await sender.aclose()
        assert outcome.reason is not None
        assert outcome.reason.startswith(f"refused: {HOST} is at 169.254.169.254, a link-local address")
        assert len(receiver.got) == 1


async def test_another_address_is_tried_when_the_first_is_away() -> None:
    async with a_receiver() as receiver:
        names = Names(["::1", "127.0.0.1"])
        assert (await sent(endpoint(f"http://{HOST}:{receiver.port}/"), names)).taken


async def test_over_tls_the_name_is_shown_and_the_certificate_held_against_it(tmp_path: Path) -> None:
    async with a_tls_receiver(tmp_path, HOST) as (receiver, ca_file):
        url = f"https://{HOST}:{receiver.port}/"
        assert (await sent(endpoint(url, ca_file=ca_file), Names(["127.0.0.1"]))).taken
        assert receiver.names == [HOST]
        other = await sent(endpoint(url.replace(HOST, "other.example.com"), ca_file=ca_file), Names(["127.0.0.1"]))
        assert "certificate" in str(other.reason).lower()
        unknown = await sent(endpoint(url), Names(["127.0.0.1"]))
        assert "certificate" in str(unknown.reason).lower()
        assert len(receiver.got) == 1


async def test_a_redirect_is_not_followed_nor_a_cookie_kept() -> None:
    async with a_receiver("307 There\nLocation: /b\nSet-Cookie: a=b; Path=/") as receiver:
        sender = Sender(endpoint(receiver.url))
        try:
            outcome = await sender.send(a_ping("crm"))
            assert outcome == Outcome("answered 307, and redirects are not followed")
            assert (await sender.send(a_ping("crm"))).taken
        finally:
            await sender.aclose()
    assert [request.path for request in receiver.got] == ["/hooks", "/hooks"]
    assert "cookie" not in receiver.got[1].headers


async def test_neither_a_proxy_nor_a_password_is_taken_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with a_receiver() as receiver, a_receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await sent(endpoint(receiver.url))).taken
    assert proxy.got == []
    assert "authorization" not in receiver.got[0].headers


async def test_a_receiver_that_never_answers_is_waited_for_no_longer_than_its_time() -> None:
    async with a_receiver() as receiver:
        receiver.hold = asyncio.Event()
        outcome = await sent(endpoint(receiver.url, timeout_seconds=0.05))
        assert outcome == Outcome("no answer within 0.05 s")


async def test_an_answer_that_never_ends_is_a_good_one_all_the_same() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"4000\r\n" + b"x" * 0x4000 + b"\r\n" * 2
        )
        writer.write(b"4000\r\n" + b"x" * 0x4000)
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    try:
        assert (await sent(endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))).taken
    finally:
        server.close()


async def test_nobody_there_and_nonsense_are_outcomes_too() -> None:
    async with a_receiver() as receiver:
        receiver.answer = lambda _request: "not a status"
        assert not (await sent(endpoint(receiver.url))).taken
    away = await sent(endpoint(receiver.url))
    assert "Connect" in str(away.reason)


@asynccontextmanager
async def a_tls_receiver(directory: Path, host: str) -> AsyncIterator[tuple[Receiver, Path]]:
    """A receiver with a certificate for this host, and the file by which it is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_file, key_file = directory / "ca.crt", directory / "server-key"
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ca_file, key_file)
    async with a_receiver(tls=context) as receiver:
        context.sni_callback = lambda _socket, shown, _context: receiver.names.append(shown or "")
        yield receiver, ca_file
