"""Each kind of fault once, on one world after the other: whatever breaks, every promise is kept."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.kinds import KINDS
from tests.faults.kinds.kind import Fault
from tests.faults.schedule import one_of_each
from tests.faults.soak import Bench, Run, running_bench

SEED = int(os.environ.get("AMENDS_TEST_SEED", "20261127"))
FAULTS = one_of_each(KINDS.values(), SEED)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench() -> AsyncIterator[Bench]:
    """Clients at a world that is broken again and again. Its history only grows."""
    async with running_bench(SEED, told=lambda _: None) as running:
        yield running


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.kind}-{fault.victim}")
async def test_whatever_breaks_every_promise_is_kept(bench: Bench, fault: Fault) -> None:
    if fault.kind == "disk-full" and bench.world.disk is None:
        pytest.skip("only root can give PostgreSQL a disk of its own to fill")
    every_promise_is_kept(await bench.play([fault]))


async def test_a_crash_of_postgresql_is_over_within_ten_seconds(bench: Bench) -> None:
    """To the first write that is acknowledged, and to the first timer that fires."""
    run = await bench.play([Fault(len(FAULTS) + 1, after=10, kind="killed", victim="postgres", seconds=0.0)])
    every_promise_is_kept(run)
    recovery = run.recoveries[-1]
    assert max(recovery.write_seconds, recovery.fire_seconds) <= 10


async def test_our_own_tools_find_nothing_wrong(bench: Bench) -> None:
    every_promise_is_kept(await bench.examine())


def every_promise_is_kept(run: Run) -> None:
    assert not run.broken, f"(AMENDS_TEST_SEED={SEED})\n" + "\n".join(run.broken[:30])
