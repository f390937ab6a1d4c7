"""An identity provider: its keys, the tokens that it signs, and a real HTTP server, which may be slow or hostile."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
import ssl
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from amends_platform.identity.oidc.key_set import PublicKey, public_keys
from amends_platform.identity.oidc.provider import Provider
from tests.support.small_servers import serving

ISSUER: Final = "https://login.bank.example"
AUDIENCE: Final = "amends"


class _Any(jws.JWSRegistry):
    """Signs with whatever it is told, as a forger would."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]

    def check_header(self, header: dict[str, Any]) -> None:
        return None


def signed(claims: dict[str, Any] | str, key: Key, **header: Any) -> str:
    """A token over these claims (or this very text), whatever its header says."""
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return jws.serialize_compact(header, text, key, registry=_Any())


def sealed_by(header: str, payload: str, key: Key, algorithm: str) -> str:
    """A token whose header is this very text."""
    signing_input = urlsafe_b64encode(header.encode()) + b"." + urlsafe_b64encode(payload.encode())
    signature = _Any().get_alg(algorithm).sign(signing_input, key)
    return (signing_input + b"." + urlsafe_b64encode(signature)).decode()


class Identities:
    """The provider's keys, by algorithm, and the tokens that it signs with them."""

    def __init__(self, issuer: str = ISSUER) -> None:
        self.issuer = issuer
        self.private: dict[str, Key] = {
            "ES256": ECKey.generate_key("P-256", {"kid": "ec-1"}),
            "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed-1"}),
        }

    def with_rsa(self) -> Identities:
        """With RSA keys, too, which take a while to be made."""
        self.private["RS256"] = RSAKey.generate_key(2048, {"kid": "rsa-1"})
        self.private["PS256"] = RSAKey.generate_key(2048, {"kid": "rsa-2"})
        return self

    def rotate(self, key_id: str) -> None:
        """Sign with a new key, and take the old one back."""
        self.private["ES256"] = ECKey.generate_key("P-256", {"kid": key_id})

    @property
    def document(self) -> dict[str, Any]:
        """Its JWKS."""
        return {"keys": [key.as_dict(private=False) for key in self.private.values()]}

    def public_keys(self, provider: Provider) -> dict[str, PublicKey]:
        return public_keys(self.document, provider)

    def claims(self, now_seconds: float | None = None, **changed: Any) -> dict[str, Any]:
        """What a good token says; a claim that is changed to None is left out."""
        now = int(time.time() if now_seconds is None else now_seconds)
        said = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "a-17",
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "roles": ["agent"],
        }
        return {name: value for name, value in (said | changed).items() if value is not None}

    def token(
        self, algorithm: str = "ES256", *, now_seconds: float | None = None, typ: str = "at+jwt", **changed: Any
    ) -> str:
        key = self.private[algorithm]
        return signed(self.claims(now_seconds, **changed), key, alg=algorithm, kid=key.kid, typ=typ)


class IdentityServer:
    """Where the provider is asked. `answers`: by path, a whole HTTP answer in place of the right one."""

    def __init__(self) -> None:
        self.identities = Identities()
        self.codes: dict[str, dict[str, Any]] = {}
        """Given, and not redeemed yet: what was asked for, and what the ID token will say otherwise."""
        self.says: dict[str, Any] = {}
        """What the discovery document says besides, and `answered` what the token endpoint does."""
        self.answered: dict[str, Any] = {}
        self.secret: str | None = None
        self.port = 0
        self.scheme = "http"
        self.asked: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.hold: asyncio.Event | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def token(self, **changed: Any) -> str:
        return self.identities.token(**changed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ")[1]
            length = re.search(r"(?i)content-length: (\d+)", head)
            body = b"" if length is None else await reader.readexactly(int(length[1]))
            self.asked.append(path)
            if self.hold is not None:
                await self.hold.wait()
            writer.write(self.answers.get(path) or self._right(path, head, body))
            await writer.drain()
        writer.close()

    def authorize(self, address: str, **said: Any) -> str:
        """Somebody signs in at the page that a browser was sent to, and is sent back: where to. `said`: what their ID
        token says otherwise than a usual one."""
        parts = urlsplit(address)
        asked = dict(parse_qsl(parts.query))
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        code = secrets.token_urlsafe(12)
        self.codes[code] = {**asked, "said": said}
        back = {"code": code, "state": asked["state"], "iss": self.identities.issuer}
        return asked["redirect_uri"] + "?" + urlencode(back)

    def _right(self, path: str, head: str, body: bytes) -> bytes:
        match path:
            case "/.well-known/openid-configuration":
                said = {
                    "issuer": self.identities.issuer,
                    "jwks_uri": f"{self.url}/keys",
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                }
                return answer(said | self.says)
            case "/token":
                return self._redeemed(head, dict(parse_qsl(body.decode())))
            case "/keys":
                return answer(self.identities.document)
            case _:
                return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def _redeemed(self, head: str, form: dict[str, str]) -> bytes:
        """A code is good once, for whoever has the verifier, and the secret where there is one."""
        asked = self.codes.pop(form.get("code", ""), None)
        basic = re.search(r"(?i)authorization: Basic (\S+)", head)
        shown = form.get("client_secret") or (b64decode(basic[1]).decode().partition(":")[2] if basic else None)
        client_id = form.get("client_id") or (b64decode(basic[1]).decode().partition(":")[0] if basic else None)
        if asked is None or shown != self.secret or client_id != asked["client_id"]:
            return answer({"error": "invalid_grant"}, status="400 Bad Request")
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode()
        if challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return answer({"error": "invalid_grant"}, status="400 Bad Request")
        said = {"aud": asked["client_id"], "nonce": asked["nonce"], **asked["said"]}
        id_token = self.identities.token(typ=said.pop("typ", "JWT"), **said)
        return answer({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token, **self.answered})


def answer(document: Any, *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with this document, or these bytes, as its body."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    head = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(head).encode() + body


@asynccontextmanager
async def an_identity_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[IdentityServer]:
    """A provider on a port of its own, whose issuer is its address."""
    provider = IdentityServer()
    provider.scheme = "http" if tls is None else "https"
    async with serving(provider.serve, tls) as provider.port:
        provider.identities.issuer = provider.url
        yield provider
