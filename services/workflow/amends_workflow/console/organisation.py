"""Signing in by the organisation's identity provider: whom it lets in, or why not, in the console's own words."""

from __future__ import annotations

import time
from typing import NamedTuple

import structlog
from starlette.requests import Request

from amends_domain.access.judging import may
from amends_platform.guarding.addresses import Proxies
from amends_platform.guarding.admission import unknown_keys_limit
from amends_platform.http.problems import Problem
from amends_platform.identity.oidc.authorizing import BrokenOff, NotBegunHere, SignIn, address, begun, code_of, resumed
from amends_platform.identity.oidc.client import secret_of
from amends_platform.identity.oidc.errors import NotAdmitted, ProviderAway
from amends_platform.identity.oidc.provider import Provider
from amends_platform.identity.oidc.redeeming import SignInDesk
from amends_platform.identity.principals import Principal
from amends_platform.settings import Settings

log = structlog.get_logger()


class Entered(NamedTuple):
    """Somebody who may come in, and for how many seconds."""

    principal: Principal
    seconds: float


class Organisation:
    """One per process."""

    def __init__(self, desk: SignInDesk, settings: Settings) -> None:
        self._desk = desk
        self._tenant = settings.tenant
        self._proxies = Proxies.of(settings.trusted_proxies)
        # A code is a credential like any that was never seen to be good; for each the provider is asked.
        self._codes = unknown_keys_limit(settings)

    async def begin(self, next_path: str) -> tuple[SignIn, str]:
        """A new signing in, and where the browser goes. Raises a 503 problem while the provider is away."""
        try:
            endpoints = await self._desk.endpoints()
        except ProviderAway as error:
            raise _away() from error
        sign_in = begun(next_path, self._desk.now_seconds())
        return sign_in, address(sign_in, endpoints, self._desk.client)

    def resume(self, request: Request, cookie: str | None) -> SignIn:
        """The signing in that this browser began, and comes back from. Raises a 400 problem."""
        query = request.query_params
        try:
            if len(query) != len(query.multi_items()):
                raise NotBegunHere("something is said twice")
            return resumed(cookie, query, self._desk.now_seconds())
        except NotBegunHere as error:
            raise Problem(
                400,
                "sign-in-not-begun",
                "This browser did not begin to sign in, or too long ago, or again in another tab. Try again.",
            ) from error

    async def finish(self, request: Request, sign_in: SignIn) -> Entered:
        """Who comes back, as the provider says. Raises Problem: 403, 429 or 503."""
        whom = self._proxies.address_of(request.scope)
        try:
            code = code_of(request.query_params, await self._desk.endpoints(), self._desk.issuer)
            self._codes.spend(whom, time.monotonic())
            verified = await self._desk.redeem(code, sign_in)
        except BrokenOff as error:
            if error.denied:
                raise Problem(403, "sign-in-denied", "Your organisation's sign-in did not let you in.") from error
            raise Problem(403, "sign-in-broken-off", "Signing in came to nothing. Try it again.") from error
        except NotAdmitted as error:
            # Who looks after the file is told what is amiss; who signs in, what it means for them.
            log.warning("whoever the identity provider vouched for is not admitted", reason=str(error))
            raise _nobody() from error
        except ProviderAway as error:
            raise _away() from error
        self._codes.give_back(whom)
        principal = verified.principal
        if principal.tenant != self._tenant:
            raise _nobody()
        if not may(principal.grants, "sign-in").is_permitted:
            raise Problem(403, "role-not-allowed", "Whoever has your role may not read cases.")
        return Entered(principal, verified.seconds)


def organisation_of(provider: Provider, settings: Settings) -> Organisation | None:
    """As the provider's file says; None where nobody signs in so. Raises ValueError for a secret's file."""
    client = provider.console
    if client is None:
        return None
    return Organisation(SignInDesk(provider, client, secret_of(client), settings.tenant), settings)


def _nobody() -> Problem:
    return Problem(403, "not-admitted", "You have no role here, or no branch.")


def _away() -> Problem:
    return Problem(
        503,
        "identity-provider-away",
        "The identity provider cannot be asked just now. Try it again.",
        headers={"Retry-After": "10"},
    )
