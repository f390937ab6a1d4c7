"""A stream that was lost: what was published stands in none any more, and is published once more before the rest."""

from __future__ import annotations

import asyncio

from amends_notifier.publisher import Publisher


class Loss:
    """Between the connection, which meets a stream without a message and waits before it lets anybody publish, and
    whoever publishes, who goes back to the beginning of the log first.
    """

    def __init__(self) -> None:
        self._publisher: Publisher | None = None
        self._found = asyncio.Event()
        self._noted = asyncio.Event()

    @property
    def is_found(self) -> bool:
        return self._found.is_set()

    async def on_blank(self) -> None:
        """The stream has no message: wait until that is taken note of, if any was published to one before."""
        if self._publisher is None or self._publisher.position == 0:
            return
        self._noted.clear()
        self._found.set()
        await self._noted.wait()

    async def found(self) -> None:
        """Wait until a loss is found."""
        await self._found.wait()

    def note(self) -> None:
        """It is taken care of, by us or by whoever leads instead."""
        self._found.clear()
        self._noted.set()

    def watch(self, publisher: Publisher) -> None:
        """From now on this is who publishes."""
        self._publisher = publisher

    def unwatch(self) -> None:
        """We publish no more: what is lost is another's to find."""
        self._publisher = None
