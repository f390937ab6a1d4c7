"""People come in by tokens of a real HTTP server that plays their identity provider, also a slow or hostile one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio

from amends_platform.checkup.access import check_identity_provider
from amends_platform.identity.oidc.authorizing import BrokenOff, address, begun
from amends_platform.identity.oidc.client import Client
from amends_platform.identity.oidc.errors import ProviderAway
from amends_platform.identity.oidc.fetching import DOCUMENT_BYTES_MAX, fetch_keys, trusted
from amends_platform.identity.oidc.provider import Provider
from amends_platform.identity.oidc.redeeming import SignInDesk
from amends_platform.settings import Settings
from tests.support.certificates import Certificates
from tests.support.identity import AUDIENCE, IdentityServer, an_identity_server, answer
from tests.support.intake import Caller, Intake, complaint, refused, running_intake
from tests.support.postgres import Database

DISCOVERY = "/.well-known/openid-configuration"


@pytest_asyncio.fixture(loop_scope="session")
async def identity() -> AsyncIterator[IdentityServer]:
    async with an_identity_server() as server:
        yield server


@asynccontextmanager
async def trusting(
    identity: IdentityServer, database: Database, directory: Path, more: str = ""
) -> AsyncIterator[Intake]:
    """An intake that takes this provider's tokens."""
    file = directory / "oidc.yaml"
    file.write_text(f"issuer: {identity.url}\naudience: {AUDIENCE}\n{more}")
    async with running_intake(database, directory, oidc=file) as intake:
        yield intake


def by(intake: Intake, token: str) -> Caller:
    return Caller(intake.client, token, "a-17")


async def test_somebody_with_a_token_is_who_it_says_and_may_what_it_says(
    identity: IdentityServer, database: Database, tmp_path: Path
) -> None:
    async with trusting(identity, database, tmp_path, "claims: {branches: branches, tenant: tenant}\n") as intake:
        said = {"tenant": "default", "branches": ["north-street"], "roles": ["agent", "no-role"]}
        agent = by(intake, identity.token(**said))
        case = await agent.receive()
        rows = await intake.rows("SELECT actor FROM events WHERE stream_id = $1", case["id"])
        assert {row["actor"] for row in rows} == {"a-17"}
        other = await agent.post("/v1/complaints", complaint(branch="south-street"))
        assert other.status_code == 403
        assert await agent.may_not(case, "legal-hold", {"reason": "court"}) == (403, "role-not-allowed")
        # As with an API key: the same request again is the same answer.
        twice = [await agent.post("/v1/complaints", complaint(), key="k-1") for _ in range(2)]
        assert twice[0].content == twice[1].content
        lacks: tuple[dict[str, Any], ...] = (
            {"roles": ["no-role"]},
            {"branches": []},
            {"sub": "system:workflow"},
            {"tenant": None},
        )
        for lacking in lacks:
            token = identity.token(**said | lacking)
            assert refused(await by(intake, token).post("/v1/complaints", complaint())) == (403, "not-admitted")
        elsewhere = by(intake, identity.token(**said | {"tenant": "other"}))
        assert refused(await elsewhere.post("/v1/complaints", complaint())) == (403, "other-tenant")
        # Asked once for the document that says where, and once for the keys.
        assert identity.asked == [DISCOVERY, "/keys"]


async def test_whoever_forges_a_token_learns_nothing_but_that_it_is_no_good(
    identity: IdentityServer, database: Database, tmp_path: Path
) -> None:
    async with trusting(identity, database, tmp_path) as intake:
        good = identity.token()
        answers = []
        for token in (good[:-8] + "AAAAAAAA", identity.token(aud="payments"), identity.token(exp=1), f"{good}.a"):
            response = await by(intake, token).post("/v1/complaints", complaint())
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
            answers.append(response.json()["detail"])
        assert len(set(answers[:3])) == 1
        nobody = await intake.client.post("/v1/complaints", headers={"Idempotency-Key": uuid4().hex}, json={})
        assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_token_is_nothing_where_no_provider_is_configured(intake: Intake, identity: IdentityServer) -> None:
    response = await by(intake, identity.token()).post("/v1/complaints", complaint())
    assert refused(response) == (401, "unauthenticated")


async def test_while_the_provider_is_away_nobody_is_taken_for_a_forger(
    identity: IdentityServer, database: Database, tmp_path: Path
) -> None:
    identity.answers["/keys"] = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"
    async with trusting(identity, database, tmp_path) as intake:
        response = await by(intake, identity.token()).post("/v1/complaints", complaint())
        assert refused(response) == (503, "identity-provider-away")
        assert int(response.headers["retry-after"]) > 0
        # Who has an API key is not concerned.
        await (await intake.caller("agent")).receive()


def provider(identity: IdentityServer, **changed: Any) -> Provider:
    return Provider(identity.url, (AUDIENCE,), **changed)


async def test_a_key_that_the_provider_has_changed_to_is_there_when_it_is_asked_again(identity: IdentityServer) -> None:
    assert (await fetch_keys(provider(identity), tls=True)).keys() == {"ec-1", "ed-1"}
    identity.identities.rotate("ec-2")
    assert (await fetch_keys(provider(identity, algorithms=("ES256",)), tls=True)).keys() == {"ec-2"}


