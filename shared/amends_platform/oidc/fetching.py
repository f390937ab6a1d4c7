"""A JSON document of the identity provider, fetched with care: small, in time, and from nowhere else than was asked."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

import httpx
import orjson

from amends_platform.oidc.errors import ProviderAway
from amends_platform.oidc.key_set import BadKeySet, PublicKey, public_keys
from amends_platform.oidc.provider import Provider, may_be_asked

DOCUMENT_BYTES_MAX: Final = 262_144
FETCH_SECONDS_MAX: Final = 5.0


async def fetch_keys(
    provider: Provider, tls: ssl.SSLContext | bool, *, seconds_max: float = FETCH_SECONDS_MAX
) -> dict[str, PublicKey]:
    """The provider's keys as it lists them now. Raises ProviderAway."""
    try:
        # Neither proxies nor passwords from the environment; a redirect is an answer like any other that is wrong.
        async with (
            asyncio.timeout(seconds_max),
            httpx.AsyncClient(verify=tls, trust_env=False, follow_redirects=False, timeout=seconds_max) as client,
        ):
            url = provider.jwks_url or await _discovered(client, provider)
            return public_keys(await _document(client, url), provider)
    except TimeoutError:
        raise ProviderAway(f"no answer within {seconds_max:g} s") from None
    except BadKeySet as error:
        raise ProviderAway(str(error)) from error
    except (httpx.HTTPError, OSError) as error:
        raise ProviderAway(f"{type(error).__name__}: {error}") from error


def trusted(provider: Provider) -> ssl.SSLContext | bool:
    """Whose certificates are believed when it is asked. Making this takes milliseconds: once will do."""
    return ssl.create_default_context(cafile=provider.ca_file)


async def _discovered(client: httpx.AsyncClient, provider: Provider) -> str:
    """Source: OpenID Connect Discovery 1.0, sections 4.1 and 4.3."""
    document = await _document(client, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if not isinstance(document, dict) or document.get("issuer") != provider.issuer:
        raise ProviderAway("what it says of itself names another issuer")
    url = document.get("jwks_uri")
    if not isinstance(url, str) or not may_be_asked(url):
        raise ProviderAway("what it says of itself names no place of keys that may be asked")
    if provider.is_encrypted and not url.startswith("https:"):
        raise ProviderAway("its keys are to be had without https only")
    return url


async def _document(client: httpx.AsyncClient, url: str) -> Any:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code != 200:
            raise ProviderAway(f"the answer was {response.status_code}")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ProviderAway("the answer is packed, which was not asked for")
        body = bytearray()
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > DOCUMENT_BYTES_MAX:
                raise ProviderAway(f"the answer has more than {DOCUMENT_BYTES_MAX} bytes")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ProviderAway("the answer is no JSON") from error
