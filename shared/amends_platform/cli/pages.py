"""Lists that come in pages, gathered for one answer."""

from __future__ import annotations

from typing import Any, Final

from amends_platform.words import message

PAGE_MAX: Final = 200
MORE: Final = message("and more: --all shows them, --limit so many")


async def gathered(client: Any, first: Any, limit: int | None) -> tuple[list[Any], bool]:
    """At most `limit` items, from `first` on and page by page, and whether there are more."""
    items: list[Any] = []
    is_more = False
    async for page in client.following(first):
        items += page["items"]
        is_more = page["next"] is not None
        if limit is not None and len(items) >= limit:
            break
    kept = items if limit is None else items[:limit]
    return kept, is_more or len(kept) < len(items)
