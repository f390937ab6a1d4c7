"""A JSON document of the identity provider, fetched with care: small, in time, and from nowhere else than was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import orjson

from amends_platform.identity.oidc.errors import ProviderAway
from amends_platform.identity.oidc.key_set import BadKeySet, PublicKey, public_keys
from amends_platform.identity.oidc.provider import Provider
from amends_platform.identity.oidc.urls import may_be_asked

DOCUMENT_BYTES_MAX: Final = 262_144
FETCH_SECONDS_MAX: Final = 5.0
HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}


async def fetch_keys(
    provider: Provider, tls: ssl.SSLContext | bool, *, seconds_max: float = FETCH_SECONDS_MAX
) -> dict[str, PublicKey]:
    """The provider's keys as it lists them now. Raises ProviderAway."""
    async with asking(tls, seconds_max) as client:
        url = provider.jwks_url
        if url is None:
            url = place(await discovered(client, provider), "jwks_uri", provider, "keys")
        try:
            return public_keys(await _document(client, url), provider)
        except BadKeySet as error:
            raise ProviderAway(str(error)) from error


@asynccontextmanager
async def asking(
    tls: ssl.SSLContext | bool, seconds_max: float = FETCH_SECONDS_MAX
) -> AsyncIterator[httpx.AsyncClient]:
    """What asks the provider, for so long altogether. Raises ProviderAway for whatever goes wrong on the way."""
    try:
        # Neither proxies nor passwords from the environment; a redirect is an answer like any other that is wrong.
        async with (
            asyncio.timeout(seconds_max),
            httpx.AsyncClient(verify=tls, trust_env=False, follow_redirects=False, timeout=seconds_max) as client,
        ):
            yield client
    except TimeoutError:
        raise ProviderAway(f"no answer within {seconds_max:g} s") from None
    except (httpx.HTTPError, OSError) as error:
        raise ProviderAway(f"{type(error).__name__}: {error}") from error


def trusted(provider: Provider) -> ssl.SSLContext | bool:
    """Whose certificates are believed when it is asked. Making this takes milliseconds: once will do."""
    return ssl.create_default_context(cafile=provider.ca_file)


async def discovered(client: httpx.AsyncClient, provider: Provider) -> dict[str, Any]:
    """What the provider says of itself. Source: OpenID Connect Discovery 1.0, sections 4.1 and 4.3."""
    document = await _document(client, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if not isinstance(document, dict) or document.get("issuer") != provider.issuer:
        raise ProviderAway("what it says of itself names another issuer")
    return document


def place(document: Mapping[str, Any], name: str, provider: Provider, what: str) -> str:
    """Where the document says that `what` is. Raises ProviderAway where nobody should ask there."""
    url = document.get(name)
    if not isinstance(url, str) or not may_be_asked(url):
        raise ProviderAway(f"what it says of itself names no place of {what} that may be asked")
    if provider.is_encrypted and not url.startswith("https:"):
        raise ProviderAway(f"its {what} are to be had without https only")
    return url


async def read_document(response: httpx.Response) -> Any:
    """The JSON document of an answer whose body was not read yet. Raises ProviderAway."""
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


async def _document(client: httpx.AsyncClient, url: str) -> Any:
    async with client.stream("GET", url, headers=HEADERS) as response:
        if response.status_code != 200:
            raise ProviderAway(f"the answer was {response.status_code}")
        return await read_document(response)
