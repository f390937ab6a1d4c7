"""Ids made here, at the edge: the domain takes them as arguments."""

from __future__ import annotations

import os
import time
from uuid import NAMESPACE_URL, UUID, uuid5

_EXTERNAL = uuid5(NAMESPACE_URL, "urn:amends:external-ref")


def uuid7() -> UUID:
    """A time-ordered UUID, so that an index on it grows at one end. Source: RFC 9562, 5.7."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | (0x7 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=number)


def case_id_of_external_ref(tenant: str, external_ref: str) -> UUID:
    """The id of the case that another system calls `external_ref`: always the same, so a repeat is recognised."""
    return uuid5(_EXTERNAL, f"{tenant}\n{external_ref}")
