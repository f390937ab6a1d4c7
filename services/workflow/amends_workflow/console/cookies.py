"""The cookies of the console: who is signed in, the visit before that, and how one likes to read."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

SESSION: Final = "amends_session"
# Before anybody has signed in: what the sign-in form is bound to, so that nobody is signed in as somebody else.
VISIT: Final = "amends_visit"
# While one signs in at the identity provider: what comes back from there must fit it.
SIGN_IN: Final = "amends_sign_in"
# When one was signed in at the identity provider last, in seconds: there one signs in again.
ORGANISATION: Final = "amends_organisation"
LANGUAGE: Final = "amends_language"
THEME: Final = "amends_theme"
SHORTCUTS: Final = "amends_shortcuts"
# What one reads names and words for, where one has to say; until the browser is closed.
PURPOSE: Final = "amends_purpose"

# Who is let in and yet not signed in would be led round and round.
_SECONDS_BETWEEN: Final = 30.0
_YEAR_SECONDS: Final = 365 * 86_400


def is_https(request: Request) -> bool:
    """Whether the browser spoke https, to us or to the proxy before us.

    Anybody may claim it; it only makes their own cookies stricter.
    """
    forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
    return (forwarded or request.url.scheme) == "https"


def secret(request: Request, name: str) -> str | None:
    """The value of a cookie that only we may have set."""
    return request.cookies.get(_name(name, secure=is_https(request)))


def keep_secret(request: Request, response: Response, name: str, value: str, seconds_max: int) -> None:
    """Let the browser keep what no script may read, and send it to this very host alone."""
    secure = is_https(request)
    response.set_cookie(
        _name(name, secure=secure), value, max_age=seconds_max, path="/", secure=secure, httponly=True, samesite="lax"
    )


def forget_secret(request: Request, response: Response, name: str) -> None:
    """Let the browser forget it."""
    secure = is_https(request)
    response.delete_cookie(_name(name, secure=secure), path="/", secure=secure, httponly=True, samesite="lax")


def keep_choice(
    request: Request, response: Response, name: str, value: str, seconds_max: int | None = _YEAR_SECONDS
) -> None:
    """Let the browser keep how one likes to read, for a year; None: until it is closed."""
    response.set_cookie(
        name, value, max_age=seconds_max, path="/", secure=is_https(request), httponly=True, samesite="lax"
    )


def keep_organisation(request: Request, response: Response, now_seconds: float, seconds_max: int) -> None:
    """Let the browser know for so long that one signs in at the identity provider here."""
    keep_secret(request, response, ORGANISATION, str(int(now_seconds)), seconds_max)


def leads_to_organisation(request: Request, now_seconds: float) -> bool:
    """Whether who is signed in no longer goes there again without being asked."""
    signed_in_at = secret(request, ORGANISATION) or ""
    return signed_in_at.isdecimal() and now_seconds - float(signed_in_at[:12]) >= _SECONDS_BETWEEN


def _name(name: str, *, secure: bool) -> str:
    # The prefix makes browsers refuse it from a sibling of this host, or over plain http.
    return f"__Host-{name}" if secure else name
