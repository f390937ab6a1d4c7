"""Which requests may take as long as they take."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

UNHURRIED: Final = "unhurried"
"""In the state of such a request."""


async def unhurried(request: Request) -> None:
    """What a route depends on that makes an export, a report or a proof: it reads as much as there is."""
    setattr(request.state, UNHURRIED, True)
