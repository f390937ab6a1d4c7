"""What a key store does. One on several machines, or in front of a vault, is another class with these methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

from amends_platform.sealing import CannotUnseal
from amends_store.errors import StoreUnavailable


class KeyStoreUnavailable(StoreUnavailable):
    """The key store is not available, and nothing was recorded: try again later."""


class KeyMissing(CannotUnseal):
    """The key store does not hold a key that was not erased: it is another one, or an older copy."""


class KeyStore(Protocol):
    """Holds data keys (32 bytes each) by their ids. Safe to use from several processes at once.

    Every method raises KeyStoreUnavailable.
    """

    async def reserve(self, count: int) -> dict[UUID, bytes]:
        """So many new keys: durably kept, so that they can be used at once."""

    async def add(self, keys: Mapping[UUID, bytes]) -> None:
        """Keep keys that were made elsewhere: durable when it returns. Those known, or destroyed, stay as they are."""

    async def get(self, key_ids: Iterable[UUID]) -> dict[UUID, bytes]:
        """The keys with these ids; those that are destroyed or unknown are left out. Raises CannotUnseal."""

    async def holds(self, key_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the ids whose keys are here and not destroyed."""

    async def destroy(self, key_ids: Iterable[UUID]) -> None:
        """Forget these keys for ever, overwriting them: durable when it returns. Again, it makes sure once more."""

    async def destroyed(self) -> set[UUID]:
        """Every key that was ever destroyed here."""

    async def aclose(self) -> None:
        """Finish what was begun and let go."""
