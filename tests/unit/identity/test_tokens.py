"""Which tokens are believed: those that the provider signed for us and that hold now; every other one is refused."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64encode

from amends_platform.identity.oidc.key_set import BadKeySet, public_keys
from amends_platform.identity.oidc.provider import Provider
from amends_platform.identity.oidc.tokens import TOKEN_LENGTH_MAX, BadToken, Believed, believed, header_of
from tests.support.identity import AUDIENCE, ISSUER, Identities, sealed_by, signed

NOW = 1_800_000_000.0
PROVIDER = Provider(ISSUER, (AUDIENCE, "amends-console"))
IDENTITIES = Identities()
EC = IDENTITIES.private["ES256"]
GOOD = {"alg": "ES256", "kid": "ec-1", "typ": "at+jwt"}


@cache
def rsa() -> Identities:
    """The same provider with its RSA keys, too: made only where tests run, for that takes a while."""
    return IDENTITIES.with_rsa()


def verified(token: str, provider: Provider = PROVIDER, now_seconds: float = NOW) -> Believed:
    header = header_of(token, provider)
    key = rsa().public_keys(PROVIDER).get(header.key_id)
    if key is None:
        raise BadToken("the provider has no such key")
    return believed(token, header, key, provider, now_seconds)


def claims(**changed: Any) -> dict[str, Any]:
    return IDENTITIES.claims(NOW, **changed)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_signed_by_any_configured_algorithm_is_believed(algorithm: str) -> None:
    found = verified(rsa().token(algorithm, now_seconds=NOW, sub="a-17"))
    assert found.claims["sub"] == "a-17"
    assert found.expires_at_seconds == NOW + 300 + PROVIDER.leeway_seconds


@pytest.mark.parametrize("audience", [AUDIENCE, "amends-console", ["other", AUDIENCE]])
def test_one_of_our_audiences_is_enough(audience: Any) -> None:
    assert verified(IDENTITIES.token(now_seconds=NOW, aud=audience)).claims["aud"] == audience


@pytest.mark.parametrize("token_type", ["at+jwt", "application/at+jwt", "JWT", None])
def test_an_access_token_may_be_called_so_or_not_at_all(token_type: str | None) -> None:
    header = GOOD | {"typ": token_type} if token_type else {"alg": "ES256", "kid": "ec-1"}
    assert verified(signed(claims(), EC, **header))


def test_where_a_type_is_configured_no_other_will_do() -> None:
    strict = replace(PROVIDER, token_type="at+jwt")
    assert verified(signed(claims(), EC, **GOOD | {"typ": "application/AT+JWT"}), strict)
    for header in (GOOD | {"typ": "JWT"}, {"alg": "ES256", "kid": "ec-1"}):
        with pytest.raises(BadToken):
            verified(signed(claims(), EC, **header), strict)


def test_clocks_may_be_a_little_apart_and_no_more() -> None:
    token, leeway = IDENTITIES.token(now_seconds=NOW), PROVIDER.leeway_seconds
    assert verified(token, now_seconds=NOW - leeway)
    assert verified(token, now_seconds=NOW + 299 + leeway)
    for at in (NOW - leeway - 1, NOW + 300 + leeway):
        with pytest.raises(BadToken):
            verified(token, now_seconds=at)


def test_where_else_a_header_says_that_keys_are_is_not_looked_at() -> None:
    """A forger would name a place of their own; one who is believed may name one, too."""
    stranger = ECKey.generate_key("P-256", {"kid": "ec-1"})
    places: dict[str, Any] = {
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/chain",
        "jwk": stranger.as_dict(private=False),
    }
    assert verified(signed(claims(), EC, **GOOD | places))
    for name, place in places.items():
        with pytest.raises(BadToken):
            verified(signed(claims(), stranger, **GOOD | {name: place}))


def _none(header: dict[str, Any]) -> str:
    parts = (urlsafe_b64encode(json.dumps(part).encode()).decode() for part in (header, claims()))
    return ".".join([*parts, ""])


def _resigned(payload: dict[str, Any]) -> str:
    """A good token whose payload was exchanged."""
    first, _, last = IDENTITIES.token(now_seconds=NOW).split(".")
    return f"{first}.{urlsafe_b64encode(json.dumps(payload).encode()).decode()}.{last}"


def _twice(name: str, value: str) -> str:
    return json.dumps(claims())[:-1] + f', "{name}": {value}}}'


def _hmac(algorithm: str) -> str:
    """Signed with the public key as if it were a shared secret."""
    key = rsa().private["RS256"]
    assert isinstance(key, RSAKey)
    secret = key.as_pem(private=False)
    parts = ({"alg": algorithm, "kid": "rsa-1"}, claims())
    signing_input = b".".join(urlsafe_b64encode(json.dumps(part).encode()) for part in parts)
    mac = hmac.digest(secret, signing_input, "sha256")
    return (signing_input + b"." + urlsafe_b64encode(mac)).decode()


_STRANGER = ECKey.generate_key("P-256", {"kid": "ec-1"})

FORGED: dict[str, Callable[[], str]] = {
    "no signature": lambda: _none({"alg": "none", "kid": "ec-1"}),
    "no signature, in capitals": lambda: _none({"alg": "NONE", "kid": "ec-1"}) + "AA",
    "no signature, with one": lambda: _none({"alg": "none", "kid": "ec-1"}) + "AAAA",
    "the signature left out": lambda: IDENTITIES.token(now_seconds=NOW).rpartition(".")[0] + ".",
    "hmac with the public key": lambda: _hmac("HS256"),
    "hmac under the name of RSA": lambda: _hmac("RS256"),
    "an algorithm of another kind of key": lambda: signed(claims(), EC, alg="ES256", kid="rsa-1"),
    "an algorithm that was not configured": lambda: signed(claims(), rsa().private["RS256"], alg="RS512", kid="rsa-1"),
    "an algorithm that is a list": lambda: sealed_by('{"alg":["ES256"],"kid":"ec-1"}', "{}", EC, "ES256"),
    "somebody else's key": lambda: signed(claims(), _STRANGER, **GOOD),
    "another key of the provider": lambda: signed(claims(), rsa().private["PS256"], alg="PS256", kid="rsa-1"),
    "an unknown key": lambda: signed(claims(), EC, **GOOD | {"kid": "ec-9"}),
    "a key that is a path": lambda: signed(claims(), EC, **GOOD | {"kid": "../../../../dev/null"}),
    "a key that is a query": lambda: signed(claims(), EC, **GOOD | {"kid": "' OR 1=1 --"}),
    "a key that is a number": lambda: sealed_by('{"alg":"ES256","kid":1}', "{}", EC, "ES256"),
    "a key that is endless": lambda: signed(claims(), EC, **GOOD | {"kid": "k" * 201}),
    "no key named": lambda: signed(claims(), EC, alg="ES256"),
    "a demanded extension": lambda: signed(claims(), EC, **GOOD | {"crit": ["exp"]}),
    "a payload that is not encoded": lambda: signed(claims(), EC, **GOOD | {"b64": True}),
    "a header that says two algorithms": lambda: sealed_by(
        '{"alg":"none","alg":"ES256","kid":"ec-1"}', json.dumps(claims()), EC, "ES256"
    ),
    "a header that is a list": lambda: sealed_by('["ES256"]', "{}", EC, "ES256"),
    "a header of brackets": lambda: sealed_by("[" * 1_500, "{}", EC, "ES256"),
    "an id token": lambda: signed(claims(), EC, **GOOD | {"typ": "id+jwt"}),
    "a logout token": lambda: signed(claims(), EC, **GOOD | {"typ": "logout+jwt"}),
    "another issuer": lambda: IDENTITIES.token(now_seconds=NOW, iss="https://login.evil.example"),
    "an issuer with a slash more": lambda: IDENTITIES.token(now_seconds=NOW, iss=ISSUER + "/"),
    "issuers in a list": lambda: IDENTITIES.token(now_seconds=NOW, iss=[ISSUER]),
    "no issuer": lambda: IDENTITIES.token(now_seconds=NOW, iss=None),
    "another audience": lambda: IDENTITIES.token(now_seconds=NOW, aud="payments"),
    "other audiences": lambda: IDENTITIES.token(now_seconds=NOW, aud=["payments", "amends-not"]),
    "no audience": lambda: IDENTITIES.token(now_seconds=NOW, aud=None),
    "an audience that is a mapping": lambda: IDENTITIES.token(now_seconds=NOW, aud={AUDIENCE: True}),
    "expired": lambda: IDENTITIES.token(now_seconds=NOW, exp=NOW - 31),
    "no expiry": lambda: IDENTITIES.token(now_seconds=NOW, exp=None),
    "an expiry that is a text": lambda: IDENTITIES.token(now_seconds=NOW, exp=str(NOW + 300)),
    "an expiry that is true": lambda: IDENTITIES.token(now_seconds=NOW, exp=True),
    "an endless expiry": lambda: signed(json.dumps(claims())[:-1] + ', "x": Infinity}', EC, **GOOD),
    "an expiry in a thousand years": lambda: IDENTITIES.token(now_seconds=NOW, exp=10**13),
    "an expiry beyond all numbers": lambda: IDENTITIES.token(now_seconds=NOW, exp=10**400),
    "good for longer than any may be": lambda: IDENTITIES.token(now_seconds=NOW, exp=NOW + 86_400),
    "not yet": lambda: IDENTITIES.token(now_seconds=NOW, nbf=NOW + 31),
    "from the future": lambda: IDENTITIES.token(now_seconds=NOW, iat=NOW + 31),
    "no time of issue": lambda: IDENTITIES.token(now_seconds=NOW, iat=None),
    "a payload that was exchanged": lambda: _resigned(claims(roles=["admin"])),
    "an audience said twice": lambda: signed(_twice("aud", '"amends"'), EC, **GOOD),
    "roles said twice": lambda: signed(_twice("roles", '["admin"]'), EC, **GOOD),
    "a payload that is a list": lambda: signed("[]", EC, **GOOD),
    "a payload that is no JSON": lambda: signed("{", EC, **GOOD),
    "two parts": lambda: IDENTITIES.token(now_seconds=NOW).rpartition(".")[0],
    "five parts": lambda: IDENTITIES.token(now_seconds=NOW) + ".AAAA.AAAA",
    "not base64url": lambda: "+" + IDENTITIES.token(now_seconds=NOW),
    "letters beyond ASCII": lambda: "客户.客户.客户",
    "padded": lambda: IDENTITIES.token(now_seconds=NOW) + "==",
    "too long": lambda: IDENTITIES.token(now_seconds=NOW, note="x" * TOKEN_LENGTH_MAX),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_token_is_refused(name: str) -> None:
    with pytest.raises(BadToken) as refused:
        verified(FORGED[name]())
    # It is for the log, which holds nothing of a token.
    assert "evil" not in str(refused.value)
    assert "a-17" not in str(refused.value)


def test_of_a_provider_s_keys_only_those_for_our_algorithms_are_taken() -> None:
    key = EC.as_dict(private=False)
    weak = {"kty": "RSA", "n": urlsafe_b64encode(b"\xc5" * 128).decode(), "e": "AQAB", "kid": "weak"}
    entries: list[Any] = [
        "no key",
        {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
        {"kty": "XYZ", "kid": "to come"},
        {"kty": "RSA", "n": "AQAB" * 4_000, "e": "AQAB", "kid": "vast"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "off the curve"},
        weak,
        {**key, "kid": None},
        {**key, "kid": "for encrypting", "use": "enc"},
        {**key, "kid": "for signing only", "key_ops": ["sign"]},
        {**key, "kid": "for another algorithm", "alg": "ES512"},
        {**key, "kid": "good", "alg": "ES256", "use": "sig", "key_ops": ["verify"]},
        {**_STRANGER.as_dict(private=False), "kid": "good"},
    ]
    found = public_keys({"keys": entries}, PROVIDER)
    assert found.keys() == {"good"}
    assert found["good"].key.thumbprint() == EC.thumbprint()
    documents: tuple[Any, ...] = ({"keys": entries[:5]}, {"keys": {}}, [], None)
    for document in documents:
        with pytest.raises(BadKeySet):
            public_keys(document, PROVIDER)
