"""Configuration files in YAML, read whole or refused whole: every mistake with its line."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from amends_domain.documents import DocumentErrors, Node, written
from amends_platform.policy.yaml_text import PlacedError, read_yaml

T = TypeVar("T")

_BYTES_MAX: Final = 800_000


class YamlFileError(Exception):
    """The file was refused. The message lists its mistakes, one a line: `file:line:column: key: what is wrong`."""


def read_yaml_file(path: Path, read: Callable[[Node], T]) -> T:
    """What `read` makes of the document in the file; it keeps mistakes in the nodes. Raises YamlFileError."""
    document = read_yaml(_text(path))
    if document.errors:
        raise _refused(path, document.errors)
    root = Node(document.value)
    value = read(root)
    try:
        root.raise_errors()
    except DocumentErrors as errors:
        raise _refused(path, [document.place(error) for error in errors.errors]) from None
    return value


def ca_file(node: Node, beside: Path) -> Path:
    """The file of certificates that the node names, below `beside`; what is wrong with it is kept in the node."""
    path = beside / node.text("the path of a file of certificates")
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        node.fail(f"cannot be used: {error.strerror or 'it holds no certificate'}")
    return path


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_BYTES_MAX + 1).decode("utf-8-sig")
    except OSError as error:
        raise YamlFileError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise YamlFileError(f"{path}: expected UTF-8") from None


def _refused(path: Path, errors: list[PlacedError]) -> YamlFileError:
    lines = [
        f"{path}:{mark.line}:{mark.column}: {written(error.path)}: {error.message}"
        for mark, error in sorted(errors, key=lambda placed: placed.mark)
    ]
    return YamlFileError("\n".join(lines))
