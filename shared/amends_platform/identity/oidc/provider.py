"""The file that names the identity provider: AMENDS_OIDC. docs/identity.md describes it to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from amends_domain.access.roles import ROLES
from amends_domain.documents import Node
from amends_platform.identity.oidc.client import Client, client_of
from amends_platform.identity.oidc.urls import url_of
from amends_platform.yaml_files import ca_file, read_yaml_file

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Asymmetric ones only: with a shared secret whoever can check a token could also make one."""

LEEWAY_SECONDS: Final = 30
LEEWAY_SECONDS_MAX: Final = 120
LIFETIME_SECONDS: Final = 3_600
LIFETIME_SECONDS_MAX: Final = 86_400
ANY_BRANCH: Final = "*"

ClaimPath = tuple[str, ...]
"""Where a claim is: the names from the outermost to its own."""


@dataclass(frozen=True, slots=True)
class ClaimPaths:
    """Where in a token things are said. None: nowhere; then the person is of the service's tenant, of all branches."""

    person: ClaimPath = ("sub",)
    roles: ClaimPath = ("roles",)
    branches: ClaimPath | None = None
    tenant: ClaimPath | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Whose tokens are taken, and how they are read.

    `jwks_url` None: where the issuer's discovery document says. `token_type` None: any that an access token may have.
    `roles`: from the provider's name of a role to ours, with `@` and a branch where it is for one; None: they are
    called as ours are. `console` None: the console is signed in to by keys only.
    """

    issuer: str
    audiences: tuple[str, ...]
    jwks_url: str | None = None
    algorithms: tuple[str, ...] = ALGORITHMS
    token_type: str | None = None
    leeway_seconds: int = LEEWAY_SECONDS
    lifetime_seconds_max: int = LIFETIME_SECONDS
    claims: ClaimPaths = field(default_factory=ClaimPaths)
    roles: Mapping[str, str] | None = None
    ca_file: Path | None = None
    console: Client | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether all that is asked of it goes by https."""
        return all(url.startswith("https:") for url in (self.issuer, self.jwks_url or self.issuer))


def load_provider(path: Path) -> Provider:
    """The identity provider that the file names. Raises YamlFileError."""
    return read_yaml_file(path, lambda root: _provider(root, path.parent))


def _provider(root: Node, beside: Path) -> Provider:
    given = root.keys(
        "a mapping with issuer and audience",
        required=["issuer", "audience"],
        optional=[
            "jwks_url",
            "algorithms",
            "token_type",
            "leeway_seconds",
            "lifetime_seconds_max",
            "claims",
            "roles",
            "ca_file",
            "console",
        ],
    )
    algorithms, token_type, jwks_url = given.get("algorithms"), given.get("token_type"), given.get("jwks_url")
    authorities, console = given.get("ca_file"), given.get("console")
    return Provider(
        issuer=url_of(given["issuer"]),
        audiences=tuple(given["audience"].texts("an audience")),
        jwks_url=None if jwks_url is None else url_of(jwks_url),
        algorithms=ALGORITHMS if algorithms is None else tuple(algorithms.texts("an algorithm", ALGORITHMS)),
        token_type=None if token_type is None else token_type.name("a type such as at+jwt", r"[a-z0-9.+/-]{1,60}"),
        leeway_seconds=_seconds(given.get("leeway_seconds"), LEEWAY_SECONDS, LEEWAY_SECONDS_MAX, least=0),
        lifetime_seconds_max=_seconds(
            given.get("lifetime_seconds_max"), LIFETIME_SECONDS, LIFETIME_SECONDS_MAX, least=60
        ),
        claims=_claims(given.get("claims")),
        roles=_roles(given.get("roles")),
        ca_file=None if authorities is None else ca_file(authorities, beside),
        console=None if console is None else client_of(console, beside),
    )


def _seconds(node: Node | None, default: int, most: int, *, least: int) -> int:
    if node is None:
        return default
    number = node.whole(f"a number of seconds from {least} to {most}", least=least)
    if number > most:
        node.expected(f"a number of seconds from {least} to {most}")
    return number


def _claims(node: Node | None) -> ClaimPaths:
    if node is None:
        return ClaimPaths()
    given = node.keys(
        "a mapping from person, roles, branches and tenant to claims",
        required=[],
        optional=["person", "roles", "branches", "tenant"],
    )
    return ClaimPaths(**{name: tuple(path.texts("the name of a claim")) for name, path in given.items()})


def _roles(node: Node | None) -> dict[str, str] | None:
    if node is None:
        return None
    roles = {}
    for name, ours in node.entries("a mapping from the provider's roles to ours").items():
        text = ours.text("a role, or role@branch")
        role, at, branch = text.partition("@")
        if isinstance(ours.value, str) and (role not in ROLES or bool(at) != bool(branch)):
            ours.fail(f"expected one of {', '.join(ROLES)}, with @ and a branch where it is for one only")
        roles[name] = text
    return roles
