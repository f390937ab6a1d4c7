"""Requests that another site makes a browser send: refused by where they come from, and for want of a token."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from amends_platform.http.problems import Problem

# The field of every form.
FIELD = "csrf"
_MESSAGE = b"amends console form"
_OURS = ("same-origin", "none")


def form_token(secret: str) -> str:
    """What the forms of whoever holds the cookie `secret` carry: it tells nothing of the secret."""
    return hmac.new(secret.encode(), _MESSAGE, hashlib.sha256).hexdigest()


def check_form_token(secret: str, given: str) -> None:
    """Raises a 403 problem for a form that was not made for the holder of `secret`."""
    if not hmac.compare_digest(form_token(secret).encode(), given.encode()):
        raise Problem(403, "stale-form", "This form was made before you signed in, or elsewhere. Send it again.")


def is_ours(request: Request) -> bool:
    """Whether no page of another site sends it.

    A browser that does not say where a request comes from says its origin with every form; what says neither is no
    browser, and carries nobody's cookies.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in _OURS
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def refuse_other_sites(request: Request) -> None:
    """Raises a 403 problem for what a page of another site sends."""
    if not is_ours(request):
        raise Problem(403, "cross-site", "This was sent by a page of another site, and is refused.")
