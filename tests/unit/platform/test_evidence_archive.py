"""The archive of a bundle: nobody can change, add or hide a byte of it, and reading it does nobody harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_platform.evidence.archive import BYTES_MAX, BadArchive, read_archive, write_archive

FILES = {"README.txt": b"Read me.\n", "events.ndjson": b'{"position":1}\n', "policies/00ff.json": b"{}"}

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}(/[A-Za-z0-9][A-Za-z0-9._-]{0,20})?", fullmatch=True)


@given(st.dictionaries(names, st.binary(max_size=200), max_size=6))
def test_what_was_written_is_read(files: dict[str, bytes]) -> None:
    assert read_archive(write_archive(files)) == files


def test_the_order_in_which_files_come_does_not_matter() -> None:
    assert write_archive(dict(reversed(FILES.items()))) == write_archive(FILES)


def test_another_program_unpacks_it() -> None:
    with zipfile.ZipFile(io.BytesIO(write_archive(FILES))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == FILES


def test_every_bit_that_is_changed_anywhere_is_noticed() -> None:
    raw = write_archive(FILES)
    for place in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[place] ^= 1 << bit
            with pytest.raises(BadArchive):
                read_archive(bytes(changed))


@pytest.mark.parametrize("raw", [b"", b"no archive", b"PK\x05\x06" + bytes(18) + b"more"])
def test_what_is_no_archive_is_refused(raw: bytes) -> None:
    with pytest.raises(BadArchive):
        read_archive(raw)


def test_what_stands_before_or_after_the_archive_is_noticed() -> None:
    raw = write_archive(FILES)
    for padded in (b"#!/bin/sh\n" + raw, raw + b"\n", raw[:-1]):
        with pytest.raises(BadArchive):
            read_archive(padded)


def test_a_file_that_is_too_large_is_not_even_opened() -> None:
    with pytest.raises(BadArchive, match="256 MiB"):
        read_archive(bytes(BYTES_MAX + 1))


def written_by_somebody(write: Callable[[zipfile.ZipFile], object]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        write(archive)
    return written.getvalue()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a//b", ".hidden", "a\nb", "é", "x" * 201]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(BadArchive, match="name"):
        read_archive(written_by_somebody(lambda archive: archive.writestr(name, b"")))


def test_two_files_of_one_name_are_refused() -> None:
    def write(archive: zipfile.ZipFile) -> None:
        archive.writestr("a", b"shown to one")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"shown to another")

    with pytest.raises(BadArchive, match="two files"):
        read_archive(written_by_somebody(write))


def test_what_was_packed_anew_is_refused() -> None:
    def write(archive: zipfile.ZipFile) -> None:
        archive.writestr("a", b"0" * 10_000, zipfile.ZIP_DEFLATED)

    with pytest.raises(BadArchive, match="packed anew"):
        read_archive(written_by_somebody(write))


def test_an_archive_that_claims_to_hold_more_than_it_does_is_refused() -> None:
    raw = bytearray(written_by_somebody(lambda archive: archive.writestr("a", b"x")))
    entry = raw.index(b"PK\x01\x02")
    raw[entry + 20 : entry + 28] = (2**31).to_bytes(4, "little") * 2
    with pytest.raises(BadArchive, match="more than it does"):
        read_archive(bytes(raw))
