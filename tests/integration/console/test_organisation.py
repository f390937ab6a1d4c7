"""Signing in by the organisation's identity provider: who it vouches for comes in, once, at the browser that began."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from amends_platform.identity.authenticating import Authenticator
from amends_platform.identity.oidc.fetching import DOCUMENT_BYTES_MAX
from amends_platform.identity.principals import Unauthenticated
from amends_platform.identity.sessions import end_sessions_of
from tests.integration.cli.telling import connected
from tests.support.console import Desk, Visitor, running_desk, words_of
from tests.support.identity import AUDIENCE, IdentityServer, an_identity_server, answer
from tests.support.postgres import PostgresServer, new_database

SESSION, UNDER_WAY, LAST = "amends_session", "amends_sign_in", "amends_organisation"
CALLBACK = "/sign-in/callback"


@dataclass(frozen=True)
class Bank:
    """A desk, and the provider that its people sign in at."""

    desk: Desk
    provider: IdentityServer

    async def begin(self, visitor: Visitor, next_path: str = "/") -> str:
        """Where the browser is sent to."""
        response = await visitor.get("/sign-in/begin?next=" + next_path)
        assert response.status_code == 303, response.text
        return response.headers["location"]

    async def comes_back(self, visitor: Visitor, **said: Any) -> Any:
        """Somebody signs in at the provider, which says this of them, and is back."""
        return await visitor.get(local(self.provider.authorize(await self.begin(visitor), **said)))

    async def who(self, visitor: Visitor) -> Any:
        """As a process sees it that has never heard of them; None: nobody."""
        try:
            shown = f"Bearer {visitor.client.cookies.get(SESSION)}"
            return await Authenticator(await self.desk.database.pool()).authenticate(shown)
        except Unauthenticated:
            return None


def local(address: str) -> str:
    assert address.startswith(f"http://localhost:8082{CALLBACK}?"), address
    return address.removeprefix("http://localhost:8082")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bank(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bank]:
    directory = tmp_path_factory.mktemp("bank")
    file = directory / "oidc.yaml"
    (directory / "secret").write_text("p/w: d\n")
    async with new_database(postgres) as database, an_identity_server() as provider:
        provider.secret = "p%2Fw%3A+d"
        file.write_text(
            f"issuer: {provider.url}\naudience: {AUDIENCE}\nclaims: {{branches: branches}}\n"
            "console: {client_id: amends-console, client_secret_file: secret, public_url: 'http://localhost:8082/',"
            " scopes: profile}\n"
        )
        async with running_desk(database, directory, oidc=file, unknown_keys_limit="off") as desk:
            yield Bank(desk, provider)


@pytest.fixture(autouse=True)
def usual(bank: Bank) -> None:
    bank.provider.answers.clear()
    bank.provider.answered = {}


async def test_somebody_signs_in_acts_as_who_they_are_and_signs_out(bank: Bank) -> None:
    visitor = await bank.desk.stranger()
    form = await visitor.get("/sign-in?next=/board")
    assert 'href="/sign-in/begin?next=/board"' in form.text
    assert "form-action 'self';" in form.headers["content-security-policy"]
    sent = await bank.begin(visitor, "/board")
    asked = {name: value for name, (value,) in parse_qs(urlsplit(sent).query).items()}
    assert (
        asked.items()
        >= {
            "response_type": "code",
            "client_id": "amends-console",
            "redirect_uri": f"http://localhost:8082{CALLBACK}",
            "scope": "openid profile",
            "code_challenge_method": "S256",
        }.items()
    )
    said = {"roles": ["agent", "handler", "no-role"], "branches": ["north-street"]}
    back = await visitor.get(local(bank.provider.authorize(sent, **said)))
    assert (back.status_code, back.headers["location"]) == (303, "/board")
    cookies = {each.partition("=")[0]: each.lower() for each in back.headers.get_list("set-cookie")}
    # The ID token is good for five minutes, and so is the session.
    seconds = int(cookies[SESSION].partition("max-age=")[2].partition(";")[0])
    assert 200 < seconds <= 300
    assert all(part in cookies[SESSION] for part in ("httponly", "samesite=lax"))
    assert "max-age=0" in cookies[UNDER_WAY]
    await visitor.see("/board")
    who = await bank.who(visitor)
    assert (who.id, [tuple(grant) for grant in who.grants]) == (
        "a-17",
        [("agent", "north-street"), ("handler", "north-street")],
    )
    # Intake takes the session, for their branch and no other.
    taken = []
    for branch in ("north-street", "harbour"):
        response = await bank.desk.intake.client.post(
            "/v1/complaints",
            headers={"Authorization": f"Bearer {visitor.client.cookies[SESSION]}", "Idempotency-Key": branch},
            json={"channel": "phone", "branch": branch, "narrative": "…", "customer": {"ref": "C-1"}},
        )
        taken.append(response.status_code)
    assert taken == [201, 403]
    assert await bank.desk.intake.rows("SELECT DISTINCT actor FROM events") == [{"actor": "a-17"}]
    token = visitor.client.cookies[SESSION]
    assert (await visitor.send("/sign-out", {})).status_code == 303
    visitor.client.cookies.set(SESSION, token)
    assert await bank.who(visitor) is None


async def test_the_database_holds_no_token_and_neither_does_a_cookie_hold_the_provider_s(bank: Bank) -> None:
    visitor = await bank.desk.stranger()
    assert (await bank.comes_back(visitor)).status_code == 403
    assert (await bank.comes_back(visitor, branches="*")).status_code == 303
    rows = await bank.desk.intake.rows("SELECT CAST(to_jsonb(s) AS text) AS said FROM person_sessions AS s")
    assert rows
    assert not any(visitor.client.cookies[SESSION] in row["said"] or "eyJ" in row["said"] for row in rows)


async def test_what_was_used_to_sign_in_signs_nobody_in_again(bank: Bank) -> None:
    visitor = await bank.desk.stranger()
    back = local(bank.provider.authorize(await bank.begin(visitor), branches="*"))
    kept = visitor.client.cookies[UNDER_WAY]
    code, given = next(iter(bank.provider.codes.items()))
    assert (await visitor.get(back)).status_code == 303
    # The browser has forgotten it, and whoever kept a copy finds the code redeemed.
    assert (await visitor.get(back)).status_code == 400
    visitor.client.cookies.clear()
    visitor.client.cookies.set(UNDER_WAY, kept)
    assert (await visitor.get(back)).status_code == 403
    # A provider that forgets which codes were redeemed is not needed for it.
    bank.provider.codes[code] = given
    visitor.client.cookies.set(UNDER_WAY, kept)
    refused = await visitor.get(back)
    assert (refused.status_code, SESSION in visitor.client.cookies) == (400, False)
    assert code not in refused.text


async def test_nobody_is_signed_in_at_another_s_browser(bank: Bank) -> None:
    """Login CSRF: whoever is sent to the end of another's signing in would work under their name."""
    attacker, victim = await bank.desk.stranger(), await bank.desk.stranger()
    back = local(bank.provider.authorize(await bank.begin(attacker), branches="*"))
    assert (await victim.get(back)).status_code == 400
    # Also where the victim has begun, which it does not end.
    theirs = local(bank.provider.authorize(await bank.begin(victim), branches="*"))
    for wrong in (back, f"{back}&state=x", theirs.replace("state=", "state=x"), f"{CALLBACK}?code=x", CALLBACK):
        refused = await victim.get(wrong)
        assert (refused.status_code, SESSION in victim.client.cookies) == (400, False)
        assert "did not begin to sign in" in words_of(refused.text)
    assert (await victim.get(theirs)).status_code == 303
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        assert (await victim.get("/sign-in/begin", **headers)).status_code == 403


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ({"nonce": "another"}, {}),
        ({"nonce": None}, {}),
        ({"nonce": "\ud800"}, {}),
        ({"aud": AUDIENCE}, {}),
        ({"aud": ["amends-console", "other"]}, {}),
        ({"azp": "other"}, {}),
        ({"iss": "https://evil.example"}, {}),
        ({"exp": 1}, {}),
        ({"exp": 10**12}, {}),
        ({"typ": "at+jwt"}, {}),
        ({}, {"id_token": None}),
        ({}, {"id_token": "a.b.c"}),
        ({}, {"expires_in": "soon"}),
        ({}, {"expires_in": 0}),
    ],
)
async def test_an_id_token_that_is_not_ours_of_now_lets_nobody_in(
    bank: Bank, said: dict[str, Any], answered: dict[str, Any]
) -> None:
    visitor = await bank.desk.stranger()
    bank.provider.answered = answered
    refused = await bank.comes_back(visitor, branches="*", **said)
    assert (refused.status_code, SESSION in visitor.client.cookies) == (403, False)
    assert "Signing in came to nothing" in words_of(refused.text)
    assert UNDER_WAY not in visitor.client.cookies


