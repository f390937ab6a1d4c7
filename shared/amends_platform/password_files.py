"""Passwords that stand in files of their own, put into the URLs that want them.

An environment is inherited, listed and logged; a file is read by whoever may.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote

from amends_store.url_parts import url_parts


def has_password(url: str) -> bool:
    """Whether the URL names a password, before the host or as a parameter."""
    parts = url_parts(url)
    return ":" in (parts.user or "") or "password" in parse_qs(parts.query)


def with_password_of(file: Path, url: str) -> str:
    """The URL with the password in the file, whose last line may end; one that names a password stays as it is.

    Raises ValueError, whose text shows neither.
    """
    if has_password(url):
        return url
    parts = url_parts(url)
    if not parts.user:
        raise ValueError("belongs to a user, and the URL names none")
    return str(parts._replace(user=f"{parts.user}:{quote(password_in(file), safe='')}"))


def password_in(file: Path) -> str:
    """The password, or other secret, that the file holds. Raises ValueError, whose text does not show it."""
    try:
        password = file.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{file} is no text") from None
    if not password or len(password.splitlines()) > 1:
        raise ValueError(f"{file} must hold a password, on one line")
    return password
