"""Personal data at rest: AES-256-GCM under one data key per customer, each wrapped by a master key in a file.

Neither enters the database. What a data key sealed is bound to its event's id, so a sealed part moved to another event
does not open.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_ID_BYTES = 8
# Every wrapped key is this long, whichever master key wrapped it.
WRAPPED_BYTES = _NONCE_BYTES + KEY_BYTES + _TAG_BYTES


class MasterKeyError(Exception):
    """The master key file is missing, unreadable or not 32 bytes in hexadecimal."""


class CannotUnseal(Exception):
    """A sealed part or a wrapped key does not open: another key made it, or it was altered."""


@dataclass(frozen=True, slots=True)
class CustomerKey:
    """The data key of one customer, ready to use."""

    key_id: UUID
    tenant: str
    customer_ref: str
    cipher: AESGCM

    @classmethod
    def of(cls, key_id: UUID, tenant: str, customer_ref: str, key: bytes) -> CustomerKey:
        """The customer's key, as the key store gives it."""
        return cls(key_id, tenant, customer_ref, AESGCM(key))

    def seal(self, event_id: UUID, plain: bytes) -> bytes:
        """Nonce and ciphertext of `plain`, bound to the event."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self.cipher.encrypt(nonce, plain, event_id.bytes)

    def unseal(self, event_id: UUID, sealed: bytes) -> bytes:
        """What was given to `seal`. Raises CannotUnseal."""
        return _open(self.cipher, sealed, event_id.bytes)


class MasterKey:
    """Wraps and unwraps data keys. `id` tells which master key wrapped what."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise MasterKeyError(f"A master key has {KEY_BYTES} bytes; this one has {len(key)}.")
        self._cipher = AESGCM(key)
        # Names the key without telling anything of it: it is as good as unguessable.
        self.id = hashlib.sha256(b"amends master key\n" + key).digest()[:_ID_BYTES]

    @classmethod
    def load(cls, path: Path) -> MasterKey:
        """Read the key from its file. Raises MasterKeyError."""
        try:
            return cls(bytes.fromhex(path.read_text().strip()))
        except OSError as error:
            raise MasterKeyError(f"The master key {path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise MasterKeyError(f"The master key {path} is not 64 hexadecimal digits.") from error

    def wrap(self, keys: Mapping[UUID, bytes]) -> dict[UUID, bytes]:
        """The data keys as a key store keeps them, each bound to its id."""
        random = os.urandom(len(keys) * _NONCE_BYTES)
        nonces = (random[place : place + _NONCE_BYTES] for place in range(0, len(random), _NONCE_BYTES))
        return {
            key_id: nonce + self._cipher.encrypt(nonce, key, key_id.bytes)
            for nonce, (key_id, key) in zip(nonces, keys.items(), strict=True)
        }

    def unwrap(self, key_id: UUID, wrapped: bytes) -> bytes:
        """What was given to `wrap`. Raises CannotUnseal."""
        return _open(self._cipher, wrapped, key_id.bytes)

    def unwrap_of_customer(self, tenant: str, customer_ref: str, key_id: UUID, wrapped: bytes) -> bytes:
        """A data key as the first release kept it in the database: bound to its customer. Raises CannotUnseal."""
        return _open(self._cipher, wrapped, _owner(tenant, customer_ref, key_id))


def ensure_master_key(path: Path) -> None:
    """Make the key file, readable by its owner only, unless there is one. It is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(os.urandom(KEY_BYTES).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: of two who make the key at once, the second must not replace the first's.
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _owner(tenant: str, customer_ref: str, key_id: UUID) -> bytes:
    return b"\n".join((tenant.encode(), customer_ref.encode(), key_id.bytes))


def _open(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise CannotUnseal("A sealed part does not open with its key.") from error
