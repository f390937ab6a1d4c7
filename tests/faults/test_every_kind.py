"""Each kind of fault once, on one world after the other: whatever breaks, every promise is kept."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.kinds import KINDS
from tests.faults.kinds.kind import Fault
from tests.faults.schedule import one_of_each
from tests.faults.soak import Bench, running_bench

SEED = int(os.environ.get("AMENDS_TEST_SEED", "20261127"))
FAULTS = one_of_each(KINDS.values(), SEED)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench() -> AsyncIterator[Bench]:
    """Clients at a world that is broken again and again. Its history only grows."""
    async with running_bench(SEED, told=lambda _: None) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.victim}")
async def test_whatever_breaks_every_promise_is_kept(bench: Bench, fault: Fault) -> None:
    run = await bench.play([fault])
    assert not run.broken, f"(AMENDS_TEST_SEED={SEED})\n" + "\n".join(run.broken[:30])
