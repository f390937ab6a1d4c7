"""Keys of customers, and the store that holds them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.sealing import KEY_BYTES, CustomerKey, ensure_master_key


def a_key(customer_ref: str = "C-1", tenant: str = "default") -> CustomerKey:
    """A customer's key that no store holds."""
    return CustomerKey.of(uuid4(), tenant, customer_ref, os.urandom(KEY_BYTES))


def key_store_in(directory: Path) -> FileKeyStore:
    """The key store `customers.db` of a directory, under its `master.key`; both are made if need be."""
    ensure_master_key(directory / "master.key")
    return FileKeyStore(directory / "customers.db", directory / "master.key")


async def kept_in_the_database(executor: Any, master_key: bytes, count: int) -> dict[UUID, bytes]:
    """Keys of customers as the first release kept them: in the table, wrapped and bound to whose they are."""
    keys = {uuid4(): os.urandom(KEY_BYTES) for _ in range(count)}
    nonce = os.urandom(12)
    for number, (key_id, key) in enumerate(keys.items()):
        owner = b"\n".join((b"default", f"C-{number}".encode(), key_id.bytes))
        await executor.execute(
            "INSERT INTO data_keys (key_id, tenant, customer_ref, wrapped, created_at)"
            " VALUES ($1, 'default', $2, $3, log_now())",
            *(key_id, f"C-{number}", nonce + AESGCM(master_key).encrypt(nonce, key, owner)),
        )
    return keys
