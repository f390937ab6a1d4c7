"""Ids made here, at the edge: the domain takes them as arguments."""

from __future__ import annotations

import random
import time
from uuid import NAMESPACE_URL, UUID, uuid5

_VERSION_AND_VARIANT = 0x7 << 76 | 0x2 << 62
# Seeded by the operating system, once: asking it for every id costs more than the id. An id is unique, not secret.
_bits = random.Random().getrandbits
_EXTERNAL = uuid5(NAMESPACE_URL, "urn:amends:external-ref")


def uuid7() -> UUID:
    """A time-ordered UUID, so that an index on it grows at one end. Source: RFC 9562, 5.7."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | _VERSION_AND_VARIANT | _bits(12) << 64 | _bits(62))


def case_id_of_external_ref(tenant: str, external_ref: str) -> UUID:
    """The id of the case that another system calls `external_ref`: always the same, so a repeat is recognised."""
    return uuid5(_EXTERNAL, f"{tenant}\n{external_ref}")
