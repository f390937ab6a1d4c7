"""The Merkle tree over the log as the database keeps it: rows of 256 hashes, added as they become full.

A tree of any size up to the log's can be asked for its root and for proofs, in one statement each. A last row that
is not full is computed from what it will be made of: at most 255 leaf hashes, or roots of the level below.
Every function takes an asyncpg pool or connection, and raises asyncpg's own errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from amends_store.errors import LogHole, NotSealed
from amends_store.merkle import (
    HASH_BYTES,
    Span,
    consistency_spans,
    full_subtrees,
    inclusion_spans,
    join_subtrees,
    root_of,
)
from amends_store.read import Executor
from amends_store.statements import statement

TILE_HASHES: Final = 256
"""How many hashes a row holds."""

_TILE_BITS: Final = 8
_LEAF_TILES: Final = statement("leaf_tiles")
_NODE_TILES: Final = statement("node_tiles")
_TREE_HASHES: Final = statement("tree_hashes")


async def seal(conn: Executor, sealed: int, end: int) -> int:
    """Add the rows that became full, of all levels; `sealed` leaves are in rows already, `end` is how far to go.

    Returns how many leaves are in rows then: `end` without what fills no row. To be called in a transaction, by one
    at a time, which remembers the answer. Raises LogHole.
    """
    assert sealed % TILE_HASHES == 0
    level, first, last = 0, sealed // TILE_HASHES, end // TILE_HASHES
    while first < last:
        await _add_tiles(conn, level, first, last)
        level, first, last = level + 1, first // TILE_HASHES, last // TILE_HASHES
    return max(sealed, end // TILE_HASHES * TILE_HASHES)


async def root(conn: Executor, tree_size: int) -> bytes:
    """The root over the first `tree_size` events, at least one. Raises NotSealed."""
    return (await _roots(conn, [Span(0, tree_size)]))[0]


async def inclusion_proof(conn: Executor, position: int, tree_size: int) -> list[bytes]:
    """That the event at `position` is in the tree of this size. Source: RFC 9162, 2.1.3. Raises NotSealed."""
    return await _roots(conn, inclusion_spans(position - 1, tree_size))


async def consistency_proof(conn: Executor, first_size: int, second_size: int) -> list[bytes]:
    """That the tree of the second size begins with that of the first. Source: RFC 9162, 2.1.4. Raises NotSealed."""
    return await _roots(conn, consistency_spans(first_size, second_size))


class _Run(NamedTuple):
    """`length` hashes of a level, from number `first` on: what one full subtree is computed from. All in one row."""

    level: int
    first: int
    length: int


def _run_of(subtree: Span) -> _Run:
    height = subtree.size.bit_length() - 1
    level, height_in_row = divmod(height, _TILE_BITS)
    return _Run(level, subtree.first >> (_TILE_BITS * level), 1 << height_in_row)


async def _roots(conn: Executor, spans: Sequence[Span]) -> list[bytes]:
    subtrees = [full_subtrees(span) for span in spans]
    found = iter(await _hashes(conn, [_run_of(subtree) for several in subtrees for subtree in several]))
    return [join_subtrees([root_of(next(found)) for _ in several]) for several in subtrees]


async def _hashes(conn: Executor, runs: Sequence[_Run]) -> list[list[bytes]]:
    levels, firsts, lengths = zip(*runs, strict=True) if runs else ((), (), ())
    rows = await conn.fetch(_TREE_HASHES, levels, firsts, lengths)
    for run, row in zip(runs, rows, strict=True):
        if len(row["hashes"]) != run.length * HASH_BYTES:
            raise NotSealed(f"level {run.level} from {run.first} on")
    return [_split(row["hashes"]) for row in rows]


async def _add_tiles(conn: Executor, level: int, first: int, end: int) -> None:
    """Add the rows `first` up to but without `end`, which must just have become full."""
    if level == 0:
        rows = await conn.fetch(_LEAF_TILES, first, end)
    else:
        rows = await conn.fetch(_NODE_TILES, first, end, level)
    records = []
    for index, hashes in rows:
        if hashes is None or len(hashes) != TILE_HASHES * HASH_BYTES:
            raise LogHole(f"level {level} of its tree, row {index}, has fewer than {TILE_HASHES} hashes")
        records.append((level, index, hashes, root_of(_split(hashes))))
    await conn.copy_records_to_table("merkle_tiles", records=records, columns=("level", "index", "hashes", "root"))


def _split(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
