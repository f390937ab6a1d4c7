"""YAML text to plain values, with the line and column of every key and value.

YAML 1.2: `no` is a text and 12:30:45 is no number. Repeated keys, anchors and tags are refused: what a policy says
must be what a reader sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from amends_domain.documents import DocumentError, Path

LENGTH_MAX = 200_000
"""Characters. A policy of ten packs is a tenth of this."""

_TAG = "tag:yaml.org,2002:"
# Plain decimals only: 0x1F, 1_000, 010 and 1e6 each mean different numbers to different readers.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Mark(NamedTuple):
    """Where something stands in the text; both count from 1."""

    line: int
    column: int


class PlacedError(NamedTuple):
    """A mistake and where it stands."""

    mark: Mark
    error: DocumentError


@dataclass
class YamlDocument:
    """`value`: mappings, lists, str, int, Decimal, bool, date and None. `errors`: what is wrong as YAML.

    `keys` and `values`: where the key that ends a path stands, and the value at that path.
    """

    value: Any = None
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    errors: list[PlacedError] = field(default_factory=list)

    def place(self, error: DocumentError) -> PlacedError:
        """Where an error of the content stands; what is missing is said at what it is missing from."""
        marks = self.keys if error.at_key else self.values
        mark = marks.get(error.path) or self.values.get(error.path) or Mark(1, 1)
        return PlacedError(mark, error)


def read_yaml(text: str) -> YamlDocument:
    """The document in `text`. Never raises for what the text says: see `errors`."""
    document = YamlDocument()
    if len(text) > LENGTH_MAX:
        document.errors.append(_refusal(Mark(1, 1), f"expected at most {LENGTH_MAX} characters"))
        return document
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        found = " ".join(part for part in (error.context, error.problem) if part)
        place = Mark(mark.line + 1, mark.column + 1) if mark is not None else Mark(1, 1)
        document.errors.append(_refusal(place, f"not YAML: {found}"))
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.errors.append(_refusal(Mark(line, 1), f"not YAML: {error.reason}"))
    except YAMLError as error:
        document.errors.append(_refusal(Mark(1, 1), f"not YAML: {error}"))
    except RecursionError:
        document.errors.append(_refusal(Mark(1, 1), "nested too deeply"))
    else:
        document.value = _value(document, root, ()) if root is not None else None
    return document


def _value(document: YamlDocument, node: Node, path: Path) -> Any:
    document.values[path] = _mark(node)
    if node.anchor is not None:
        document.errors.append(_refusal(_mark(node), "anchors and aliases are not used here: write it out", path))
        return None
    if isinstance(node, MappingNode):
        return _mapping(document, node, path)
    if isinstance(node, SequenceNode):
        return [_value(document, item, (*path, index)) for index, item in enumerate(node.value)]
    assert isinstance(node, ScalarNode), "a node is a mapping, a sequence or a scalar"
    try:
        return _scalar(node)
    except ValueError as error:
        document.errors.append(_refusal(_mark(node), str(error), path))
        return None


def _mapping(document: YamlDocument, node: MappingNode, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        mark = _mark(key_node)
        key = key_node.value
        if not isinstance(key_node, ScalarNode) or str(key_node.tag) != f"{_TAG}str":
            shown = f": put {key!r} in quotes" if isinstance(key, str) and key != "<<" else ""
            document.errors.append(_refusal(mark, f"expected a text as key{shown}", path))
        elif key in values:
            first = document.keys[(*path, key)].line
            document.errors.append(
                _refusal(mark, f"the key {key!r} is given twice, first in line {first}", (*path, key))
            )
        else:
            document.keys[(*path, key)] = mark
            values[key] = _value(document, value_node, (*path, key))
    return values


def _scalar(node: ScalarNode) -> Any:
    """The value of a scalar. Raises ValueError with what was expected."""
    text: str = node.value
    tag = str(node.tag).removeprefix(_TAG)
    if tag == "null":
        return None
    if tag == "bool" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if tag in ("int", "float"):
        if _NUMBER.fullmatch(text) is None:
            raise ValueError(f"expected a number in plain digits such as 500 or 12.5, not {text!r}")
        return Decimal(text) if "." in text else int(text)
    if tag == "timestamp" and _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(f"there is no such day as {text}") from None
    if tag in ("str", "bool", "timestamp", "value", "merge"):
        return text
    raise ValueError(f"tags are not used here: {str(node.tag)!r}")


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _refusal(mark: Mark, message: str, path: Path = ()) -> PlacedError:
    return PlacedError(mark, DocumentError(path, message))
