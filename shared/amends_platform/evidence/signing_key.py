"""The file with the private key that checkpoints and certificates are signed with.

One line, as other tools for signed notes keep it: `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>`.

Beside it stand what was signed last, and every public key that ever signed here, a line each, the first one first:
what a key has signed is proof for as long as it is known whose key it was, also when it was replaced.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from amends_platform.evidence.notes import BadNote, Signer, Verifier, joined_key, split_key
from amends_platform.files import make_private_once, write_private

_START: Final = "PRIVATE+KEY+"
_SEED_BYTES: Final = 32


class SigningKeyError(Exception):
    """The signing key file is missing, unreadable or holds no such key."""


def ensure_signing_key(path: Path, name: str) -> None:
    """Make the key file, readable by its owner only, unless there is one. Raises BadNote for an impossible name."""
    if not path.exists():
        seed = os.urandom(_SEED_BYTES)
        make_private_once(path, _START + joined_key(name, Signer(name, seed).key_id, seed) + "\n")


def load_signer(path: Path) -> Signer:
    """The signer whose key the file holds. Raises SigningKeyError."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SigningKeyError(f"The signing key {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SigningKeyError(f"The signing key {path} is not text.") from error
    if not text.startswith(_START):
        raise SigningKeyError(f"The signing key {path} does not begin with {_START}.")
    try:
        name, key_id, seed = split_key(text.removeprefix(_START))
        signer = Signer(name, seed)
    except BadNote as error:
        raise SigningKeyError(f"The signing key {path} cannot be used: {error}") from error
    if signer.key_id != key_id:
        raise SigningKeyError(f"The signing key {path} was altered: its id is not that of the key.")
    return signer


def last_file_of(signing_key: Path) -> Path:
    """The file beside the signing key that remembers what was signed last."""
    return signing_key.with_name(signing_key.name + ".last")


def public_file_of(signing_key: Path) -> Path:
    """The file beside the signing key that remembers which keys have signed."""
    return signing_key.with_name(signing_key.name + ".public")


def public_keys_in(public_file: Path) -> tuple[Verifier, ...]:
    """The keys that have signed, the first one first; none where we have no such file. Raises SigningKeyError."""
    if not os.access(public_file, os.R_OK):
        return ()
    try:
        return tuple(map(Verifier.from_vkey, public_file.read_text(encoding="utf-8").splitlines()))
    except (BadNote, UnicodeDecodeError) as error:
        raise SigningKeyError(f"{public_file} is not a list of public keys, one a line: {error}") from error


def remember_public_key(public_file: Path, verifier: Verifier) -> None:
    """Have the key among those that have signed. Raises SigningKeyError, OSError."""
    known = [each.vkey for each in public_keys_in(public_file)]
    if verifier.vkey not in known:
        write_private(public_file, "\n".join([*known, verifier.vkey]) + "\n")
