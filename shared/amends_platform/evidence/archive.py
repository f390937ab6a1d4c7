"""The archive of a bundle: a ZIP file that can be written in one way only, so that none of its bytes is free."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Final

BYTES_MAX: Final = 256 * 1_048_576
_FILES_MAX: Final = 2_000
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_NAME_CHARACTERS_MAX: Final = 200

# The earliest that the format can say; when a bundle was made is no property of what it proves.
_WRITTEN_AT: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_READABLE_FILE: Final = 0o100644 << 16

# What zipfile raises on bytes that are no archive, or one that somebody made to be read wrongly.
_CANNOT_READ: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
    struct.error,
)


class BadArchive(Exception):
    """These bytes are no archive of ours, or were altered since."""


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """The files, sorted by name, not compressed: other programs' compression differs from version to version."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _WRITTEN_AT)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE_FILE
            archive.writestr(entry, files[name])
    return written.getvalue()


def read_archive(raw: bytes) -> dict[str, bytes]:
    """The files in what `write_archive` gave. Nothing is written to disk, and no more read than `raw` holds.

    Raises BadArchive.
    """
    if len(raw) > BYTES_MAX:
        raise BadArchive(f"The file is larger than a bundle may be ({BYTES_MAX // 1_048_576} MiB).")
    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            entries = archive.infolist()
            _check(entries, len(raw))
            files = {entry.filename: archive.read(entry) for entry in entries}
    # What zipfile raises on bytes that are no archive, or one that somebody made to be read wrongly.
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
        EOFError,
        struct.error,
    ) as error:
        raise BadArchive(f"The file is no ZIP archive that can be read: {error}") from error
    if write_archive(files) != raw:
        raise BadArchive("The archive was altered, or packed anew: it is not written as a bundle is.")
    return files


def _check(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > _FILES_MAX:
        raise BadArchive(f"The archive has more than {_FILES_MAX} files.")
    names = [entry.filename for entry in entries]
    for name in names:
        if not _NAME.fullmatch(name) or len(name) > _NAME_CHARACTERS_MAX:
            raise BadArchive(f"The archive has a file with a name that no bundle's has: {name[:80]!a}.")
    if len(set(names)) != len(names):
        raise BadArchive("The archive has two files of one name.")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise BadArchive("The archive was packed anew: a bundle's files are not compressed.")
    # Entries that share their bytes could claim to be far larger together than the archive is.
    if sum(entry.file_size for entry in entries) > size:
        raise BadArchive("The archive claims to hold more than it does.")
