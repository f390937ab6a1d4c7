"""Who asks, and whether not too often. (How often an address may ask is looked at before: see `gate`.)"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

from amends_platform.guarding.addresses import Proxies
from amends_platform.guarding.rates import RateLimit
from amends_platform.http.problems import Problem
from amends_platform.identity.oidc.errors import NotAdmitted, ProviderAway
from amends_platform.identity.principals import Principal, Unauthenticated
from amends_platform.settings import Settings, per_second
from amends_platform.telemetry.current import seen


class Authenticates(Protocol):
    """Who can tell a principal by an Authorization header, which came from an address."""

    async def authenticate(self, authorization: str | None, address: str | None = None) -> Principal: ...


# How often the identity provider is asked again, at most.
_PROVIDER_SECONDS: Final = 10
# Everybody at an address may sign in at once.
_UNKNOWN_KEYS_AT_ONCE: Final = 5.0


def unknown_keys_limit(settings: Settings) -> RateLimit:
    """For the authenticator: how often keys that were never seen to be good are looked for."""
    rate = per_second(settings.unknown_keys_limit)
    return RateLimit(rate, "unknown keys", burst=None if rate is None else rate * _UNKNOWN_KEYS_AT_ONCE)


class Admission:
    """Every request of one process passes here before anything is done for it."""

    def __init__(self, authenticator: Authenticates, settings: Settings) -> None:
        self._authenticator = authenticator
        self._proxies: Final = Proxies.of(settings.trusted_proxies)
        self._of_principal = RateLimit(settings.requests_per_second_max)

    async def admit(self, scope: Mapping[str, Any], authorization: str | None) -> Principal:
        """Whom this Authorization header names. Raises as `principal`, and Problem: 429."""
        principal = await self.principal(authorization, self._proxies.address_of(scope))
        request = seen(scope)
        if request is not None:
            request.person = principal.id
        self._of_principal.spend(principal.id, time.monotonic())
        return principal

    async def principal(self, authorization: str | None, address: str | None = None) -> Principal:
        """The same, whatever the rate of requests. Raises Problem: 401, 403, or 503 while it cannot be told."""
        try:
            return await self._authenticator.authenticate(authorization, address)
        except Unauthenticated as error:
            # Source: RFC 6750, section 3.1. Why is not said: whoever forges tokens would learn from it.
            challenge = "Bearer" if authorization is None else 'Bearer error="invalid_token"'
            raise Problem(401, "unauthenticated", str(error), headers={"WWW-Authenticate": challenge}) from error
        except NotAdmitted as error:
            raise Problem(403, "not-admitted", str(error)) from error
        except ProviderAway as error:
            raise Problem(
                503,
                "identity-provider-away",
                "The identity provider cannot be asked for its keys just now. Send the same request again.",
                headers={"Retry-After": str(_PROVIDER_SECONDS)},
            ) from error
