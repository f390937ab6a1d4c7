"""From the code that a browser brings back to who signed in: the provider is asked, and what it says is checked."""

from __future__ import annotations

import asyncio
import hmac
import math
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote_plus

import structlog

from amends_platform.identity.oidc import fetching
from amends_platform.identity.oidc.authorizing import BrokenOff, Endpoints, SignIn
from amends_platform.identity.oidc.client import Client
from amends_platform.identity.oidc.errors import ProviderAway
from amends_platform.identity.oidc.granting import principal_of
from amends_platform.identity.oidc.provider import Provider
from amends_platform.identity.oidc.rotating import RotatingKeys, UnknownKey
from amends_platform.identity.oidc.tokens import BadToken, believed, header_of
from amends_platform.identity.principals import Verified

log = structlog.get_logger()

FRESH_SECONDS: Final = 300.0
ASK_AGAIN_SECONDS: Final = 10.0
# Who waits for a provider that is slow keeps no more than these connections to it busy.
_AT_ONCE: Final = 16
_ERROR: Final = re.compile(r"[a-z_]{1,40}")


class SignInDesk:
    """Where people are signed in by the provider. One per process; `now_seconds` since 1970."""

    def __init__(
        self,
        provider: Provider,
        client: Client,
        secret: str | None,
        tenant: str,
        *,
        now_seconds: Callable[[], float] = time.time,
        seconds_max: float = fetching.FETCH_SECONDS_MAX,
    ) -> None:
        """`seconds_max`: how long the provider may take for each answer."""
        self.client = client
        self.issuer = provider.issuer
        self.now_seconds = now_seconds
        self._provider = provider
        # What an ID token must be is what an access token must, but for whom it is for.
        self._for_us = replace(provider, audiences=(client.client_id,), token_type=None)
        self._secret = secret
        self._seconds_max = seconds_max
        self._tenant = tenant
        self._tls = fetching.trusted(provider)
        self._keys = RotatingKeys(lambda: fetching.fetch_keys(provider, self._tls))
        self._endpoints: Endpoints | None = None
        self._fetched_at = self._asked_at = -math.inf
        self._asking = asyncio.Lock()
        self._redeeming = asyncio.Semaphore(_AT_ONCE)

    async def endpoints(self) -> Endpoints:
        """Where the provider is asked: known for five minutes, and on while it is away. Raises ProviderAway."""
        async with self._asking:
            now = time.monotonic()
            if now - self._fetched_at >= FRESH_SECONDS and now - self._asked_at >= ASK_AGAIN_SECONDS:
                self._asked_at = now
                try:
                    self._endpoints = await self._discover()
                    self._fetched_at = now
                except ProviderAway as error:
                    log.warning("the identity provider cannot be asked where one signs in", reason=str(error))
            if self._endpoints is None:
                raise ProviderAway("it has not said yet where one signs in")
            return self._endpoints

    async def redeem(self, code: str, sign_in: SignIn) -> Verified:
        """Whom the provider names for this code, and for how long. Raises BrokenOff, NotAdmitted, ProviderAway."""
        answer = await self._exchange(code, sign_in, await self.endpoints())
        token = answer.get("id_token")
        try:
            if not isinstance(token, str):
                raise BadToken("there is none")
            claims = await self._claims(token, sign_in)
            seconds = min(claims["exp"] - self.now_seconds(), _seconds(answer.get("expires_in")))
            if seconds < 1:
                raise BadToken("it is over already")
        except (BadToken, UnknownKey) as error:
            log.warning("an ID token was refused", reason=str(error) or "the provider has no such key")
            raise BrokenOff(denied=False) from error
        return Verified(principal_of(claims, self._provider, self._tenant), seconds)

    async def _discover(self) -> Endpoints:
        async with fetching.asking(self._tls, self._seconds_max) as client:
            said = await fetching.discovered(client, self._provider)
        methods = said.get("token_endpoint_auth_methods_supported")
        listed = methods if isinstance(methods, list) else []
        return Endpoints(
            fetching.place(said, "authorization_endpoint", self._provider, "pages to sign in"),
            fetching.place(said, "token_endpoint", self._provider, "tokens"),
            secret_in_form="client_secret_post" in listed and "client_secret_basic" not in listed,
            says_who_answers=said.get("authorization_response_iss_parameter_supported") is True,
        )

    async def _exchange(self, code: str, sign_in: SignIn, endpoints: Endpoints) -> Mapping[str, Any]:
        """What the provider gives for the code. Source: RFC 6749, sections 2.3.1 and 4.1.3."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "code_verifier": sign_in.verifier,
        }
        headers = dict(fetching.HEADERS)
        if self._secret is not None and not endpoints.secret_in_form:
            pair = f"{quote_plus(self.client.client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form["client_id"] = self.client.client_id
            if self._secret is not None:
                form["client_secret"] = self._secret
        async with (
            fetching.asking(self._tls, self._seconds_max) as client,
            self._redeeming,
            client.stream("POST", endpoints.token, data=form, headers=headers) as response,
        ):
            status = response.status_code
            if status not in (200, 400, 401):
                raise ProviderAway(f"the answer for a code was {status}")
            answer = await fetching.read_document(response)
        if not isinstance(answer, dict):
            raise ProviderAway("the answer for a code is no JSON object")
        if status != 200:
            error = answer.get("error")
            told = error if isinstance(error, str) and _ERROR.fullmatch(error) else None
            log.warning("the identity provider gave nothing for a code", status=status, error=told)
            raise BrokenOff(denied=False)
        return answer

    async def _claims(self, token: str, sign_in: SignIn) -> Mapping[str, Any]:
        """What the ID token says. Raises BadToken, UnknownKey, ProviderAway. Source: OIDC Core 1.0, section 3.1.3.7."""
        header = header_of(token, self._for_us)
        if header.token_type == "at+jwt":  # noqa: S105
            raise BadToken("it is an access token")
        key = await self._keys.key(header.key_id)
        claims = believed(token, header, key, self._for_us, self.now_seconds()).claims
        nonce, audience = claims.get("nonce"), claims["aud"]
        if not isinstance(nonce, str) or not hmac.compare_digest(
            nonce.encode("utf-8", "replace"), sign_in.nonce.encode()
        ):
            raise BadToken("it was made for another signing in")
        is_shared = isinstance(audience, list) and len(audience) > 1
        if (is_shared or "azp" in claims) and claims.get("azp") != self.client.client_id:
            raise BadToken("it was given to somebody else")
        return claims


def _seconds(said: Any) -> float:
    """How long the access token, which nobody keeps, would be good for. Raises BadToken."""
    if said is None:
        return math.inf
    if isinstance(said, bool) or not isinstance(said, int | str) or not str(said).isdecimal() or len(str(said)) > 9:
        raise BadToken("expires_in is no number of seconds")
    return float(said)
