"""When the garbage collector looks: seldom in a service, never while values are made that hold no cycle."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# More than a hundred requests under way hold; uncollected, so many take a few megabytes.
_COLLECT_AT_OBJECTS: Final = 50_000


def collect_seldom() -> None:
    """Keep the garbage collector from looking at everything all the time: at its defaults it takes an eighth of a
    busy service's time, to find next to nothing. What is there by now stays, so it is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AT_OBJECTS)


@contextmanager
def without_collecting() -> Iterator[None]:
    """No garbage collection meanwhile: a fold makes millions of values that hold no cycle, and looking through them
    again and again costs more than making them (20,000 events/s with it, 48,000 without). What a service imports stays,
    too: a tenth of its start went into looking.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
