"""Which key store the settings name."""

from __future__ import annotations

from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.keystore.protocol import KeyStore
from amends_platform.settings import Settings


def open_key_store(settings: Settings) -> KeyStore:
    """The key store, made if there is none; `aclose` it. Raises KeyStoreUnavailable, MasterKeyError."""
    return FileKeyStore(settings.key_store_path, settings.master_key_path)
