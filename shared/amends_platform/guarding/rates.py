"""How often: a token bucket for each of those who ask, as many buckets as there is room for."""

from __future__ import annotations

import math
from typing import Final

from amends_platform.http.problems import Problem

_BUCKETS_MAX: Final = 10_000
# Who asks on although refused is answered later and later: a flood then costs its sender more than us.
_REFUSED_AT_ONCE: Final = 20
_HOLD_SECONDS: Final = 1.0


class _Bucket:
    __slots__ = ("filled_at", "refused", "tokens")

    def __init__(self, tokens: float, filled_at: float) -> None:
        self.tokens = tokens
        self.filled_at = filled_at
        self.refused = 0


class RateLimit:
    """`per_second` of `what` a second for each key, and a `burst` at once (by default a second's). None: no limit."""

    def __init__(self, per_second: float | None, what: str = "requests", *, burst: float | None = None) -> None:
        self._per_second = per_second
        self._what = what
        self._full = max(1.0, burst or per_second or 1.0)
        self._buckets: dict[str, _Bucket] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def spend(self, key: str, now_seconds: float) -> None:
        """Take one token. Raises a 429 problem that says when the next is there."""
        per_second = self._per_second
        if per_second is None:
            return
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._new(key, now_seconds)
        tokens = bucket.tokens + (now_seconds - bucket.filled_at) * per_second
        bucket.filled_at = now_seconds
        if tokens < 1:
            bucket.tokens = tokens
            raise self._refusal(bucket, per_second)
        bucket.tokens = min(self._full, tokens) - 1
        # A flood is let in, too, as often as its rate allows: only who has held back is begun with anew.
        bucket.refused = 0 if tokens >= self._full else max(0, bucket.refused - 1)

    def give_back(self, key: str) -> None:
        """What was spent last was not used."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.tokens = min(self._full, bucket.tokens + 1)

    def _refusal(self, bucket: _Bucket, per_second: float) -> Problem:
        bucket.refused += 1
        return Problem(
            429,
            "too-many-requests",
            f"More than {per_second:g} {self._what} a second: wait and send the same request again.",
            headers={"Retry-After": str(math.ceil((1 - bucket.tokens) / per_second))},
            hold_seconds=_HOLD_SECONDS if bucket.refused > _REFUSED_AT_ONCE else 0.0,
        )

    def _new(self, key: str, now_seconds: float) -> _Bucket:
        if len(self._buckets) >= _BUCKETS_MAX:
            self._make_room(now_seconds)
        bucket = self._buckets[key] = _Bucket(self._full, now_seconds)
        return bucket

    def _make_room(self, now_seconds: float) -> None:
        """A bucket that is full again is as good as none. Where all are in use, everybody begins anew."""
        per_second, full = self._per_second or 0.0, self._full
        left = {
            key: bucket
            for key, bucket in self._buckets.items()
            if bucket.tokens + (now_seconds - bucket.filled_at) * per_second < full
        }
        # Half of it, so that not every newcomer has all of them looked at.
        self._buckets = left if len(left) <= _BUCKETS_MAX // 2 else {}
