"""Signing in: a key is shown once, a session stands for it, and ends when it should."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from amends_platform.identity.authenticating import CACHE_SECONDS, Authenticator
from amends_platform.identity.principals import SESSION_PATTERN, Unauthenticated, revoke_key
from tests.support.console import Desk, Visitor, words_of

BETWEEN = "amends_session"


def token_of(visitor: Visitor) -> str:
    return visitor.client.cookies[BETWEEN]


async def is_valid(desk: Desk, token: str) -> bool:
    """As a process sees it that has never heard of it."""
    try:
        await Authenticator(await desk.database.pool()).authenticate(f"Bearer {token}")
    except Unauthenticated:
        return False
    return True


async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_where_they_wanted(desk: Desk) -> None:
    visitor = await desk.stranger()
    response = await visitor.get("/?owner=me")
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in?next=%2F%3Fowner%3Dme")
    await visitor.see(response.headers["location"])
    response = await visitor.send("/sign-in", {"key": visitor.api_key, "next": "/?owner=me"})
    assert (response.status_code, response.headers["location"]) == (303, "/?owner=me")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
async def test_nobody_is_sent_to_another_site(desk: Desk, elsewhere: str) -> None:
    visitor = await desk.stranger()
    await visitor.see("/sign-in")
    response = await visitor.send("/sign-in", {"key": visitor.api_key, "next": elsewhere})
    assert response.headers["location"] == "/"


async def test_the_cookie_is_for_this_host_alone_and_for_no_script(desk: Desk) -> None:
    visitor = await desk.stranger()
    await visitor.see("/sign-in")
    response = await visitor.send("/sign-in", {"key": visitor.api_key})
    cookie = next(each for each in response.headers.get_list("set-cookie") if each.startswith("amends_session="))
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "max-age=43200",
        "path=/",
        "samesite=lax",
    }


async def test_by_https_the_cookie_is_secure_and_bound_to_the_host(desk: Desk) -> None:
    visitor = await desk.stranger(**{"X-Forwarded-Proto": "https"})
    visitor.client.base_url = "https://desk"
    await visitor.see("/sign-in")
    response = await visitor.send("/sign-in", {"key": visitor.api_key}, Origin="https://desk")
    cookie = next(each for each in response.headers.get_list("set-cookie") if each.startswith("__Host-amends_session="))
    assert "secure" in {part.strip().lower() for part in cookie.split(";")}
    assert "Queue" in await visitor.see("/")


async def test_the_database_holds_neither_the_token_nor_the_key(desk: Desk) -> None:
    visitor = await desk.visitor()
    token = token_of(visitor)
    assert SESSION_PATTERN.fullmatch(token)
    rows = await desk.intake.rows("SELECT CAST(to_jsonb(sessions) AS text) AS everything FROM sessions")
    assert rows
    assert not any(token in row["everything"] or visitor.api_key in row["everything"] for row in rows)


async def test_intake_takes_a_session_as_it_takes_a_key(desk: Desk) -> None:
    visitor = await desk.visitor("agent")
    response = await desk.intake.client.post(
        "/v1/complaints",
        headers={"Authorization": f"Bearer {token_of(visitor)}", "Idempotency-Key": "s-1"},
        json={"channel": "phone", "branch": "north-street", "narrative": "…", "customer": {"ref": "C-1"}},
    )
    assert response.status_code == 201, response.text
    events = await desk.intake.rows("SELECT actor FROM events WHERE position = $1", response.json()["position"])
    assert events == [{"actor": visitor.person}]


async def test_signing_out_ends_the_session_at_once(desk: Desk) -> None:
    visitor = await desk.visitor()
    token = token_of(visitor)
    response = await visitor.send("/sign-out", {})
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert not await is_valid(desk, token)
    visitor.client.cookies.set(BETWEEN, token)
    assert (await visitor.get("/")).status_code == 303


async def test_signing_in_anew_ends_the_session_before(desk: Desk) -> None:
    visitor = await desk.visitor()
    before = token_of(visitor)
    await visitor.sign_in()
    assert not await is_valid(desk, before)
    assert await is_valid(desk, token_of(visitor))


async def test_revoking_the_key_ends_its_sessions(desk: Desk) -> None:
    visitor, other = await desk.visitor(), await desk.visitor()
    owner = await asyncpg.connect(desk.database.url)
    try:
        await revoke_key(owner, visitor.api_key, tenant="default")
    finally:
        await owner.close()
    assert CACHE_SECONDS <= 2
    assert not await is_valid(desk, token_of(visitor))
    assert await is_valid(desk, token_of(other))


async def test_a_session_ends_after_twelve_hours_and_is_removed_when_another_begins(desk: Desk) -> None:
    visitor = await desk.visitor()
    await desk.database.move_clock(timedelta(hours=12))
    try:
        assert not await is_valid(desk, token_of(visitor))
        assert await is_valid(desk, token_of(await desk.visitor()))
        assert await desk.intake.rows("SELECT 1 AS one FROM sessions WHERE expires_at <= log_now()") == []
    finally:
        await desk.database.move_clock(timedelta(hours=-12))


@pytest.mark.parametrize(
    ("key", "status", "says"),
    [
        ("", 422, "no API key"),
        ("amends_short", 422, "no API key"),
        ("<script>alert(1)</script>", 422, "no API key"),
        ("amends_" + "k" * 43, 401, "unknown, revoked or expired"),
    ],
)
async def test_a_wrong_key_is_told_and_not_repeated(desk: Desk, key: str, status: int, says: str) -> None:
    visitor = await desk.stranger()
    await visitor.see("/sign-in")
    response = await visitor.send("/sign-in", {"key": key})
    assert response.status_code == status
    assert says in words_of(response.text)
    assert not key or key not in response.text


async def test_an_administrator_is_told_that_cases_are_not_for_them(desk: Desk) -> None:
    visitor = await desk.stranger("admin")
    await visitor.see("/sign-in")
    response = await visitor.send("/sign-in", {"key": visitor.api_key})
    assert response.status_code == 403
    assert "may not read cases" in words_of(response.text)
    assert BETWEEN not in visitor.client.cookies


async def test_another_site_cannot_sign_somebody_in(desk: Desk) -> None:
    """Login CSRF: what they type would go into an account of somebody else."""
    visitor = await desk.stranger()
    await visitor.see("/sign-in")
    for sent in (
        await visitor.send("/sign-in", {"key": visitor.api_key}, **{"Sec-Fetch-Site": "cross-site"}),
        await visitor.send("/sign-in", {"key": visitor.api_key, "csrf": "0" * 64}),
    ):
        assert sent.status_code == 403
    assert BETWEEN not in visitor.client.cookies


async def test_a_form_that_another_made_is_refused(desk: Desk) -> None:
    visitor, other = await desk.visitor(), await desk.visitor()
    for headers, form in (
        ({"Sec-Fetch-Site": "cross-site"}, {}),
        ({"Sec-Fetch-Site": "same-site"}, {}),
        ({}, {"csrf": other.form_token}),
        ({}, {"csrf": "客"}),
        ({}, {"csrf": ""}),
    ):
        assert (await visitor.send("/sign-out", form, **headers)).status_code == 403
    assert await is_valid(desk, token_of(visitor))


async def test_a_browser_that_does_not_say_where_it_comes_from_is_judged_by_its_origin(desk: Desk) -> None:
    visitor = await desk.visitor()
    path, form = "/sign-out", {"csrf": visitor.form_token}
    response = await visitor.client.post(path, data=form, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert (await visitor.client.post(path, data=form, headers={"Origin": "http://desk"})).status_code == 303


async def test_what_is_sent_after_the_session_ended_is_left_in_the_browser(desk: Desk) -> None:
    visitor = await desk.visitor()
    visitor.client.cookies.delete(BETWEEN)
    response = await visitor.send("/sign-out", {})
    assert response.status_code == 401
    assert "what you typed is still there" in words_of(response.text)
