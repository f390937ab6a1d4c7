"""The public keys of a provider, as its JWKS document lists them: those that can check a token of ours."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from amends_platform.identity.oidc.provider import Provider

_KEYS_MAX: Final = 100
_KEY_ID_LENGTH_MAX: Final = 200
_RSA_BITS_MIN: Final = 2_048
_RSA_BITS_MAX: Final = 8_192
_RSA: Final = frozenset({"RS256", "PS256"})
_BY_CURVE: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}


class BadKeySet(Exception):
    """The provider's document holds no key that a token could be checked with."""


class PublicKey(NamedTuple):
    """One key, and the algorithms that it is for."""

    algorithms: frozenset[str]
    key: Key


def public_keys(document: Any, provider: Provider) -> dict[str, PublicKey]:
    """The keys of a JWKS document by their ids. Those that we cannot use are passed over. Raises BadKeySet."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise BadKeySet("the document has no list of keys")
    found: dict[str, PublicKey] = {}
    for entry in listed[:_KEYS_MAX]:
        key_id = entry.get("kid") if isinstance(entry, dict) else None
        if not isinstance(key_id, str) or not 0 < len(key_id) <= _KEY_ID_LENGTH_MAX or key_id in found:
            continue
        key = _public_key(entry, frozenset(provider.algorithms))
        if key is not None:
            found[key_id] = key
    if not found:
        raise BadKeySet("none of its keys is one for the algorithms that were configured")
    return found


def _public_key(entry: dict[str, Any], configured: frozenset[str]) -> PublicKey | None:
    algorithms = _algorithms(entry) & configured
    if "alg" in entry:
        algorithms &= {entry["alg"]} if isinstance(entry["alg"], str) else frozenset()
    operations = entry.get("key_ops", ["verify"])
    if not algorithms or entry.get("use", "sig") != "sig" or not isinstance(operations, list):
        return None
    if "verify" not in operations:
        return None
    # Only what makes the key: what else it says of itself was judged here.
    parts: dict[str, Any] = {name: entry[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        return PublicKey(algorithms, JWKRegistry.import_key(parts))
    except (JoseError, ValueError, TypeError):
        return None


def _algorithms(entry: dict[str, Any]) -> frozenset[str]:
    kind = entry.get("kty")
    if kind == "RSA":
        return _RSA if _RSA_BITS_MIN <= _bits(entry.get("n")) <= _RSA_BITS_MAX else frozenset()
    curve = entry.get("crv")
    return (
        _BY_CURVE.get((kind, curve), frozenset()) if isinstance(kind, str) and isinstance(curve, str) else frozenset()
    )


def _bits(number: Any) -> int:
    """How long the number is: a weak key is not worth checking, a vast one takes long to."""
    if not isinstance(number, str) or len(number) > _RSA_BITS_MAX:
        return 0
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))).bit_length()
    except ValueError:
        return 0
