"""Who asks, with which key, for which version: what the headers of a request say."""

from __future__ import annotations

import hashlib
import re

from fastapi import Request as HttpRequest

from amends_intake.clerk import Request
from amends_platform.guarding.admission import Admission
from amends_platform.http.problems import Problem
from amends_platform.telemetry.current import correlation_of, seen

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_VERSION = re.compile(r'"(\d{1,9})"')


class Reception:
    """Turns an HTTP request into a command's request: who, with which key, for which version."""

    def __init__(self, admission: Admission, tenant: str) -> None:
        self._admission = admission
        self._tenant = tenant

    async def admit(self, http: HttpRequest) -> tuple[Request, bytes]:
        """The request and its body. Raises Problem: 401, 403, 415, 428, 429 or 400."""
        # Six look-ups in Starlette's headers, or an URL just for its path, cost more than all the rest here.
        headers: dict[bytes, bytes] = dict(http.scope["headers"])
        principal = await self._admission.admit(http.scope, _text(headers.get(b"authorization")))
        if principal.tenant != self._tenant:
            raise Problem(403, "other-tenant", "Your key belongs to another tenant than this service.")
        if headers.get(b"content-type") != b"application/json":
            _check_media_type(headers.get(b"content-type", b""))
        if b"content-encoding" in headers:
            raise Problem(415, "unsupported-media-type", "Send the body as it is, without a Content-Encoding.")
        key = _text(headers.get(b"idempotency-key"))
        if key is None:
            raise Problem(
                428,
                "idempotency-key-missing",
                "Every POST needs an Idempotency-Key: repeat it with the same request, and it is carried out once.",
            )
        if _KEY.fullmatch(key) is None:
            raise Problem(400, "malformed-header", "An Idempotency-Key has 1 to 255 printable ASCII characters.")
        body = await http.body()
        request_hash = hashlib.sha256(b"\n".join((http.scope["path"].encode(), body))).digest()
        request = seen(http.scope)
        correlation_id = correlation_of(_text(headers.get(b"traceparent")), request)
        if request is not None:
            request.correlation_id = correlation_id
        if_version = _if_version(_text(headers.get(b"if-match")))
        return Request(principal, key, request_hash, if_version, correlation_id), body


def _check_media_type(content_type: bytes) -> None:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(b";"))
    if media_type != b"application/json" or any(
        part and part.replace(b'"', b"") not in (b"charset=utf-8", b"charset=utf8") for part in parameters
    ):
        raise Problem(415, "unsupported-media-type", "Send the body as application/json, in UTF-8.")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _if_version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    version = _VERSION.fullmatch(if_match.strip())
    if version is None:
        raise Problem(400, "malformed-header", 'If-Match is a version in quotes, such as "3", as ETag gave it.')
    return int(version[1])