@pytest.mark.parametrize(
    ("brought", "says"),
    [
        ({"error": "access_denied", "error_description": "<b>SPOILED</b>"}, "did not let you in"),
        ({"error": "SPOILED"}, "came to nothing"),
        ({"code": "SPOILED", "iss": "https://evil.example"}, "came to nothing"),
        ({"code": ""}, "came to nothing"),
        ({"code": "SPOILED"}, "came to nothing"),
    ],
)
async def test_what_the_provider_or_anybody_brings_in_its_place_is_not_repeated(
    bank: Bank, brought: dict[str, str], says: str
) -> None:
    visitor = await bank.desk.stranger(**{"Accept-Language": "en"})
    state = parse_qs(urlsplit(await bank.begin(visitor)).query)["state"][0]
    refused = await visitor.client.get(CALLBACK, params={"state": state, **brought})
    assert (refused.status_code, SESSION in visitor.client.cookies) == (403, False)
    assert says in words_of(refused.text)
    assert "SPOILED" not in refused.text
    assert state not in refused.text


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-in/begin", "/" + "a" * 3_000]
)
async def test_nobody_is_sent_on_to_another_site(bank: Bank, wanted: str) -> None:
    visitor = await bank.desk.stranger()
    back = local(bank.provider.authorize(await bank.begin(visitor, wanted), branches="*"))
    assert (await visitor.get(back)).headers["location"] == "/"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"roles": ["no-role"]}, "no role here"),
        ({"roles": ["admin"]}, "may not read cases"),
        ({"sub": "auth0|1"}, "no role here"),
    ],
)
async def test_who_has_no_role_here_is_told_so(bank: Bank, said: dict[str, Any], says: str) -> None:
    visitor = await bank.desk.stranger()
    refused = await bank.comes_back(visitor, **{"branches": "*", **said})
    assert (refused.status_code, SESSION in visitor.client.cookies) == (403, False)
    assert says in words_of(refused.text)


