"""Signed notes: a text, an empty line, and lines with Ed25519 signatures. Source: C2SP signed-note.

A verifier key, `<name>+<key id>+<base64 of the key>`, is what one hands to whoever is to check.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_SIGNATURE_START: Final = "— "
# As other implementations bound them: a note is read whole, and every signature may be of a stranger's.
_NOTE_CHARACTERS_MAX: Final = 1_000_000
_SIGNATURES_MAX: Final = 100


class BadNote(Exception):
    """A note, a verifier key or a checkpoint is not well formed, or not signed by the key it should be."""


class Verifier:
    """Opens notes that one key has signed."""

    def __init__(self, name: str, public_key: bytes) -> None:
        """Raises BadNote where a signature line could not hold the name, or the key is none."""
        self.name = _checked_name(name)
        self.public_key = public_key
        self.key_id = _key_id(name, public_key)
        try:
            self._key = Ed25519PublicKey.from_public_bytes(public_key)
        except ValueError as error:
            raise BadNote(f"The key of {name} is no Ed25519 key.") from error

    @classmethod
    def from_vkey(cls, vkey: str) -> Verifier:
        """Raises BadNote."""
        name, key_id, key = split_key(vkey)
        verifier = cls(name, key)
        if verifier.key_id != key_id:
            raise BadNote(f"The verifier key of {name} was mistyped: its id is not that of the key.")
        return verifier

    @property
    def vkey(self) -> str:
        return joined_key(self.name, self.key_id, self.public_key)

    @property
    def pem(self) -> str:
        """The public key as OpenSSL and others read it."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def open(self, note: str) -> str:
        """The text of a note that this key signed; signatures of others are passed over. Raises BadNote."""
        text, signature_lines = _split_note(note)
        signatures = [
            signature
            for name, key_id, signature in map(_split_signature, signature_lines)
            if (name, key_id) == (self.name, self.key_id)
        ]
        if not signatures:
            raise BadNote(f"The note is not signed by {self.name} with the key {self.key_id.hex()}.")
        for signature in signatures:
            try:
                self._key.verify(signature, text.encode())
            except InvalidSignature as error:
                raise BadNote(f"The signature of {self.name} does not fit the text of the note.") from error
        return text


class Signer:
    """Signs notes with one key, under the name that its verifier key has too."""

    def __init__(self, name: str, seed: bytes) -> None:
        """`seed` is the private key's 32 bytes. Raises BadNote."""
        if len(seed) != _KEY_BYTES:
            raise BadNote(f"The private key of {name} has {len(seed)} bytes, not {_KEY_BYTES}.")
        self._private_key = Ed25519PrivateKey.from_private_bytes(seed)
        public_key = self._private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.verifier = Verifier(name, public_key)

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def vkey(self) -> str:
        return self.verifier.vkey

    @property
    def public_key(self) -> bytes:
        """The raw 32 bytes."""
        return self.verifier.public_key

    @property
    def key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: str) -> str:
        """The note of this text; the same text makes the same note. Raises BadNote for what cannot be in one."""
        if not text.endswith("\n") or not _is_plain(text):
            raise BadNote("A note's text ends with a newline, and has no control characters.")
        signature = self.key_id + self._private_key.sign(text.encode())
        return f"{text}\n{_SIGNATURE_START}{self.name} {_encoded(signature)}\n"


def split_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, key id and key of `<name>+<key id>+<base64 of 0x01 and the key>`. Raises BadNote."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3 or len(parts[1]) != 2 * _KEY_ID_BYTES:
        raise BadNote("A verifier key looks like name+12345678+Base64.")
    try:
        key_id = bytes.fromhex(parts[1])
    except ValueError as error:
        raise BadNote("A verifier key's id is eight hexadecimal digits.") from error
    key = decoded(parts[2])
    if key[:1] != _ED25519:
        raise BadNote("The key is not one for Ed25519 signatures.")
    return _checked_name(parts[0]), key_id, key[1:]


def joined_key(name: str, key_id: bytes, key: bytes) -> str:
    """What `split_key` takes apart."""
    return f"{name}+{key_id.hex()}+{_encoded(_ED25519 + key)}"


def decoded(text: str) -> bytes:
    """Standard base64 in its one canonical form. Raises BadNote."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("What should be base64 is not.") from error
    if _encoded(value) != text:
        raise BadNote("The base64 is not in its canonical form.")
    return value


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _key_id(name: str, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:_KEY_ID_BYTES]


def _checked_name(name: str) -> str:
    if not name or "+" in name or not _is_plain(name) or any(character.isspace() for character in name):
        raise BadNote("A signer's name is not empty, and has neither spaces nor a plus sign.")
    return name


def _is_plain(text: str) -> bool:
    # Surrogates, which cannot be written as UTF-8, are what is left of bytes that were none.
    return all((character >= " " or character == "\n") and not "\ud800" <= character <= "\udfff" for character in text)


def _split_note(note: str) -> tuple[str, list[str]]:
    if len(note) > _NOTE_CHARACTERS_MAX:
        raise BadNote("The note is too long.")
    if not _is_plain(note):
        raise BadNote("The note has characters that a note cannot have.")
    body, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise BadNote("The note has no signatures: a text, an empty line, and lines that begin with a dash.")
    lines = signatures[:-1].split("\n")
    if len(lines) > _SIGNATURES_MAX:
        raise BadNote("The note has too many signatures.")
    return body + "\n", lines


def _split_signature(line: str) -> tuple[str, bytes, bytes]:
    name, separator, text = line.removeprefix(_SIGNATURE_START).partition(" ")
    if not line.startswith(_SIGNATURE_START) or not separator:
        raise BadNote("A line among the signatures is none.")
    value = decoded(text)
    if len(value) <= _KEY_ID_BYTES:
        raise BadNote("A signature is too short.")
    return _checked_name(name), value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:]
