"""Signatures as Standard Webhooks 1.0 defines them: HMAC-SHA256 over id, time and body, in base64, one per secret."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

PREFIX: Final = "whsec_"
# Source: Standard Webhooks, "Signature scheme": 24 to 64 bytes.
_BYTES_MIN: Final = 24
_BYTES_MAX: Final = 64


def secret_bytes(text: str) -> bytes:
    """The secret that `whsec_…` stands for. Raises ValueError, whose message never holds any of it."""
    if not text.startswith(PREFIX):
        raise ValueError(f"expected a secret that begins with {PREFIX}")
    try:
        secret = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"expected base64 after {PREFIX}") from None
    if not _BYTES_MIN <= len(secret) <= _BYTES_MAX:
        raise ValueError(f"expected {_BYTES_MIN} to {_BYTES_MAX} bytes in base64 after {PREFIX}, not {len(secret)}")
    return secret


def signed_headers(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a request. `timestamp`: of this attempt, in seconds. While secrets are changed there are
    several, and a signature by each: whoever verifies by any of them is content.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
