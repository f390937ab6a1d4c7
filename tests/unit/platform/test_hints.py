"""Hints without a broker: whoever sends them can be stopped at any moment."""

from __future__ import annotations

import asyncio

import pytest

from amends_platform.broker_address import BrokerAddress
from amends_platform.hints import Hints

NOBODY = BrokerAddress("nats://127.0.0.1:1")


@pytest.mark.parametrize("turns", range(4))
async def test_a_service_that_stops_before_it_was_connected_stops(turns: int) -> None:
    hints = Hints(NOBODY, "default")
    hints.start()
    for _ in range(turns):
        await asyncio.sleep(0)
    await hints.aclose()


async def test_hints_that_never_began_can_be_ended() -> None:
    await Hints(NOBODY, "default").aclose()
