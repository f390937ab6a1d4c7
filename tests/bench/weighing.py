"""How much room a complaint takes in the database, table by table and index by index."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg

from tests.bench.filling import write_receipts
from tests.bench.measuring import QUICK, Contender, Figures, Outcome, Plan, take_turns
from tests.bench.paging import a_console, a_month
from tests.bench.servers import Bench

WHOLE = "everything"
# An index, or a table beside which longer values are kept, has no less than two pages.
_TWO_PAGES = 16_384

ABOUT = """
The month that `amends demo` invents, {cases:,} cases and {events:,} events until now, as the services leave it: the log
with its receipts and its tree, the read model, timers and alerts. Tables and indexes were written anew before, so that
the room which changes leave free is not counted; what has room in two pages is not shown. For ever is the log alone:
receipts go after 90 days, timers when they fire.
"""
_SIZES = """
SELECT
    CASE WHEN c.relkind = 'i' THEN i.indrelid::regclass || ', index ' || c.relname ELSE c.relname END AS name,
    pg_table_size(c.oid) AS bytes
FROM pg_class AS c
LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')
ORDER BY coalesce(i.indrelid, c.oid)::regclass::text, c.relkind DESC, c.relname
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    wanted = 200 if plan is QUICK else 1_000
    async with bench.database() as database:
        on_step("a month of complaints")
        case, api_key = await a_month(bench, database, cases=wanted)
        async with a_console(bench, database, api_key, case["head"]):
            pass
        conn = await asyncpg.connect(database.url)
        try:
            await write_receipts(conn, 1, case["head"])
            await conn.execute("VACUUM FULL")
            cases = await conn.fetchval("SELECT count(*) FROM cases")
            sizes = {row["name"]: row["bytes"] for row in await conn.fetch(_SIZES)}
        finally:
            await conn.close()

    def contender(name: str, size: int) -> Contender:
        async def weighed() -> Figures:
            return {"bytes a complaint": size / cases}

        return Contender(name, weighed)

    shown = {name: size for name, size in sizes.items() if size > _TWO_PAGES}
    everything = {WHOLE: sum(sizes.values())} | shown
    # Nothing that differs from one round to the next.
    rounds = await take_turns([contender(*each) for each in everything.items()], 1, lambda _: None)
    return rounds.outcome("Room in the database", ABOUT.format(cases=cases, events=case["head"]))
