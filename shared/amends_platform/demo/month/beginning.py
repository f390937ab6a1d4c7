"""The month in a database that has just been made: invented, written, and (for the story) put under other rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg

from amends_platform.demo.month.filling import fill
from amends_platform.demo.month.plan import Plan, plan
from amends_platform.demo.samples import sample_complaints
from amends_platform.files import write_private
from amends_platform.keystore.opening import open_key_store
from amends_platform.policy.files import LoadedPolicy, load_policy
from amends_platform.policy.publishing import publish
from amends_platform.settings import Settings
from amends_platform.simulation.bank import policy_text
from amends_platform.simulation.world import Happening, Refused, World

STORY_POLICY: Final = "demo"
_BY: Final = "demo"


class Month(NamedTuple):
    """What was written: so many cases and events since `first_day`, the first of the last full month."""

    first_day: date
    cases: int
    events: int


def policy_file(directory: Path) -> Path:
    """The file of the bank's policy, made."""
    path = directory / "bank-cn.yaml"
    write_private(path, policy_text())
    return path


async def begin(
    conn: asyncpg.Connection,
    settings: Settings,
    now: datetime,
    *,
    seed: int,
    cases: int,
    on_progress: Callable[[int, int], None],
) -> Month:
    """Invent about so many cases and write them. `conn` is the owner's, `settings.policy` the bank's policy.

    `on_progress` hears how much is written, of how much. Raises NotEmpty.
    """
    policy = load_policy(settings.policy)
    told, happened, invented = await asyncio.to_thread(_invent, settings.tenant, policy, now, seed, cases)
    store = open_key_store(settings)
    try:
        events = await fill(
            conn,
            store,
            settings.tenant,
            policy,
            told.begins_at,
            happened,
            lambda done: on_progress(done, len(happened)),
        )
    finally:
        await store.aclose()
    return Month(told.first_day, invented, events)


async def put_in_force(conn: asyncpg.Connection, tenant: str, policy: str) -> None:
    """Let new decisions be made by this policy, a file or the name of a built-in."""
    await publish(conn, tenant, load_policy(policy), _BY)


def _invent(
    tenant: str, policy: LoadedPolicy, now: datetime, seed: int, cases: int
) -> tuple[Plan, list[Happening | Refused], int]:
    told = plan(policy.policy, sample_complaints(), now, seed=seed, cases=cases)
    world = World(tenant, told.town)
    happened = list(world.play(told.steps, told.until))
    return told, happened, len(world.cases)
