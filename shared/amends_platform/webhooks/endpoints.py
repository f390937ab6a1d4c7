"""The file that names who is told by webhook: AMENDS_WEBHOOKS. docs/webhooks.md describes it to people."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from amends_domain.documents import Node
from amends_domain.event_codec import EVENT_TYPES
from amends_platform.webhooks.signing import secret_bytes
from amends_platform.yaml_files import ca_file, read_yaml_file

TIMEOUT_SECONDS: Final = 10
TIMEOUT_SECONDS_MAX: Final = 60
CONCURRENCY: Final = 4
CONCURRENCY_MAX: Final = 32
_ENDPOINTS_MAX: Final = 200
_URL_LENGTH_MAX: Final = 2_000
_SECRETS_MAX: Final = 4
_SECRET_FILE_BYTES_MAX: Final = 4_096
# What a message is about, and below which subject such messages are.
KINDS: Final[Mapping[str, str]] = {
    "reminder": "reminder.>",
    "breach": "breach.>",
    "escalation": "escalation.>",
    "event": "event.>",
    "checkpoint": "audit.checkpoint",
}
# These have a kind of their own.
_ALERT_TYPES: Final = {"reminder-issued": "reminder", "deadline-breached": "breach", "case-escalated": "escalation"}
_NARROWED: Final = re.compile(r"(reminder|breach|escalation)\.([A-Za-z0-9_-]+)")
_NAME: Final = r"[a-z0-9][a-z0-9-]{0,39}"
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[!-~]([ -~]{0,2000}[!-~])?")
_OUR_HEADERS: Final = re.compile(
    r"(?i)webhook-.*|host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|proxy-.*|user-agent|accept.*"
    r"|traceparent|tracestate"
)
# A name, or an address in either form, without a zone.
_HOST: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_VISIBLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One receiver. `subjects`: what it gets, below `amends.v1.{tenant}.`; `branches`: None for all of them.

    Several `secrets` sign each request, while one takes the place of the other. `ca_file`: whose certificates are
    trusted in place of the usual ones.
    """

    name: str
    url: str
    secrets: tuple[bytes, ...] = field(repr=False)
    subjects: tuple[str, ...] = (">",)
    branches: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    concurrency: int = CONCURRENCY
    ca_file: Path | None = None
    allow_http: bool = False
    allow_private: bool = False

    @property
    def fingerprint(self) -> str:
        """Changes with what the file says of where it is and what it gets: not with its secrets."""
        said = [self.name, self.url, self.subjects, sorted(self.branches or ())]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]

    def wants(self, branch: str | None) -> bool:
        """Whether it gets what is told of this branch; of no branch, as a checkpoint is, it does."""
        return self.branches is None or branch is None or branch in self.branches


def load_endpoints(path: Path) -> tuple[Endpoint, ...]:
    """The endpoints that the file names. Raises YamlFileError."""
    return read_yaml_file(path, lambda root: _endpoints(root, path.parent))


def files_of(path: Path) -> list[Path]:
    """The file and those of secrets that it names: when one of them changes, it is to be read again.

    Raises YamlFileError.
    """
    return [path, *read_yaml_file(path, lambda root: _secret_files(root, path.parent))]


def _secret_files(root: Node, beside: Path) -> list[Path]:
    listed = root.value.get("endpoints") if isinstance(root.value, Mapping) else None
    each = listed if isinstance(listed, list) else []
    named = [entry.get("secret_file") for entry in each if isinstance(entry, Mapping)]
    return [beside / name for name in named if isinstance(name, str)]


def _endpoints(root: Node, beside: Path) -> tuple[Endpoint, ...]:
    listed = root.keys("a mapping with endpoints", required=["endpoints"])["endpoints"]
    items = listed.items("a list of endpoints")
    if len(items) > _ENDPOINTS_MAX:
        listed.fail(f"expected {_ENDPOINTS_MAX} endpoints at most")
        return ()
    endpoints = []
    names: set[str] = set()
    for item in items:
        endpoint = _endpoint(item, beside)
        if endpoint.name in names:
            item.fail(f"the name {endpoint.name!r} is given twice")
        names.add(endpoint.name)
        endpoints.append(endpoint)
    return tuple(endpoints)


def _endpoint(item: Node, beside: Path) -> Endpoint:
    given = item.keys(
        "an endpoint: a mapping with name, url and a secret",
        required=["name", "url"],
        optional=[
            "secret",
            "secret_file",
            "secret_env",
            "events",
            "branches",
            "headers",
            "timeout_seconds",
            "concurrency",
            "ca_file",
            "allow_http",
            "allow_private",
        ],
    )
    allow_http = _yes(given.get("allow_http"))
    concurrency = _bounded(given.get("concurrency"), "connections at once", CONCURRENCY, CONCURRENCY_MAX)
    timeout = _bounded(given.get("timeout_seconds"), "seconds", TIMEOUT_SECONDS, TIMEOUT_SECONDS_MAX)
    branches = given.get("branches")
    authorities = given.get("ca_file")
    return Endpoint(
        name=given["name"].name("a name of small letters, digits and hyphens, 40 at most", _NAME),
        url=_url(given["url"], allow_http=allow_http),
        secrets=_secrets(item, given, beside),
        subjects=_subjects(given.get("events")),
        branches=None if branches is None else frozenset(branches.texts("a branch")),
        headers=_headers(given.get("headers")),
        timeout_seconds=timeout,
        concurrency=concurrency,
        ca_file=None if authorities is None else ca_file(authorities, beside),
        allow_http=allow_http,
        allow_private=_yes(given.get("allow_private")),
    )


