"""The master key in its file, and the one that is to replace it, beside it: `master.key` and `master.key.new`."""

from __future__ import annotations

import os
from pathlib import Path

from amends_platform.sealing import MasterKey, MasterKeyError, ensure_master_key


class MasterKeys:
    """The master keys at hand, by their ids. Files are read again when an id is asked for that none of them has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._replacement_path = path.with_name(f"{path.name}.new")
        self._known: dict[bytes, MasterKey] = {}

    @property
    def path(self) -> Path:
        return self._path

    def current(self) -> MasterKey:
        """The key in the file. Raises MasterKeyError."""
        return self._load(self._path)

    def called(self, master_id: bytes) -> MasterKey | None:
        """The key with this id; None when there is no such key here. Raises MasterKeyError."""
        if master_id not in self._known:
            # In this order: a replacement that is put in place in between is found by one of the two.
            self.replacement()
            self.current()
        return self._known.get(master_id)

    def replacement(self) -> MasterKey | None:
        """The key that is to replace the current one, if a replacement was begun. Raises MasterKeyError."""
        return self._load(self._replacement_path) if self._replacement_path.exists() else None

    def make_replacement(self) -> MasterKey:
        """The key that is to replace the current one, made unless there is one: durable when this returns."""
        ensure_master_key(self._replacement_path)
        return self._load(self._replacement_path)

    def replace(self) -> None:
        """Put the replacement in the place of the current key: durable when this returns."""
        self._replacement_path.replace(self._path)
        _sync(self._path.parent)

    def _load(self, path: Path) -> MasterKey:
        try:
            key = MasterKey.load(path)
        except MasterKeyError:
            # It may just have been put in the place of the current one.
            if path == self._path or path.exists():
                raise
            key = MasterKey.load(self._path)
        return self._known.setdefault(key.id, key)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
