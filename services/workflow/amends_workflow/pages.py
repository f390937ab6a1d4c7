"""Pages of a list: where the next one begins is written into an opaque cursor.

A cursor says "after this row", so rows that come or go elsewhere neither repeat nor hide others. It holds nothing
secret and opens nothing: a query is always restricted by who asks. Its check sum finds cursors that were cut,
changed, or brought to another query; who makes one themselves can say no more with it than any other says.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from starlette.requests import Request

from amends_platform.http.problems import Problem

LIMIT_DEFAULT = 50
LIMIT_MAX = 200

_CHECK_BYTES = 8
# They say how to page, not what is listed: a cursor serves whatever they are.
_PAGING = frozenset({"cursor", "limit", "min_position"})

Key = Sequence[str | int]
Shape = tuple[Callable[[Any], str | int], ...]
"""What each part of a list's keys is: TIME, ID, NAME, VERSION or POSITION. Each raises ValueError, TypeError or
OverflowError for anything else."""

_EVER: Final = "infinity"


class Pages:
    """The pages of one query: its path, its parameters and whom it is asked for."""

    def __init__(self, request: Request, scope: Sequence[Any]) -> None:
        """`scope` is what restricts the answer besides the parameters: the tenant and the branches of who asks."""
        self._path = request.url.path
        self._parameters = [(k, v) for k, v in request.query_params.multi_items() if k not in _PAGING]
        self._limit = request.query_params.get("limit")
        bound_to = orjson.dumps([self._path, sorted(self._parameters), list(scope)])
        self._check_key = hashlib.sha256(bound_to).digest()

    def after(self, cursor: str | None, shape: Shape) -> Key | None:
        """The key of the last row of the page before; None for the first page. Raises a 422 problem."""
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor.encode("ascii"), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise _bad_cursor() from None
        check, key = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
        if check != self._check(key):
            raise _bad_cursor()
        try:
            return [part(value) for part, value in zip(shape, orjson.loads(key), strict=True)]
        except (ValueError, TypeError, OverflowError):
            raise _bad_cursor() from None

    def next(self, last: Key | None) -> str | None:
        """Where the next page is, after the row with the key `last`; None when there is none."""
        if last is None:
            return None
        key = orjson.dumps(list(last))
        cursor = base64.urlsafe_b64encode(self._check(key) + key).decode()
        limit = [] if self._limit is None else [("limit", self._limit)]
        return f"{self._path}?{urlencode([*self._parameters, *limit, ('cursor', cursor)])}"

    def _check(self, key: bytes) -> bytes:
        return hashlib.blake2b(key, digest_size=_CHECK_BYTES, key=self._check_key).digest()


def key_time(at: datetime | None) -> str:
    """A time in a cursor, to the microsecond; None sorts after all times."""
    return _EVER if at is None else at.isoformat()


def _time(value: Any) -> str:
    return _EVER if value == _EVER else key_time(datetime.fromisoformat(value).astimezone(UTC))


def _id(value: Any) -> str:
    return str(UUID(_name(value)))


def _name(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(value)
    return value


def _whole(value: Any, numbers: range) -> int:
    if type(value) is not int or value not in numbers:
        raise ValueError(value)
    return value


def _version(value: Any) -> int:
    return _whole(value, range(2**31))


def _position(value: Any) -> int:
    return _whole(value, range(2**63))


TIME, ID, NAME, VERSION, POSITION = _time, _id, _name, _version, _position


def _bad_cursor() -> Problem:
    return Problem(
        422, "bad-cursor", "The cursor is not one that this query gave: begin again without it, or follow `next`."
    )
