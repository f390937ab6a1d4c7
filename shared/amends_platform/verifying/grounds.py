"""What verdicts and erasures rest on besides the log: the policies it was judged by, and whose the keys are.

The hash of a policy is in every event that was decided by it, and the customer in every complaint, so the log itself
tells whether either was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import asyncpg

from amends_platform.policy.book import AlteredPolicy, restored
from amends_platform.verifying.faults import FAULTS_MAX, Fault
from amends_store.merkle import Span
from amends_store.statements import statement

_NAMED: Final = statement("policies_named")
_KEYS_OF_OTHERS: Final = statement("keys_of_others")
_POLICIES: Final = "SELECT * FROM policies ORDER BY registered_at, hash"

FirstNamed = Mapping[str, int]
"""The policies that events were judged by: by the hash in hexadecimal, the position of the first."""


async def policies_named(conn: asyncpg.Connection, span: Span) -> FirstNamed:
    """Those that the events of the range name. Raises asyncpg's errors."""
    rows = await conn.fetch(_NAMED, span.first + 1, span.end)
    return {row["policy_hash"].hex(): row["position"] for row in rows}


async def key_faults(conn: asyncpg.Connection, span: Span) -> list[Fault]:
    """Complaints in the range whose key is another customer's, or nobody's. Raises asyncpg's errors."""
    rows = await conn.fetch(_KEYS_OF_OTHERS, span.first + 1, span.end, FAULTS_MAX)
    return [
        Fault(
            row["position"],
            "its key is filed under another customer than it names"
            if row["is_filed"]
            else "its key is filed under no customer: whoever forgets this one leaves it out",
        )
        for row in rows
    ]


async def policy_faults(conn: asyncpg.Connection, named: FirstNamed, head: int) -> list[Fault]:
    """Policies that were altered or are gone, each where the first event was judged by it. Raises asyncpg's errors.

    One that no event up to `head` names stands for the next, which may be.
    """
    faults, kept = [], set()
    for row in await conn.fetch(_POLICIES):
        policy_hash = row["hash"].hex()
        kept.add(policy_hash)
        try:
            restored(row)
        except AlteredPolicy as error:
            position = named.get(policy_hash)
            whose = "it was judged by this" if position is not None else "the next may be judged by this"
            faults.append(Fault(position or head + 1, f"{whose}: {error}"))
    for policy_hash in named.keys() - kept:
        what = f"the policy that it was judged by ({policy_hash[:12]}…) is not in the database"
        faults.append(Fault(named[policy_hash], what))
    return faults