def _yes(node: Node | None) -> bool:
    if node is not None and not isinstance(node.value, bool):
        node.expected("true or false")
    return node is not None and node.value is True


def _bounded(node: Node | None, what: str, default: int, most: int) -> int:
    if node is None:
        return default
    number = node.whole(f"a number of {what} from 1 to {most}", least=1)
    if number > most:
        node.expected(f"a number of {what} from 1 to {most}")
    return number


def _url(node: Node, *, allow_http: bool) -> str:
    """Refused where two readers could see different hosts in it."""
    url = node.text("an https URL")
    if not isinstance(node.value, str):
        return url
    # urlsplit takes line breaks out without a word.
    if not _VISIBLE.fullmatch(url) or "\\" in url or len(url) > _URL_LENGTH_MAX:
        node.fail("expected a URL without spaces, backslashes and letters beyond ASCII (write those as %XX or xn--)")
        return url
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        node.fail("expected an https URL such as https://example.com/hooks/amends")
        return url
    if "@" in parts.netloc:
        node.fail("expected a URL without user and password: requests are signed, and `headers` may hold more")
    elif parts.scheme == "http" and not allow_http:
        node.fail("expected https; `allow_http: true` is for development")
    elif parts.scheme not in ("http", "https") or not _HOST.fullmatch(host or "") or port == 0:
        node.fail("expected an https URL such as https://example.com/hooks/amends")
    elif parts.fragment:
        node.fail("expected a URL without #: what follows it is never sent")
    return url


def _secrets(item: Node, given: Mapping[str, Node], beside: Path) -> tuple[bytes, ...]:
    ways = [given[name] for name in ("secret", "secret_file", "secret_env") if name in given]
    if len(ways) != 1:
        item.fail("expected one of secret_file, secret_env and secret", at_key=True)
        return ()
    (node,) = ways
    texts: list[str]
    if "secret" in given:
        texts = node.texts("a secret that begins with whsec_")
        nodes = [node] if isinstance(node.value, str) else [node.child(n, text) for n, text in enumerate(texts)]
    else:
        texts = _secret_file(node, beside) if "secret_file" in given else _secret_variable(node)
        nodes = [node] * len(texts)
    if len(texts) > _SECRETS_MAX:
        node.fail(f"expected {_SECRETS_MAX} secrets at most")
    secrets = []
    for place, text in zip(nodes, texts, strict=True):
        try:
            secrets.append(secret_bytes(text))
        except ValueError as error:
            place.fail(str(error))
    return tuple(secrets)


def _secret_file(node: Node, beside: Path) -> list[str]:
    try:
        with (beside / node.text("the path of a file")).open("rb") as file:
            texts = file.read(_SECRET_FILE_BYTES_MAX).decode("ascii").split()
    except OSError as error:
        node.fail(f"cannot be read: {error.strerror}")
        return []
    except UnicodeDecodeError:
        node.fail("expected a file with a secret that begins with whsec_")
        return []
    if not texts:
        node.fail("the file holds no secret")
    return texts


def _secret_variable(node: Node) -> list[str]:
    name = node.name("the name of an environment variable", r"[A-Za-z_][A-Za-z0-9_]*")
    texts = os.environ.get(name, "").split()
    if not texts and isinstance(node.value, str):
        node.fail(f"the environment has no variable {name}, or it is empty")
    return texts


def _subjects(node: Node | None) -> tuple[str, ...]:
    if node is None:
        return (">",)
    subjects: set[str] = set()
    named = node.texts("a kind of message")
    places = [node] if isinstance(node.value, str) else [node.child(number, text) for number, text in enumerate(named)]
    for place, text in zip(places, named, strict=True):
        narrowed = _NARROWED.fullmatch(text)
        if text in KINDS:
            subjects.add(KINDS[text])
        elif narrowed is not None:
            subjects.add(text)
        elif text in _ALERT_TYPES:
            place.fail(f"expected {_ALERT_TYPES[text]!r}: {text} is told under that name")
        elif text in EVENT_TYPES:
            subjects.add(f"event.{text}")
        else:
            place.one_of([*KINDS, *(EVENT_TYPES - _ALERT_TYPES.keys())], "a kind of message")
    # The broker refuses subjects of which one holds the other.
    whole = {subject.removesuffix(">") for subject in subjects if subject.endswith(">")}
    return tuple(
        sorted(subject for subject in subjects if subject.endswith(">") or not subject.startswith(tuple(whole)))
    )


def _headers(node: Node | None) -> dict[str, str]:
    headers = {}
    for name, value in (node.entries("a mapping of headers") if node is not None else {}).items():
        text = value.text("the text of a header")
        if not _HEADER_NAME.fullmatch(name):
            value.fail("expected the name of a header", at_key=True)
        elif _OUR_HEADERS.fullmatch(name):
            value.fail("this header is ours to set", at_key=True)
        elif isinstance(value.value, str) and not _HEADER_VALUE.fullmatch(text):
            # Not `expected`: what a header holds may be a secret.
            value.fail("expected a text of visible ASCII characters")
        headers[name] = text
    return headers
