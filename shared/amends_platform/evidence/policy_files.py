"""A policy in a bundle: as it was written, the days that it counts by, and the text that its hash is of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from amends_domain.policy import Policy
from amends_platform.policy.files import PolicyFileError, hashed_content, restore_policy

DIRECTORY: Final = "policies/"
_CONTENT, _DOCUMENT, _CALENDAR = ".json", ".yaml", ".calendar.json"


class PolicySource(NamedTuple):
    """A policy as the database keeps it: the text of its file, and its calendar as JSON."""

    document: str
    calendar: str


class BadPolicy(Exception):
    """The files of a policy are missing, or are not those that its hash is of."""


def policy_files(policy_hash: str, source: PolicySource) -> dict[str, bytes]:
    """The files by which a policy can be checked and judged by again."""
    content = hashed_content(source.document, orjson.loads(source.calendar))
    named = DIRECTORY + policy_hash
    return {
        # Exactly what is hashed: its SHA-256 is its name.
        named + _CONTENT: content.encode(),
        named + _DOCUMENT: source.document.encode(),
        named + _CALENDAR: source.calendar.encode(),
    }


def policy_of(policy_hash: str, files: Mapping[str, bytes]) -> Policy:
    """The policy with this hash, from a bundle's files. Raises BadPolicy."""
    named = DIRECTORY + policy_hash
    try:
        content, document, calendar = (files[named + ending] for ending in (_CONTENT, _DOCUMENT, _CALENDAR))
    except KeyError as error:
        raise BadPolicy(f"The file {error.args[0]} is missing.") from None
    if hashlib.sha256(content).hexdigest() != policy_hash:
        raise BadPolicy(f"The SHA-256 of {named}{_CONTENT} is not its name.")
    try:
        days: Any = orjson.loads(calendar)
        policy = restore_policy(document.decode(), days)
        is_content = hashed_content(document.decode(), days).encode() == content
    except (PolicyFileError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadPolicy(f"The policy {policy_hash} cannot be read: {error}") from error
    if not is_content or policy.hash != policy_hash:
        raise BadPolicy(f"{named}{_DOCUMENT} with its calendar does not say what {named}{_CONTENT} says.")
    return policy


def policy_file_names(policy_hashes: list[str]) -> set[str]:
    """The names of all files of these policies."""
    return {DIRECTORY + each + ending for each in policy_hashes for ending in (_CONTENT, _DOCUMENT, _CALENDAR)}
