"""Receipts are kept for a time: whoever repeats a command does so within days, and there is one for each command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from amends_store.read import Executor
from amends_store.statements import statement

_FORGET_RECEIPTS: Final = statement("forget_receipts")
# 2 MiB, some 6,000 receipts: a moment's work, after which whoever calls may rest.
_PAGES: Final = 256


async def forget_receipts(executor: Executor, keep: timedelta, *, pages: int = _PAGES) -> AsyncIterator[int]:
    """Remove the receipts that are older than `keep`, a day at least: how many, piece by piece, each for good.

    Raises asyncpg's own errors.
    """
    page: int | None = 0
    while page is not None:
        row = await executor.fetchrow(_FORGET_RECEIPTS, page, pages, keep)
        page = row["next_page"]
        yield row["forgotten"]
