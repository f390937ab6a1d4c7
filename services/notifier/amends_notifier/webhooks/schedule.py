"""When a message that was not taken is sent again, and when no more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Schedule:
    """Ten attempts within about twenty hours: after 5 s, 20 s, 80 s, 5 min, 21 min, 85 min, and so on."""

    attempts_max: int = 10
    first_seconds: float = 5.0
    factor: float = 4.0
    seconds_max: float = 6 * 3_600.0
    retry_after_seconds_max: float = 24 * 3_600.0
    hold_seconds_max: float = 120.0
    """As long as an attempt is no further away, what follows in the same case waits for it; then it goes before it."""
    unburied_seconds: float = 30.0
    """Where no dead letter can be written, the message is tried once more after this long."""

    def delay_seconds(self, attempts: int, jitter: float, retry_after_seconds: float | None = None) -> float | None:
        """How long after the nth attempt, counted from 1; None when it was the last. `jitter` is from 0 to 1.

        What the receiver asks for is never undercut, and counts up to a day.
        """
        if attempts >= self.attempts_max:
            return None
        ours = min(self.seconds_max, self.first_seconds * self.factor ** (attempts - 1)) * (1 + 0.4 * (jitter - 0.5))
        return max(ours, min(retry_after_seconds or 0.0, self.retry_after_seconds_max))
