"""The key store of one machine: a file that all its processes share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID

from amends_platform.keystore.key_file import KeyFile
from amends_platform.keystore.master_keys import MasterKeys

P = ParamSpec("P")
T = TypeVar("T")


class FileKeyStore:
    """A KeyStore. The file is made if there is none. Opening raises KeyStoreUnavailable and MasterKeyError."""

    def __init__(self, path: Path, master_key_file: Path) -> None:
        self._file = KeyFile(path, MasterKeys(master_key_file))
        # The disk must not keep the event loop waiting; one thread, since one connection serves one at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="key-store")

    async def reserve(self, count: int) -> dict[UUID, bytes]:
        return await self._do(self._file.reserve, count)

    async def add(self, keys: Mapping[UUID, bytes]) -> None:
        await self._do(self._file.add, keys)

    async def get(self, key_ids: Iterable[UUID]) -> dict[UUID, bytes]:
        return await self._do(self._file.get, list(key_ids))

    async def holds(self, key_ids: Iterable[UUID]) -> set[UUID]:
        return await self._do(self._file.holds, list(key_ids))

    async def destroy(self, key_ids: Iterable[UUID]) -> None:
        await self._do(self._file.destroy, list(key_ids))

    async def destroyed(self) -> set[UUID]:
        return await self._do(self._file.destroyed)

    async def aclose(self) -> None:
        await self._do(self._file.close)
        self._thread.shutdown()

    async def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))
