"""A provider's keys: asked for once, anew now and then, and kept while it is away."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from amends_platform.identity.oidc.errors import ProviderAway
from amends_platform.identity.oidc.key_set import PublicKey
from amends_platform.identity.oidc.rotating import (
    ASK_AGAIN_SECONDS,
    FRESH_SECONDS,
    KEPT_SECONDS_MAX,
    RotatingKeys,
    UnknownKey,
)


class Provider:
    """Counts how often it is asked. `keys` None: it is away."""

    def __init__(self, *keys: str) -> None:
        self.keys: set[str] | None = set(keys)
        self.asked = 0
        self.seconds = 0.0
        self.hold = asyncio.Event()
        self.hold.set()
        self.known = RotatingKeys(self.fetch, now_seconds=lambda: self.seconds)

    async def fetch(self) -> dict[str, PublicKey]:
        self.asked += 1
        await self.hold.wait()
        if self.keys is None:
            raise ProviderAway("refused")
        return {key: PublicKey(frozenset({key}), cast(Any, None)) for key in self.keys}

    async def key(self, key_id: str) -> str:
        (name,) = (await self.known.key(key_id)).algorithms
        return name

    async def settled(self) -> None:
        """Let what was begun in the background end."""
        while self.known._asking is not None:
            await self.known._asking


async def test_many_who_wait_for_a_key_ask_once_and_one_who_hangs_up_takes_it_from_nobody() -> None:
    provider = Provider("k-1")
    provider.hold.clear()
    first, *others = (asyncio.create_task(provider.key("k-1")) for _ in range(50))
    await asyncio.sleep(0)
    first.cancel()
    provider.hold.set()
    assert set(await asyncio.gather(*others)) == {"k-1"}
    assert provider.asked == 1
    assert await provider.key("k-1") == "k-1"
    assert provider.asked == 1


async def test_a_key_that_is_new_is_asked_for_and_one_that_was_made_up_only_now_and_then() -> None:
    provider = Provider("k-1")
    await provider.key("k-1")
    for made_up in range(100):
        with pytest.raises(UnknownKey):
            await provider.key(f"k-x{made_up}")
    assert provider.asked == 1
    provider.keys = {"k-2"}
    provider.seconds += ASK_AGAIN_SECONDS
    assert await provider.key("k-2") == "k-2"
    assert provider.asked == 2
    # It was taken back, and so it is not believed any more.
    with pytest.raises(UnknownKey):
        await provider.key("k-1")


async def test_who_shows_a_known_key_does_not_wait_while_others_ask() -> None:
    provider = Provider("k-1")
    await provider.key("k-1")
    provider.hold.clear()
    provider.seconds += FRESH_SECONDS
    assert await provider.key("k-1") == "k-1"
    unknown = asyncio.create_task(provider.key("k-2"))
    await asyncio.sleep(0)
    assert await provider.key("k-1") == "k-1"
    provider.keys = {"k-1", "k-2"}
    provider.hold.set()
    assert await unknown == "k-2"
    assert provider.asked == 2


async def test_keys_are_kept_while_the_provider_is_away_and_not_for_ever() -> None:
    provider = Provider("k-1")
    await provider.key("k-1")
    provider.keys = None
    for _ in range(3):
        provider.seconds += FRESH_SECONDS
        assert await provider.key("k-1") == "k-1"
        await provider.settled()
    assert provider.asked == 4
    # Whether it is a new key of the provider's cannot be told.
    with pytest.raises(ProviderAway):
        await provider.key("k-2")
    provider.seconds = KEPT_SECONDS_MAX + 1
    with pytest.raises(ProviderAway):
        await provider.key("k-1")
    provider.keys = {"k-1"}
    provider.seconds += ASK_AGAIN_SECONDS
    assert await provider.key("k-1") == "k-1"


async def test_a_provider_that_was_never_there_is_asked_again_only_after_a_while() -> None:
    provider = Provider()
    provider.keys = None
    for _ in range(20):
        with pytest.raises(ProviderAway):
            await provider.key("k-1")
    assert provider.asked == 1