def _redirect(url: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("path", "said", "reason"),
    [
        ("/keys", answer(b"{" + b" " * DOCUMENT_BYTES_MAX + b"}"), "more than"),
        ("/keys", b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (2 * DOCUMENT_BYTES_MAX), "more than"),
        ("/keys", answer(b"\x1f\x8b", "Content-Encoding: gzip"), "packed"),
        ("/keys", answer(b"<html>"), "no JSON"),
        ("/keys", answer({"keys": []}), "none of its keys"),
        ("/keys", answer([]), "no list of keys"),
        ("/keys", b"SSH-2.0-OpenSSH\r\n\r\n", "RemoteProtocolError"),
        ("/keys", _redirect("https://evil.example/keys"), "the answer was 302"),
        (DISCOVERY, _redirect("https://evil.example/"), "the answer was 302"),
        (DISCOVERY, answer({"issuer": "https://evil.example", "jwks_uri": "https://evil.example"}), "another issuer"),
        (DISCOVERY, answer([]), "another issuer"),
    ],
)
async def test_what_the_provider_should_not_say_is_not_believed(
    identity: IdentityServer, path: str, said: bytes, reason: str
) -> None:
    identity.answers[path] = said
    with pytest.raises(ProviderAway, match=reason):
        await fetch_keys(provider(identity), tls=True)


@pytest.mark.parametrize(
    "place", ["http://169.254.169.254/keys", "file:///etc/passwd", "https://a:b@evil.example", 7, None]
)
async def test_keys_are_not_fetched_from_where_nobody_vouches_for_them(identity: IdentityServer, place: Any) -> None:
    identity.answers[DISCOVERY] = answer({"issuer": identity.url, "jwks_uri": place})
    with pytest.raises(ProviderAway, match="no place of keys"):
        await fetch_keys(provider(identity), tls=True)


async def test_a_provider_that_does_not_answer_is_waited_for_no_longer_than_a_limit(identity: IdentityServer) -> None:
    identity.hold = asyncio.Event()
    with pytest.raises(ProviderAway, match="no answer within"):
        await fetch_keys(provider(identity), tls=True, seconds_max=0.05)


CONSOLE = Client("console", "http://localhost:8082")


@pytest.mark.parametrize("secret", [None, "s"])
async def test_a_client_is_known_by_its_secret_or_by_what_it_began_with(
    identity: IdentityServer, secret: str | None
) -> None:
    identity.secret = secret
    # Where the provider takes the secret in the form only.
    identity.says = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    desk = SignInDesk(provider(identity), CONSOLE, secret, "default")
    for verifier_is_right in (True, False):
        sign_in = begun("/", time.time())
        back = identity.authorize(address(sign_in, await desk.endpoints(), CONSOLE))
        code = parse_qs(urlsplit(back).query)["code"][0]
        if verifier_is_right:
            assert (await desk.redeem(code, sign_in)).principal.id == "a-17"
        else:
            with pytest.raises(BrokenOff):
                await desk.redeem(code, begun("/", time.time()))
    assert identity.asked.count(DISCOVERY) == 2, "once for the endpoints, once for the keys"


async def test_who_signs_in_does_not_wait_long_for_a_provider_that_does_not_answer(identity: IdentityServer) -> None:
    desk = SignInDesk(provider(identity), CONSOLE, None, "default", seconds_max=0.2)
    identity.says = {"token_endpoint": "http://169.254.169.254/token"}
    with pytest.raises(ProviderAway):
        await desk.endpoints()
    # It is not asked again at once.
    identity.says = {}
    with pytest.raises(ProviderAway):
        await desk.endpoints()
    assert identity.asked == [DISCOVERY]
    desk = SignInDesk(provider(identity), CONSOLE, None, "default", seconds_max=0.2)
    await desk.endpoints()
    identity.hold = asyncio.Event()
    with pytest.raises(ProviderAway, match="no answer within"):
        await desk.redeem("code", begun("/", time.time()))


async def test_over_https_the_provider_shows_a_certificate_that_is_believed(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "certificates")
    async with an_identity_server(made.for_serving) as identity:
        believing = provider(identity, ca_file=made.authority)
        assert (await fetch_keys(believing, trusted(believing))).keys() == {"ec-1", "ed-1"}
        with pytest.raises(ProviderAway, match="CERTIFICATE_VERIFY_FAILED"):
            await fetch_keys(provider(identity), trusted(provider(identity)))
        # Not from where anybody could be in between, though this machine it is.
        identity.answers[DISCOVERY] = answer({"issuer": identity.url, "jwks_uri": "http://127.0.0.1:9/keys"})
        with pytest.raises(ProviderAway, match="without https"):
            await fetch_keys(believing, trusted(believing))


async def test_the_doctor_asks_the_provider_too(identity: IdentityServer, tmp_path: Path) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text(f"issuer: {identity.url}\naudience: {AUDIENCE}\n")
    settings = Settings.load(oidc=file)
    assert [found.status for found in await check_identity_provider(settings)] == ["good"]
    identity.answers["/keys"] = answer({"keys": []})
    assert [found.status for found in await check_identity_provider(settings)] == ["unreachable"]
    file.write_text("issuer: nowhere\n")
    assert [found.status for found in await check_identity_provider(settings)] == ["bad"]
