"""One attempt to tell one endpoint: to an address that was checked, signed, never redirected, within its time."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, NamedTuple

import httpx

from amends_platform.webhooks.addresses import AddressRefused, Resolve, Resolver, checked_addresses
from amends_platform.webhooks.endpoints import Endpoint
from amends_platform.webhooks.envelope import Outgoing
from amends_platform.webhooks.signing import signed_headers

# An answer is not looked at; one that is short is read all the same, so that its connection can be used again.
_ANSWER_BYTES_MAX: Final = 16_384
_DRAIN_SECONDS_MAX: Final = 1.0
_KEEP_SECONDS: Final = 30.0
_GONE: Final = 410


class Outcome(NamedTuple):
    """What came of it. `reason`: why it was not taken, in words that hold no secret; None when it was.

    `retry_after_seconds`: when the receiver wants to be asked again, if it says so. `gone`: it wants nothing, ever.
    """

    reason: str | None
    retry_after_seconds: float | None = None
    gone: bool = False

    @property
    def taken(self) -> bool:
        return self.reason is None


class Sender:
    """Sends to one endpoint. Close it at the end."""

    def __init__(self, endpoint: Endpoint, *, resolve: Resolve | None = None) -> None:
        """Raises OSError, when its file of certificates cannot be used."""
        self._endpoint = endpoint
        self._url = httpx.URL(endpoint.url)
        self._resolve = resolve or Resolver()
        verify: ssl.SSLContext | bool = True
        if endpoint.ca_file is not None:
            verify = ssl.create_default_context(cafile=endpoint.ca_file)
        self._client = httpx.AsyncClient(
            verify=verify,
            # Neither proxies nor passwords from the environment: what was checked is where it goes.
            trust_env=False,
            follow_redirects=False,
            # Half of it, so that another address can be tried.
            timeout=httpx.Timeout(endpoint.timeout_seconds, connect=endpoint.timeout_seconds / 2),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=endpoint.concurrency, keepalive_expiry=_KEEP_SECONDS
            ),
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Never raises for what the receiver, its name server or the network do."""
        try:
            async with asyncio.timeout(self._endpoint.timeout_seconds):
                response = await self._answer(outgoing)
        except TimeoutError:
            return Outcome(f"no answer within {self._endpoint.timeout_seconds:g} s")
        except AddressRefused as error:
            return Outcome(f"refused: {error}")
        except (httpx.HTTPError, OSError) as error:
            return Outcome(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
        await _drain(response)
        return _outcome(response)

    async def _answer(self, outgoing: Outgoing) -> httpx.Response:
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        addresses = await checked_addresses(
            self._url.host, port, allow_private=self._endpoint.allow_private, resolve=self._resolve
        )
        for address in addresses[:-1]:
            # The others are for when one is away.
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._answer_of(address, outgoing)
        return await self._answer_of(addresses[-1], outgoing)

    async def _answer_of(self, address: str, outgoing: Outgoing) -> httpx.Response:
        """From this very address, under the name of the host, which is not resolved again."""
        request = self._client.build_request(
            "POST",
            self._url.copy_with(host=address),
            content=outgoing.body,
            headers={
                **self._endpoint.headers,
                "Host": self._url.netloc.decode("ascii"),
                "Content-Type": "application/json",
                "User-Agent": "Amends",
                **({} if outgoing.traceparent is None else {"traceparent": outgoing.traceparent}),
                **signed_headers(self._endpoint.secrets, outgoing.id, int(time.time()), outgoing.body),
            },
            # Its certificate is checked against the name, too.
            extensions={"sni_hostname": self._url.raw_host.decode("ascii")},
        )
        return await self._client.send(request, stream=True)


async def _drain(response: httpx.Response) -> None:
    """Let go of the answer. The status has been said: that the rest does not come changes nothing."""
    read = 0
    with suppress(httpx.HTTPError, OSError):
        async with asyncio.timeout(_DRAIN_SECONDS_MAX):
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read > _ANSWER_BYTES_MAX:
                    break
    with suppress(httpx.HTTPError, OSError):
        await response.aclose()


def _outcome(response: httpx.Response) -> Outcome:
    if response.is_success:
        return Outcome(None)
    reason = f"answered {response.status_code}"
    if response.is_redirect:
        reason += ", and redirects are not followed"
    return Outcome(reason, retry_after(response.headers.get("retry-after")), response.status_code == _GONE)


def retry_after(header: str | None) -> float | None:
    """Seconds from now, from either form that RFC 9110 knows; None for anything else."""
    if header is None:
        return None
    if header.strip().isdecimal() and len(header) < 10:
        return float(header)
    try:
        at = parsedate_to_datetime(header)
        # A time without a zone is one in UTC.
        return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
