"""What a backup is: a directory with a manifest, which says what the other files hold and what they hash to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from amends_platform.failures import Failure

MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
CHECKPOINT: Final = "checkpoint.txt"
_FORMAT: Final = "amends-backup/1"
_CHUNK_BYTES: Final = 1_048_576


class BadBackup(Failure):
    """The directory is no backup, or not what it was when it was made."""


class File(NamedTuple):
    """A file of the backup, as it was written."""

    bytes: int
    sha256: str


class Membership(NamedTuple):
    """`member` may act as `role`: by itself (`inherits`), by taking it (`sets`)."""

    role: str
    member: str
    inherits: bool
    sets: bool


@dataclass(frozen=True, slots=True)
class Manifest:
    """`position` is the last event of the log, and `signed_events` how many the newest signed checkpoint covers (0:
    none), which stands in the file CHECKPOINT. `roles` and `memberships` belong to the cluster, so that the dump does
    not hold them. There are about so many `rows`.
    """

    made_at: datetime
    release: str
    postgres: str
    schema_version: str
    position: int
    signed_events: int
    roles: tuple[str, ...]
    memberships: tuple[Membership, ...]
    rows: int
    files: dict[str, File]

    def document(self) -> dict[str, Any]:
        """As it is written; `read_manifest` reads it."""
        members = [membership._asdict() for membership in self.memberships]
        files = {name: file._asdict() for name, file in self.files.items()}
        written = asdict(self) | {"made_at": self.made_at.isoformat(), "memberships": members, "files": files}
        return {"format": _FORMAT} | written


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a backup. Raises BadBackup."""
    path = directory / MANIFEST
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadBackup(f"{directory} is no backup: {MANIFEST} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise BadBackup(f"{path} is damaged: {error}.") from error
    found = written.pop("format", None) if isinstance(written, dict) else None
    if found != _FORMAT:
        raise BadBackup(f"{path} is not in the format {_FORMAT}, but in {found or 'none'}.")
    try:
        return Manifest(
            **written
            | {
                "made_at": datetime.fromisoformat(written["made_at"]),
                "roles": tuple(written["roles"]),
                "memberships": tuple(Membership(**each) for each in written["memberships"]),
                "files": {name: File(**file) for name, file in written["files"].items()},
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadBackup(f"{path} is damaged: {error!r}.") from error


def check_files(directory: Path, manifest: Manifest) -> None:
    """Read every byte. Raises BadBackup when a file is not the one that was written."""
    for name, wanted in manifest.files.items():
        path = directory / name
        try:
            found = hash_of(path)
        except OSError as error:
            raise BadBackup(f"{path} cannot be read: {error.strerror}.") from error
        if found != wanted:
            raise BadBackup(
                f"{path} is not what was written: it has {found.bytes:,} bytes with the hash {found.sha256}, and the "
                f"manifest says {wanted.bytes:,} with {wanted.sha256}."
            )


def hashes_in(directory: Path) -> dict[str, File]:
    """The files that a manifest lists, by their names. Raises OSError."""
    return {path.name: hash_of(path) for path in sorted(directory.iterdir()) if path.name != MANIFEST}


def hash_of(path: Path) -> File:
    """How large the file is, and its SHA-256. Raises OSError."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return File(size, digest.hexdigest())
