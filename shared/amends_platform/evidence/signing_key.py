"""The file with the private key that checkpoints and certificates are signed with.

One line, as other tools for signed notes keep it: `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from amends_platform.evidence.notes import BadNote, Signer, joined_key, split_key
from amends_platform.files import make_private_once

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
