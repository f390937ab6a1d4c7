"""How often one may ask, who is counted, and what a flood of keys costs."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import asyncpg
import pytest

from amends_platform.guarding import rates
from amends_platform.guarding.addresses import Proxies, network_of
from amends_platform.guarding.admission import unknown_keys_limit
from amends_platform.guarding.rates import RateLimit
from amends_platform.http.problems import Problem
from amends_platform.identity.authenticating import Authenticator
from amends_platform.identity.principals import Unauthenticated
from amends_platform.settings import Settings

FORWARDED = b"x-forwarded-for"


def refused(limit: RateLimit, key: str, now: float) -> Problem:
    with pytest.raises(Problem) as found:
        limit.spend(key, now)
    return found.value


def test_a_burst_is_taken_and_then_one_for_each_that_has_come_since() -> None:
    limit = RateLimit(2.0, burst=4)
    for _ in range(4):
        limit.spend("k", 0.0)
    problem = refused(limit, "k", 0.1)
    assert (problem.status, problem.headers) == (429, {"Retry-After": "1"})
    limit.spend("k", 0.5)
    refused(limit, "k", 0.6)


def test_a_flood_of_one_leaves_the_others_their_share() -> None:
    limit = RateLimit(1.0)
    limit.spend("flood", 0.0)
    for _ in range(100):
        refused(limit, "flood", 0.0)
    limit.spend("other", 0.0)


def test_who_goes_on_although_refused_is_answered_later() -> None:
    limit = RateLimit(1.0)
    limit.spend("k", 0.0)
    holds = [refused(limit, "k", 0.0).hold_seconds for _ in range(30)]
    assert (holds[0], holds[-1]) == (0.0, 1.0)
    limit.spend("k", 5.0)
    assert refused(limit, "k", 5.0).hold_seconds == 0.0


def test_a_flood_that_is_let_in_now_and_then_is_answered_later_all_the_same() -> None:
    limit = RateLimit(8.0)
    for _ in range(8):
        limit.spend("k", 0.0)
    at_once = []
    for eighth in range(1, 6):
        limit.spend("k", eighth / 8)
        at_once.append(sum(refused(limit, "k", eighth / 8).hold_seconds == 0 for _ in range(20)))
    assert at_once == [20, 1, 0, 0, 0]


def test_what_was_not_used_can_be_given_back() -> None:
    limit = RateLimit(1.0)
    for _ in range(10):
        limit.spend("k", 0.0)
        limit.give_back("k")


def test_there_is_room_for_so_many_buckets_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_BUCKETS_MAX", 100)
    limit = RateLimit(1.0, burst=2)
    for n in range(1_000):
        limit.spend(str(n), n / 1000)
        assert len(limit) <= 100
    # Those that are full again go first: who is refused stays so.
    busy = RateLimit(1.0)
    busy.spend("flood", 0.0)
    for n in range(99):
        busy.spend(str(n), -100.0)
    busy.spend("new", 0.5)
    refused(busy, "flood", 0.5)


def test_no_limit_keeps_nothing() -> None:
    limit = RateLimit(None)
    limit.spend("k", 0.0)
    assert len(limit) == 0


def test_an_ipv6_client_is_its_network() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1") == "2001:db8::/64"
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize(
    ("trusted", "peer", "said", "expected"),
    [
        ("", "10.0.0.1", b"203.0.113.9", "10.0.0.1"),
        ("10.0.0.0/8", "192.0.2.1", b"203.0.113.9", "192.0.2.1"),
        ("10.0.0.0/8", "10.0.0.1", b"203.0.113.9", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", b"1.2.3.4, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", b"1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", b"", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1", b"203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.0/8", "10.0.0.1", b"[2001:db8::1]:4711", "2001:db8::/64"),
    ],
)
def test_only_a_trusted_proxy_is_believed_and_only_the_last_that_it_does_not_know(
    trusted: str, peer: str, said: bytes, expected: str
) -> None:
    scope = {"client": (peer, 4711), "headers": [(FORWARDED, said)]}
    assert Proxies.of(trusted).address_of(scope) == expected


class Asked:
    """Stands for a database that knows no key, to count how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    async def fetchrow(self, *_: Any) -> None:
        self.times += 1

    async def fetchval(self, *_: Any) -> int:
        """How many credentials were ever taken back."""
        return 0

    def authenticator(self) -> Authenticator:
        limit = RateLimit(1.0, "unknown keys", burst=3)
        return Authenticator(cast("asyncpg.Pool", self), unknown_keys=limit, now_seconds=lambda: 0.0)


def a_key(n: int) -> str:
    return f"Bearer amends_{n:043d}"


async def test_a_flood_of_wrong_keys_is_looked_for_at_the_rate_that_is_set_and_no_faster() -> None:
    asked = Asked()
    authenticator = asked.authenticator()
    outcomes = [await _outcome(authenticator, a_key(n), "192.0.2.1") for n in range(50)]
    assert outcomes == ["unauthenticated"] * 3 + ["too-many-requests"] * 47
    assert asked.times == 3
    assert await _outcome(authenticator, a_key(7), "192.0.2.2") == "unauthenticated"


async def test_many_wrong_keys_at_once_are_no_way_around() -> None:
    asked = Asked()
    authenticator = asked.authenticator()
    outcomes = await asyncio.gather(*(_outcome(authenticator, a_key(n), "192.0.2.1") for n in range(50)))
    assert (outcomes.count("too-many-requests"), asked.times) == (47, 3)


def test_the_limit_of_unknown_keys_can_be_off() -> None:
    limit = unknown_keys_limit(Settings.load(unknown_keys_limit="off"))
    for _ in range(1_000):
        limit.spend("192.0.2.1", 0.0)


async def _outcome(authenticator: Authenticator, authorization: str, address: str) -> str:
    try:
        await authenticator.authenticate(authorization, address)
    except Unauthenticated:
        return "unauthenticated"
    except Problem as problem:
        return problem.code
    return "let in"
