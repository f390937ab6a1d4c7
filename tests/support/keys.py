"""Keys of customers, and the store that holds them."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.sealing import KEY_BYTES, CustomerKey, ensure_master_key


def a_key(customer_ref: str = "C-1", tenant: str = "default") -> CustomerKey:
    """A customer's key that no store holds."""
    return CustomerKey.of(uuid4(), tenant, customer_ref, os.urandom(KEY_BYTES))


def key_store_in(directory: Path) -> FileKeyStore:
    """The key store `customers.db` of a directory, under its `master.key`; both are made if need be."""
    ensure_master_key(directory / "master.key")
    return FileKeyStore(directory / "customers.db", directory / "master.key")
