"""The tree of a log that is read from its beginning, against the tree computed as a whole."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256

from amends_platform.verifying.tower import FullRow, Tower
from amends_store.merkle import root_of

FULL_ROWS = 600


@cache
def leaves() -> list[bytes]:
    return [sha256(number.to_bytes(4, "big")).digest() for number in range(FULL_ROWS * 256 + 7)]


@cache
def roots() -> list[bytes]:
    """Of each row of leaves that is full."""
    return [root_of(leaves()[first : first + 256]) for first in range(0, FULL_ROWS * 256, 256)]


def test_the_root_of_every_size_is_that_of_the_leaves() -> None:
    tower = Tower()
    assert tower.root(root_of(leaves()[:7])) == root_of(leaves()[:7])
    for number, row_root in enumerate(roots()[:20], 1):
        list(tower.add(row_root))
        size = number * 256
        assert tower.root(None) == root_of(leaves()[:size])
        for rest in (1, 7, 128, 255):
            assert tower.root(root_of(leaves()[size : size + rest])) == root_of(leaves()[: size + rest])


def test_rows_above_the_leaves_are_told_when_they_are_full() -> None:
    tower = Tower()
    filled = [(number, row) for number, row_root in enumerate(roots()) for row in tower.add(row_root)]
    assert filled == [(255, FullRow(1, 0, roots()[:256])), (511, FullRow(1, 1, roots()[256:512]))]
    assert tower.root(root_of(leaves()[FULL_ROWS * 256 :])) == root_of(leaves())


def test_a_third_level_is_made_of_the_second() -> None:
    tower = Tower()
    rows = [row for number in range(256 * 256) for row in tower.add(roots()[number % 256])]
    assert [(row.level, row.number) for row in rows[-2:]] == [(1, 255), (2, 0)]
    assert rows[-1].hashes == [root_of(roots()[:256])] * 256


def test_a_tower_that_was_put_away_goes_on_as_if_nothing_had_been() -> None:
    tower = Tower()
    for row_root in roots()[:300]:
        list(tower.add(row_root))
    again = Tower.from_json(json.loads(json.dumps(tower.to_json())))
    assert again == tower
    assert [list(again.add(row_root)) for row_root in roots()[300:]] == [
        list(tower.add(each)) for each in roots()[300:]
    ]
    assert again.root(None) == tower.root(None) == root_of(leaves()[: FULL_ROWS * 256])
