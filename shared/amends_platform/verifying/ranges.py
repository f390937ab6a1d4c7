"""One range of the log, read and hashed: what can be said of it without knowing the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from amends_platform.evidence.notes import Verifier
from amends_platform.evidence.tree_head import SignedCheckpoint
from amends_platform.verifying.claims import Claim, kept_claim
from amends_platform.verifying.copied import COPIED_LOG
from amends_platform.verifying.faults import FAULTS_MAX, Fault
from amends_platform.verifying.grounds import FirstNamed, key_faults, policies_named
from amends_platform.verifying.reading import Reading, Seen
from amends_platform.verifying.sealed import Sealed
from amends_store.merkle import Span, root_of
from amends_store.statements import statement
from amends_store.tiles import TILE_HASHES

RANGE_EVENTS: Final = TILE_HASHES * TILE_HASHES
"""A range is made of whole rows of the tree, but for the end of the last one."""

_TILES: Final = statement("tiles_of_level")
_CHECKPOINTS: Final = statement("signed_checkpoints_between")


@dataclass(frozen=True, slots=True)
class RangeFound:
    """What is known of the range `span` of leaf indexes.

    `streams` by the 16 bytes of their id. `recorded_at`: of the first and the last event, in microseconds; None where
    there is none. `row_roots`: of the full rows of leaves, as sealed. `claims`: of the checkpoints in the database.
    `rests`: by the size of a tree that ends in this range, the root of what fills no row. `last_hash`: as stored with
    the last event. `policies`: those that events here were judged by.
    """

    span: Span
    faults: tuple[Fault, ...]
    streams: Mapping[bytes, Seen]
    recorded_at: tuple[int, int] | None
    row_roots: tuple[bytes, ...]
    claims: tuple[Claim, ...]
    rests: Mapping[int, bytes]
    last_hash: bytes
    policies: FirstNamed


async def check_range(
    conn: asyncpg.Connection, span: Span, sizes: Collection[int], newest: int, keys: Sequence[Verifier]
) -> RangeFound:
    """Read and judge a range. `sizes`: of trees that end in it, besides those of the checkpoints in the database.

    Rows of the tree must be there up to `newest`, the size of the newest of these. `keys`: who may have signed them.
    Raises asyncpg's errors.
    """
    reading = Reading(span)

    async def take(messages: bytearray) -> None:
        reading.take(bytes(messages))

    await conn.copy_from_query(COPIED_LOG, span.first + 1, span.end, output=take, format="binary")
    reading.finish()
    sealed = Sealed(reading, newest)
    sealed.compare(await conn.fetch(_TILES, 0, span.first // TILE_HASHES, span.end // TILE_HASHES))
    kept = [SignedCheckpoint._make(row) for row in await conn.fetch(_CHECKPOINTS, span.first, span.end)]
    rests = {
        size: root_of(sealed.hashes[(size - span.first) // TILE_HASHES * TILE_HASHES : size - span.first])
        for size in {*sizes, *(each.tree_size for each in kept)}
        if size % TILE_HASHES
    }
    faults = [*reading.faults, *sealed.faults, *await key_faults(conn, span)]
    return RangeFound(
        span=span,
        faults=tuple(sorted(faults, key=lambda fault: fault.position)[:FAULTS_MAX]),
        streams=reading.streams,
        recorded_at=reading.recorded_at,
        row_roots=tuple(sealed.row_roots),
        claims=tuple(kept_claim(each, keys) for each in kept),
        rests=rests,
        last_hash=reading.stored[-1],
        policies=await policies_named(conn, span),
    )
