"""Whether a token is what the provider signed for us. Every doubt refuses it: pure functions of token, key and time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from joserfc import jws
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jwt import JWTClaimsRegistry
from joserfc.util import urlsafe_b64decode

from amends_platform.identity.oidc.key_set import PublicKey
from amends_platform.identity.oidc.provider import Provider

TOKEN_LENGTH_MAX: Final = 8_192
_HEADER_LENGTH_MAX: Final = 2_048
_KEY_ID_LENGTH_MAX: Final = 200
# RFC 9068 says the first; many providers say the second, or nothing.
_TYPES: Final = frozenset({None, "at+jwt", "jwt"})


class BadToken(Exception):
    """A token that is not taken. The message says why, in words that hold nothing of it: for our own log."""


class Header(NamedTuple):
    """What is read of a token before anything in it can be believed: which key to try it with."""

    algorithm: str
    key_id: str
    token_type: str | None


@dataclass(frozen=True, slots=True)
class Believed:
    """What the provider says in a token, and for how long (seconds since 1970)."""

    claims: Mapping[str, Any]
    expires_at_seconds: float


class _Pinned(jws.JWSRegistry):
    """Of what the library can do, one algorithm; `none` and HMAC are not even known."""

    max_header_length = _HEADER_LENGTH_MAX

    def get_alg(self, name: str) -> Any:
        if self.allowed is None or name not in self.allowed:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def header_of(token: str, provider: Provider) -> Header:
    """Which key the token wants to be tried with. Raises BadToken.

    What else a header may hold (jku, x5u, jwk, x5c: keys to believe it by) is not looked at.
    """
    parts = token.split(".")
    if len(parts) != 3 or not all(parts) or len(token) > TOKEN_LENGTH_MAX or len(parts[0]) > _HEADER_LENGTH_MAX:
        raise BadToken("not three parts of a JWS, or too long")
    header = _object(_decoded(parts[0]))
    if "crit" in header or "b64" in header:
        raise BadToken("the header demands an extension")
    algorithm, key_id, token_type = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(algorithm, str) or algorithm not in provider.algorithms:
        raise BadToken("the algorithm is not one that was configured")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= _KEY_ID_LENGTH_MAX:
        raise BadToken("the header names no key")
    if token_type is not None:
        if not isinstance(token_type, str):
            raise BadToken("the type is not a text")
        token_type = token_type.lower().removeprefix("application/")
    wanted = _TYPES if provider.token_type is None else {provider.token_type.removeprefix("application/")}
    if token_type not in wanted:
        raise BadToken("the type is not that of an access token")
    return Header(algorithm, key_id, token_type)


def believed(token: str, header: Header, key: PublicKey, provider: Provider, now_seconds: float) -> Believed:
    """What the token says, once it is known to be the provider's, for us, and of now. Raises BadToken."""
    if header.algorithm not in key.algorithms:
        raise BadToken("the key is not for this algorithm")
    registry = _Pinned(algorithms=[header.algorithm], strict_check_header=False)
    try:
        signed = jws.deserialize_compact(token, key.key, registry=registry)
    except (JoseError, ValueError) as error:
        raise BadToken("the signature is not the provider's") from error
    claims = _object(signed.payload or b"")
    expected = JWTClaimsRegistry(
        now=int(now_seconds),
        leeway=provider.leeway_seconds,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "values": list(provider.audiences)},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        expected.validate(claims)
    except ExpiredTokenError as error:
        raise BadToken("expired") from error
    except ClaimError as error:
        raise BadToken(f"the claim {error.claim} is missing or not as it must be") from error
    # Compared as they are: a number may be too large to become a float.
    if claims["exp"] > now_seconds + provider.lifetime_seconds_max + provider.leeway_seconds:
        raise BadToken("it would be good for longer than any may be")
    return Believed(claims, float(claims["exp"]) + provider.leeway_seconds)


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part.encode("ascii"))
    except ValueError as error:
        raise BadToken("not base64url") from error


def _object(text: bytes) -> dict[str, Any]:
    """A JSON object in which nothing is said twice: of two, another reader might believe the other one."""
    try:
        read = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadToken("not a JSON object, or one that says something twice") from error
    if not isinstance(read, dict):
        raise BadToken("not a JSON object")
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is given twice")
    return members


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")
