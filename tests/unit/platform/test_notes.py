"""Signed notes, the key they are signed with, and the text of a checkpoint."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from amends_platform.evidence.notes import BadNote, Signer, Verifier
from amends_platform.evidence.signing_key import SigningKeyError, ensure_signing_key, load_signer
from amends_platform.evidence.tree_head import TreeHead, parse

# Source: the example keys of golang.org/x/mod/sumdb/note, which signs the same notes.
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_NOTE = (
    PETER_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)

SIGNER = Signer("amends/default", bytes(range(32)))
TEXT = "amends/default\n3\nAAAA\n"


def test_notes_are_those_of_the_other_tools(tmp_path: Path) -> None:
    (tmp_path / "signing.key").write_text(PETER_PRIVATE)
    signer = load_signer(tmp_path / "signing.key")
    assert signer.vkey == PETER_PUBLIC
    assert signer.sign(PETER_TEXT) == PETER_NOTE
    assert Verifier.from_vkey(PETER_PUBLIC).open(PETER_NOTE) == PETER_TEXT


def test_any_changed_byte_of_a_note_is_noticed() -> None:
    note = SIGNER.sign(TEXT).encode()
    opened = []
    for at in range(len(note)):
        for change in (1, 0x20, 0x80):
            changed = note[:at] + bytes([note[at] ^ change]) + note[at + 1 :]
            try:
                opened.append(SIGNER.verifier.open(changed.decode(errors="surrogateescape")))
            except BadNote:
                continue
    assert opened == []


def test_signatures_of_others_are_passed_over() -> None:
    other = Signer("witness", bytes(32))
    both = SIGNER.sign(TEXT) + other.sign(TEXT).rpartition("\n\n")[2]
    assert SIGNER.verifier.open(both) == other.verifier.open(both) == TEXT
    with pytest.raises(BadNote, match="not signed by amends/default"):
        SIGNER.verifier.open(other.sign(TEXT))
    with pytest.raises(BadNote, match="not signed by amends/default"):
        Signer("amends/default", bytes(32)).verifier.open(SIGNER.sign(TEXT))


@pytest.mark.parametrize(
    "note", ["", "\n", TEXT, TEXT + "\n", TEXT + "\nno signature\n", TEXT + "\n— amends/default !\n", "\x00" + TEXT]
)
def test_what_is_no_note_is_told(note: str) -> None:
    with pytest.raises(BadNote):
        SIGNER.verifier.open(note)


@pytest.mark.parametrize("text", ["", "no newline", "bell\a\n"])
def test_a_text_that_cannot_be_in_a_note_is_not_signed(text: str) -> None:
    with pytest.raises(BadNote):
        SIGNER.sign(text)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+12345678",
        PETER_PUBLIC[:-1],
        PETER_PUBLIC.replace("c74f20a3", "c74f20a4"),
        PETER_PUBLIC.replace("c74f20a3", "c74f20ax"),
        PETER_PUBLIC.replace("+AR", "+Ag"),
        PETER_PUBLIC.replace("Peter", "Peter "),
        PETER_PUBLIC.replace("Peter", "Pieter"),
    ],
)
def test_what_is_no_verifier_key_is_told(vkey: str) -> None:
    with pytest.raises(BadNote):
        Verifier.from_vkey(vkey)


def test_the_signing_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.key"

    def make(_: int) -> str:
        ensure_signing_key(path, "amends/default")
        return load_signer(path).vkey

    with ThreadPoolExecutor(8) as makers:
        assert len(set(makers.map(make, range(16)))) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "content",
    [
        "",
        PETER_PUBLIC,
        PETER_PRIVATE[:-1],
        PETER_PRIVATE.replace("c74f", "c74e"),
        PETER_PRIVATE.replace("AYEK", "AYEL"),
        "PRIVATE+KEY+name+12345678+AQ==",
    ],
)
def test_a_file_that_is_no_signing_key_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "signing.key").write_text(content)
    with pytest.raises(SigningKeyError):
        load_signer(tmp_path / "signing.key")


def test_a_missing_signing_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="cannot be read"):
        load_signer(tmp_path / "none.key")


def test_a_checkpoint_is_read_back_as_it_was_written() -> None:
    head = TreeHead("amends/default", 20_852_163, bytes(range(32)))
    assert head.text() == "amends/default\n20852163\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    assert parse(head.text()) == head


@pytest.mark.parametrize(
    "text",
    [
        "",
        "amends/default\n3\n",
        "\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "amends/default\n03\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "amends/default\n-3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "amends/default\n٣\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        "amends/default\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=\n",
        "amends/default\n3\nAAEC\n",
        "amends/default\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nmore\n",
        "amends/default\n3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ],
)
def test_what_is_no_checkpoint_is_told(text: str) -> None:
    with pytest.raises(BadNote):
        parse(text)
