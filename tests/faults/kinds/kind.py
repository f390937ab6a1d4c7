"""What a kind of fault is, and what is planned of each single one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final

from tests.faults.world import World

SHORT: Final = (0.2, 2.0)
LONG: Final = (4.0, 12.0)


@dataclass(frozen=True)
class Fault:
    """One fault as it is planned: it strikes once `after` more commands were answered, and is healed after `seconds`.

    `beside`: it does not wait until the one before is over.
    """

    number: int
    after: int
    kind: str
    victim: str
    seconds: float
    beside: bool = False


Strike = Callable[[World, Fault], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Kind:
    """A way of breaking a world. `strike` breaks it, and heals it when its block is left.

    `weight`: how often it is chosen, beside the others.
    """

    name: str
    victims: tuple[str, ...]
    strike: Strike = field(repr=False)
    seconds: tuple[float, float] = SHORT
    weight: int = 4
