"""From what a token says to who asks and what they may: a pure function of claims and configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from amends_domain.access.grants import Grant
from amends_domain.access.roles import ROLES
from amends_platform.identity.oidc.errors import NotAdmitted
from amends_platform.identity.oidc.provider import ANY_BRANCH, ClaimPath, Provider
from amends_platform.identity.principals import BRANCH, PERSON, Principal

_NAMES_MAX: Final = 500


def principal_of(claims: Mapping[str, Any], provider: Provider, tenant: str) -> Principal:
    """Whom the claims name, with a grant for each role that Amends knows. Raises NotAdmitted.

    `tenant` is that of the service: of it is who names none, where the file does not say where one is named.
    """
    paths = provider.claims
    person = _at(claims, paths.person)
    # Never one with a colon: `system:workflow` is no person.
    if not isinstance(person, str) or PERSON.fullmatch(person) is None:
        raise NotAdmitted("The access token names no person that can be recorded: see docs/identity.md.")
    if paths.tenant is not None:
        named = _at(claims, paths.tenant)
        if not isinstance(named, str) or not named:
            raise NotAdmitted("The access token names no tenant.")
        tenant = named
    # Each once, in the order of the token.
    grants = tuple(dict.fromkeys(_grants(claims, provider)))
    if not grants:
        raise NotAdmitted("The access token gives no role that Amends knows, or no branch.")
    return Principal(person, tenant, grants)


def _grants(claims: Mapping[str, Any], provider: Provider) -> Iterator[Grant]:
    branches = tuple(_branches(claims, provider.claims.branches))
    for name in _names(claims, provider.claims.roles):
        said = name if provider.roles is None else provider.roles.get(name)
        if said is None:
            continue
        role, at, branch = said.partition("@")
        if role not in ROLES:
            continue
        if at:
            if BRANCH.fullmatch(branch):
                yield Grant(role, branch)
            continue
        for each in branches:
            yield Grant(role, each)


def _branches(claims: Mapping[str, Any], path: ClaimPath | None) -> Iterator[str | None]:
    """Of which branches somebody is; None for all of them, which a token must say where it is to name branches."""
    if path is None:
        yield None
        return
    for name in _names(claims, path):
        if name == ANY_BRANCH:
            yield None
        elif BRANCH.fullmatch(name):
            yield name


def _names(claims: Mapping[str, Any], path: ClaimPath) -> list[str]:
    """The texts of a claim that holds one, or a list of them."""
    value = _at(claims, path)
    listed = value if isinstance(value, list) else [value]
    return [name for name in listed[:_NAMES_MAX] if isinstance(name, str)]


def _at(claims: Mapping[str, Any], path: ClaimPath) -> Any:
    value: Any = claims
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
