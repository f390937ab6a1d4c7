"""What checkpoints claim about the log: those kept in the database, and those that were kept elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from amends_platform.evidence.notes import BadNote, Verifier
from amends_platform.evidence.signing_key import SigningKeyError, load_signer, public_file_of, public_keys_in
from amends_platform.evidence.tree_head import SignedCheckpoint, TreeHead, parse
from amends_platform.failures import WrongUsage

# Of a checkpoint that says nothing of the log, to whoever has this key.
NOT_SIGNED: Final = "is not signed as it should be"
_EXPORTED: Final = "checkpoint-*.txt"


class Claim(NamedTuple):
    """`source` says that the log had `tree_size` events with this root. `objection`: why it is not to be believed.

    `is_given`: it was kept elsewhere, where who can change the database cannot change it.
    """

    tree_size: int
    root_hash: bytes
    source: str
    is_given: bool
    objection: str | None


def kept_claim(row: SignedCheckpoint, keys: Sequence[Verifier]) -> Claim:
    """What a row of `signed_checkpoints` claims, signed with one of the keys; without any that goes unchecked."""
    source = f"the checkpoint of {row.tree_size:,} events"
    try:
        head, objection = _read(row.note, keys)
    except BadNote as error:
        return Claim(row.tree_size, row.root_hash, source, False, f"holds no signed checkpoint: {error}")
    if (head.tree_size, head.root_hash) != (row.tree_size, row.root_hash):
        objection = objection or "says another size or root than was signed"
    return Claim(row.tree_size, row.root_hash, source, False, objection)


def holds_checkpoints(path: Path) -> bool:
    """Whether there is such a file, or a directory with exported checkpoints, that we may read."""
    return os.access(path, os.R_OK) and (not path.is_dir() or any(path.glob(_EXPORTED)))


def claims_from(path: Path, keys: Sequence[Verifier]) -> list[Claim]:
    """The claims of a file, or of the exported checkpoints in a directory. Raises WrongUsage when there is none."""
    if not path.is_dir():
        return [_claim_of_file(path, keys)]
    files = sorted(path.glob(_EXPORTED))
    if not files:
        raise WrongUsage(f"There is no {_EXPORTED} in {path}.")
    if not _is_whole(files[-1]):
        # It is being written at this moment, or was when the system died, which will go on with it.
        files.pop()
    return [_claim_of_file(file, keys) for file in files]


def public_key(given: str) -> Verifier:
    """The key of a `--key`: a verifier key, or a file that holds one. Raises WrongUsage."""
    try:
        return Verifier.from_vkey(_text_of(given))
    except BadNote as error:
        raise WrongUsage(f"--key {given}: {error}") from error


def own_public_keys(signing_key: Path) -> list[Verifier]:
    """The key that this system signs with, and those that it did before; none where we cannot read them.

    Raises WrongUsage.
    """
    try:
        own = [load_signer(signing_key).verifier] if os.access(signing_key, os.R_OK) else []
        return own + [key for key in public_keys_in(public_file_of(signing_key)) if key.vkey not in map(_vkey, own)]
    except SigningKeyError as error:
        raise WrongUsage(f"{error} Give the public key with --key.") from error


def _is_whole(path: Path) -> bool:
    note = path.read_bytes()
    return note.endswith(b"\n") and b"\n\n" in note[:-1]


def _claim_of_file(path: Path, keys: Sequence[Verifier]) -> Claim:
    try:
        head, objection = _read(path.read_text(encoding="utf-8"), keys)
    except OSError as error:
        raise WrongUsage(f"The checkpoint {path} cannot be read: {error.strerror}.") from error
    except (BadNote, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path} holds no signed checkpoint: {error}") from error
    source = f"the checkpoint of {head.tree_size:,} events in {path}"
    return Claim(head.tree_size, head.root_hash, source, True, objection)


def _read(note: str, keys: Sequence[Verifier]) -> tuple[TreeHead, str | None]:
    """What the note says, and why it is not to be believed. Raises BadNote."""
    # Unchecked: what is claimed is told even where the signature is not what it should be.
    head = parse(note.rpartition("\n\n")[0] + "\n")
    refused = []
    for key in keys:
        try:
            key.open(note)
        except BadNote as error:
            refused.append(str(error))
            continue
        return head, None if head.origin == key.name else f"is of another log, {head.origin}"
    return head, f"{NOT_SIGNED}: {' '.join(refused)}" if refused else None


def _vkey(key: Verifier) -> str:
    return key.vkey


def _text_of(given: str) -> str:
    path = Path(given)
    try:
        return path.read_text(encoding="utf-8") if path.is_file() else given
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"The key {given} cannot be read: {error}") from error
