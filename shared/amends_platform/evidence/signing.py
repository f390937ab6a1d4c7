"""Signing a checkpoint, and never one that contradicts an earlier one.

What was signed is remembered in three places: the table of signed checkpoints, a file beside the signing key, and,
where that is set up, a directory on storage that is written once. A database that was restored or rewritten forgets;
the files do not, which is why a note is in them before it is in the table, and why nobody sees one that is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from amends_platform.evidence.checkpoint_files import HoldsAnother, newest_in, write_once
from amends_platform.evidence.notes import BadNote, Signer, Verifier
from amends_platform.evidence.signing_key import (
    SigningKeyError,
    last_file_of,
    load_signer,
    public_file_of,
    public_keys_in,
    remember_public_key,
)
from amends_platform.evidence.tree_head import SignedCheckpoint, TreeHead, head_of, latest_checkpoint, parse
from amends_platform.files import sync_directory, write_private
from amends_platform.settings import Settings
from amends_store.checkpoints import Checkpoint
from amends_store.errors import Fenced
from amends_store.read import Executor, head_position
from amends_store.statements import statement
from amends_store.tiles import root

_RECORD: Final = statement("record_signed_checkpoint")


class Contradiction(Exception):
    """The log does not continue what was signed before: until a person decides, nothing may be signed."""


class CheckpointSigning:
    """Signs checkpoints with one key. For one task; of several processes, the one whose claim holds."""

    def __init__(self, signer: Signer, signing_key: Path, directory: Path | None = None) -> None:
        """Beside `signing_key` the newest note and the public key are remembered; `directory`, if given, gets every
        note as a file of its own.
        """
        self._signer = signer
        self._last_file = last_file_of(signing_key)
        self._public_file = public_file_of(signing_key)
        self._is_known = False
        self._directory = directory
        self._newest_in_directory: str | None = None

    @property
    def signer(self) -> Signer:
        return self._signer

    @property
    def verifier(self) -> Verifier:
        return self._signer.verifier

    def earlier_keys(self) -> tuple[Verifier, ...]:
        """Those that signed here before this one, the first one first. Raises SigningKeyError."""
        return tuple(key for key in public_keys_in(self._public_file) if key.vkey != self.verifier.vkey)

    async def sign(self, conn: Executor, tree_size: int, claim: Checkpoint) -> SignedCheckpoint | None:
        """Sign the log as it was at this size, unless as much was signed already.

        To be called in a transaction; the checkpoint counts once that commits. Where it does not, the next call
        records the same note. None when there is nothing to sign. Raises Contradiction, NotSealed, Fenced, OSError.
        """
        # First: who is fenced must not sign, and a claim waits here until we have committed.
        await claim.advance(conn, claim.position)
        newest = await latest_checkpoint(conn)
        if newest is not None and not _is_of_its_note(newest):
            raise Contradiction(f"The signed checkpoint of {newest.tree_size} events in the table is not of its note.")
        kept = await asyncio.to_thread(self._read_kept)
        known = {newest.note, *kept} if newest is not None else set(kept)
        if not await self._continues(conn, tree_size, known):
            return None
        if not self._is_known:
            await asyncio.to_thread(self._make_known)
            self._is_known = True
        for note in sorted(kept, key=lambda note: _said(note).tree_size):
            # We died after writing the file, before the row was there.
            if newest is None or _said(note).tree_size > newest.tree_size:
                newest = await self._record(conn, note)
        if tree_size <= (0 if newest is None else newest.tree_size):
            return None
        head = TreeHead(self._signer.name, tree_size, await root(conn, tree_size))
        note = self._signer.sign(head.text())
        await asyncio.to_thread(self._remember, note)
        return await self._record(conn, note)

    async def _continues(self, conn: Executor, tree_size: int, notes: Iterable[str]) -> bool:
        """Whether all of the notes can be told from the tree at this size. Raises Contradiction if one is wrong."""
        log_size = await head_position(conn)
        for signed in map(_said, notes):
            if signed.tree_size > log_size:
                raise Contradiction(
                    f"The log ends at {log_size}, and a checkpoint of {signed.tree_size} events was signed: "
                    "it was cut off, or an older state was restored."
                )
            if signed.tree_size > tree_size:
                return False
            if signed.tree_size and await root(conn, signed.tree_size) != signed.root_hash:
                raise Contradiction(
                    f"The first {signed.tree_size} events of the log are not those of which a checkpoint was signed."
                )
        return True

    async def _record(self, conn: Executor, note: str) -> SignedCheckpoint:
        """Put the note into the directory and the table. Raises Contradiction."""
        head = parse(self._opened(note))
        if self._directory is not None:
            try:
                await asyncio.to_thread(write_once, self._directory, head.tree_size, note)
            except HoldsAnother as error:
                raise Contradiction(str(error)) from error
        return SignedCheckpoint._make(await conn.fetchrow(_RECORD, head.tree_size, head.root_hash, note))

    def _opened(self, note: str) -> str:
        for key in (self.verifier, *self.earlier_keys()):
            try:
                return key.open(note)
            except BadNote:
                continue
        raise Contradiction("A checkpoint that is remembered was signed with another key than any that signs here.")

    def _read_kept(self) -> list[str]:
        kept = [self._last_file.read_text(encoding="utf-8")] if self._last_file.exists() else []
        if self._directory is not None:
            if self._newest_in_directory is None:
                # Once: afterwards nothing comes into it that was not in the other file first.
                self._newest_in_directory = newest_in(self._directory)
            newest = self._newest_in_directory
            # One that we died writing is continued when its note, from the other file, is recorded.
            if newest and not any(note.startswith(newest) for note in kept):
                kept.append(newest)
        return kept

    def _make_known(self) -> None:
        """From now on the key is one that signs here. Raises Contradiction where another did and was not put away."""
        if self._last_file.exists():
            try:
                self.verifier.open(self._last_file.read_text(encoding="utf-8"))
            except BadNote as error:
                raise Contradiction(
                    f"{self._last_file} was signed with another key than {self.verifier.key_id.hex()}: a new key is "
                    "taken by keeping that file as evidence, and moving it away."
                ) from error
        try:
            remember_public_key(self._public_file, self.verifier)
        except SigningKeyError as error:
            raise Contradiction(str(error)) from error

    def _remember(self, note: str) -> None:
        """Raises Fenced when more was signed meanwhile: we were taken for dead, and must not take that back."""
        if self._last_file.exists():
            kept = _said(self._last_file.read_text(encoding="utf-8"))
            if kept.tree_size > _said(note).tree_size:
                raise Fenced(f"somebody else has signed {kept.tree_size} events")
        write_private(self._last_file, note)
        sync_directory(self._last_file.parent)


def checkpoint_signing(settings: Settings) -> CheckpointSigning | None:
    """As it is set up; None where there is no signing key. Raises SigningKeyError."""
    key = settings.signing_key_path
    return CheckpointSigning(load_signer(key), key, settings.checkpoint_dir) if key.exists() else None


def _is_of_its_note(signed: SignedCheckpoint) -> bool:
    said = _said(signed.note)
    return (said.tree_size, said.root_hash) == (signed.tree_size, signed.root_hash)


def _said(note: str) -> TreeHead:
    try:
        return head_of(note)
    except BadNote as error:
        raise Contradiction(f"A checkpoint that was signed before cannot be read any more: {error}") from error