@pytest.mark.parametrize(
    "instead",
    [
        b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: https://evil.example\r\nContent-Length: 0\r\n\r\n",
        answer(b"{" + b" " * DOCUMENT_BYTES_MAX + b"}"),
        answer(b"<html>"),
        answer([]),
        b"SSH-2.0-OpenSSH\r\n\r\n",
    ],
)
async def test_a_provider_that_says_something_else_lets_nobody_in_and_is_not_repeated(
    bank: Bank, instead: bytes
) -> None:
    visitor = await bank.desk.stranger()
    bank.provider.answers["/token"] = instead
    refused = await bank.comes_back(visitor, branches="*")
    assert (refused.status_code, SESSION in visitor.client.cookies) == (503, False)


async def test_a_session_ends_with_the_shorter_of_the_tokens_and_when_an_operator_ends_it(bank: Bank) -> None:
    visitor, other = await bank.desk.stranger(), await bank.desk.stranger()
    bank.provider.answered = {"expires_in": 120}
    assert (await bank.comes_back(visitor, branches="*", sub="b-1")).status_code == 303
    bank.provider.answered = {}
    assert (await bank.comes_back(other, branches="*", sub="b-2")).status_code == 303
    await bank.desk.database.move_clock(timedelta(seconds=121))
    try:
        assert await bank.who(visitor) is None
        assert (await bank.who(other)).id == "b-2"
    finally:
        await bank.desk.database.move_clock(timedelta(seconds=-121))
    async with connected(bank.desk.database) as owner:
        assert await end_sessions_of(owner, "default", "b-2") == 1
        assert await end_sessions_of(owner, "other", "b-1") == 0
    assert await bank.who(other) is None


async def test_who_was_signed_in_so_is_led_there_again_when_their_session_has_ended(
    bank: Bank,
) -> None:
    visitor = await bank.desk.stranger()
    await bank.comes_back(visitor, branches="*")
    visitor.client.cookies.delete(SESSION)

    async def led_to(**headers: str) -> str:
        response = await visitor.client.get("/board?branch=x", headers=headers)
        assert response.status_code == 303
        return str(response.headers["location"])

    # At once after it would be round and round.
    assert await led_to() == "/sign-in?next=%2Fboard%3Fbranch%3Dx"
    a_while_ago = str(int(time.time()) - 60)
    _replace(visitor, LAST, a_while_ago)
    assert await led_to() == "/sign-in/begin?next=%2Fboard%3Fbranch%3Dx"
    # By a link elsewhere it would be refused: nobody signs in because another site wants them to.
    assert await led_to(**{"sec-fetch-site": "cross-site"}) == "/sign-in?next=%2Fboard%3Fbranch%3Dx"
    # Who signs out does not come back by itself.
    await bank.comes_back(visitor, branches="*")
    _replace(visitor, LAST, a_while_ago)
    await visitor.see("/board")
    assert (await visitor.send("/sign-out", {})).status_code == 303
    assert await led_to() == "/sign-in?next=%2Fboard%3Fbranch%3Dx"


def _replace(visitor: Visitor, name: str, value: str) -> None:
    (cookie,) = (each for each in visitor.client.cookies.jar if each.name == name)
    cookie.value = value


async def test_without_a_client_there_is_no_such_way_in(desk: Desk) -> None:
    visitor = await desk.stranger()
    assert "/sign-in/begin" not in await visitor.see("/sign-in")
    for path in ("/sign-in/begin", f"{CALLBACK}?code=x&state=y"):
        assert (await visitor.get(path)).status_code == 404
