"""Reading a range of the log: positions, versions and times in their order, and the hash of every event."""

from __future__ import annotations

from typing import Final

from amends_platform.verifying.copied import leaves
from amends_platform.verifying.faults import Fault, earlier, out_of_turn
from amends_store.merkle import HASH_BYTES, Span

Seen = tuple[int, int, int]
"""Of one stream in a range: the position and version of its first event there, and the version of its last."""

GONE: Final = bytes(HASH_BYTES)
"""Stands for the hash of an event that is not there, or not whole."""


class Reading:
    """What has been read of the range `span`.

    `computed` and `stored`: for each leaf, the hash of the event's fields, and the one that is kept beside them; GONE
    where there is no event that has them. `streams`: by the 16 bytes of their id. `recorded_at`: of the first and the
    last event; None while there is none.
    """

    def __init__(self, span: Span) -> None:
        self.span = span
        self.computed: list[bytes] = []
        self.stored: list[bytes] = []
        self.streams: dict[bytes, Seen] = {}
        self.recorded_at: tuple[int, int] | None = None
        self.faults: list[Fault] = []

    @property
    def _expected(self) -> int:
        return self.span.first + len(self.computed) + 1

    def take(self, messages: bytes) -> None:
        """Some messages of COPY, in the order of positions."""
        for leaf in leaves(messages):
            if leaf is None:
                self.faults.append(Fault(self._expected, "it lacks a field that an event cannot be without"))
                self._append(GONE, GONE)
            elif leaf[0] == self._expected or self._goes_on_at(leaf[0]):
                self._event(*leaf)

    def finish(self) -> None:
        """There are no more: what has not come is missing."""
        self._miss(self.span.end)

    def _event(
        self, position: int, stream: bytes, version: int, recorded_at: int, computed: bytes, stored: bytes
    ) -> None:
        seen = self.streams.get(stream)
        if seen is None:
            self.streams[stream] = position, version, version
        else:
            first_position, first_version, before = seen
            if version != before + 1:
                self.faults.append(out_of_turn(position, version, before))
            self.streams[stream] = first_position, first_version, version
        if self.recorded_at is None:
            self.recorded_at = recorded_at, recorded_at
        else:
            first, last = self.recorded_at
            if recorded_at < last:
                self.faults.append(earlier(position))
            self.recorded_at = first, recorded_at
        self._append(computed, stored)

    def _append(self, computed: bytes, stored: bytes) -> None:
        self.computed.append(computed)
        self.stored.append(stored)

    def _goes_on_at(self, position: int) -> bool:
        """Whether the event there is the next, after a gap; otherwise the position was there before."""
        if position < self._expected:
            self.faults.append(Fault(position, f"position {position} is there twice"))
            return False
        self._miss(position - 1)
        return True

    def _miss(self, last: int) -> None:
        first = self._expected
        if first == last:
            self.faults.append(Fault(first, f"position {first} is missing"))
        elif first < last:
            self.faults.append(Fault(first, f"positions {first} to {last} are missing", last))
        for _ in range(first, last + 1):
            self._append(GONE, GONE)
