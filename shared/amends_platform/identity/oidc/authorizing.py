"""Signing in by the authorization code flow, without I/O: what the browser is sent with, and what it may bring back.

Nothing is kept here meanwhile. The browser has a secret in a cookie, and state, nonce and PKCE verifier are made of
that: what the provider gives back fits the browser that began, or none.
Sources: OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9207; RFC 9700, section 2.1.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlencode

from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from amends_platform.identity.oidc.client import Client
from amends_platform.identity.sessions import SIGN_IN_SECONDS_MAX

_COOKIE: Final = re.compile(r"([0-9]{1,12})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{0,2000})")
_CODE: Final = re.compile(r"[ -~]{1,4096}")
# A browser keeps cookies of 4 KB.
_PATH_LENGTH_MAX: Final = 1_000


class Endpoints(NamedTuple):
    """Where the provider is asked. `says_who_answers`: it always names itself when it sends somebody back."""

    authorization: str
    token: str
    secret_in_form: bool
    says_who_answers: bool


class NotBegunHere(Exception):
    """The browser that comes back is not the one that began, or began too long ago."""


class BrokenOff(Exception):
    """The provider let nobody in. `denied`: it, or whoever sat there, said no."""

    def __init__(self, *, denied: bool) -> None:
        super().__init__("access was denied" if denied else "the provider told of an error, or of nothing")
        self.denied = denied


@dataclass(frozen=True, slots=True)
class SignIn:
    """One signing in under way: when it began (seconds since 1970), its secret, and the page that was wanted."""

    begun_at: int
    secret: str
    next_path: str

    @property
    def cookie(self) -> str:
        """What the browser keeps meanwhile."""
        return f"{self.begun_at}.{self.secret}.{urlsafe_b64encode(self.next_path.encode()).decode()}"

    @property
    def state(self) -> str:
        return self._made_for(f"state {self.begun_at} {self.next_path}")

    @property
    def nonce(self) -> str:
        return self._made_for("nonce")

    @property
    def verifier(self) -> str:
        return self._made_for("verifier")

    def _made_for(self, what: str) -> str:
        made = hmac.digest(self.secret.encode(), f"amends sign-in {what}".encode(), hashlib.sha256)
        return urlsafe_b64encode(made).decode()


def begun(next_path: str, now_seconds: float) -> SignIn:
    """A new one, which leads to `next_path`: one of ours, which is for the caller to see to."""
    path = next_path if len(next_path) <= _PATH_LENGTH_MAX else "/"
    return SignIn(int(now_seconds), secrets.token_urlsafe(32), path)


def address(sign_in: SignIn, endpoints: Endpoints, client: Client) -> str:
    """Where the browser is sent to."""
    challenge = urlsafe_b64encode(hashlib.sha256(sign_in.verifier.encode()).digest()).decode()
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(client.scopes),
        "state": sign_in.state,
        "nonce": sign_in.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return endpoints.authorization + ("&" if "?" in endpoints.authorization else "?") + urlencode(asked)


def resumed(cookie: str | None, brought: Mapping[str, str], now_seconds: float) -> SignIn:
    """The one that the browser which comes back with this query had begun. Raises NotBegunHere."""
    found = _COOKIE.fullmatch(cookie or "")
    if found is None:
        raise NotBegunHere("no cookie")
    try:
        path = urlsafe_b64decode(found[3].encode()).decode("ascii")
    except ValueError:
        raise NotBegunHere("no such cookie is made here") from None
    sign_in = SignIn(int(found[1]), found[2], path)
    if not hmac.compare_digest(sign_in.state.encode(), brought.get("state", "").encode()):
        raise NotBegunHere("another state")
    if not 0 <= now_seconds - sign_in.begun_at < SIGN_IN_SECONDS_MAX:
        raise NotBegunHere("begun too long ago")
    return sign_in


def code_of(brought: Mapping[str, str], endpoints: Endpoints, issuer: str) -> str:
    """What the provider gives for whoever signed in there, by a query whose state is right. Raises BrokenOff."""
    # What another provider sent is not taken to this one.
    if ("iss" in brought or endpoints.says_who_answers) and brought.get("iss") != issuer:
        raise BrokenOff(denied=False)
    if "error" in brought:
        raise BrokenOff(denied=brought["error"] == "access_denied")
    code = brought.get("code", "")
    if _CODE.fullmatch(code) is None:
        raise BrokenOff(denied=False)
    return code
