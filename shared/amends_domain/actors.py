"""Who entered an event: somebody, or the system itself (`system:workflow`), which is nobody."""

from __future__ import annotations

from typing import Final

_SYSTEM: Final = "system:"


def is_system(actor: str) -> bool:
    """Whether nobody entered it. No person is called so: their ids have no colon."""
    return actor.startswith(_SYSTEM)
