"""The file that names who reads the digest: AMENDS_DIGEST. docs/digest.md describes it to people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from amends_domain.documents import Node
from amends_platform.digest.queue import Item
from amends_platform.yaml_files import read_yaml_file

LANGUAGES: Final = ("en", "zh")
_HOUR: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
# Plain ones: what mail could do beyond these is more than a name in a file should.
_ADDRESS: Final = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
_NAME_LENGTH_MAX: Final = 100


class Reader(NamedTuple):
    """Who gets one mail a day: a member of staff, or the mailbox of a branch for those who have none of their own.

    `key` is staff/ID or branch/NAME, and never changes.
    """

    key: str
    address: str
    language: str

    @property
    def is_branch(self) -> bool:
        return self.key.startswith("branch/")

    @property
    def name(self) -> str:
        return self.key.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Readers:
    """The file. `hour` is in the zone of the policy; `languages` and `mailboxes` are by branch, `staff` by id."""

    sender: Address
    hour: time
    language: str
    console_url: str | None
    languages: Mapping[str, str]
    mailboxes: Mapping[str, str]
    staff: Mapping[str, str]

    def mails(self, items: Iterable[Item]) -> tuple[dict[Reader, list[Item]], frozenset[str]]:
        """Each reader's items, in their order; and the owners whom no mail can reach."""
        theirs: dict[str, list[Item]] = {}
        unreachable = set()
        for item in items:
            if item.owner in self.staff:
                theirs.setdefault(f"staff/{item.owner}", []).append(item)
            elif item.branch in self.mailboxes:
                theirs.setdefault(f"branch/{item.branch}", []).append(item)
            else:
                unreachable.add(item.owner)
        return {self._reader(key, items): items for key, items in theirs.items()}, frozenset(unreachable)

    def _reader(self, key: str, items: list[Item]) -> Reader:
        kind, _, name = key.partition("/")
        if kind == "branch":
            return Reader(key, self.mailboxes[name], self.languages.get(name, self.language))
        # Of the branch that most of their cases are of.
        branches = sorted(item.branch for item in items)
        branch = max(dict.fromkeys(branches), key=branches.count)
        return Reader(key, self.staff[name], self.languages.get(branch, self.language))


def load_readers(path: Path) -> Readers:
    """What the file says. Raises YamlFileError."""
    return read_yaml_file(path, _readers)


def _readers(root: Node) -> Readers:
    given = root.keys(
        "a mapping with sender, hour and addresses",
        required=["sender", "hour"],
        optional=["language", "console", "branches", "staff"],
    )
    languages: dict[str, str] = {}
    mailboxes: dict[str, str] = {}
    for branch, node in (given["branches"].entries("a mapping of branches") if "branches" in given else {}).items():
        said = node.keys("a branch: a mapping with to, language or both", required=[], optional=["to", "language"])
        if "to" in said:
            mailboxes[branch] = _address(said["to"])
        if "language" in said:
            languages[branch] = said["language"].one_of(LANGUAGES, "a language")
    staff = given["staff"].entries("a mapping of staff ids to addresses") if "staff" in given else {}
    if not staff and not mailboxes:
        root.fail("expected an address: under staff, or as `to` of a branch", at_key=True)
    return Readers(
        sender=_sender(given["sender"]),
        hour=_hour(given["hour"]),
        language=given["language"].one_of(LANGUAGES, "a language") if "language" in given else LANGUAGES[0],
        console_url=_console(given["console"]) if "console" in given else None,
        languages=languages,
        mailboxes=mailboxes,
        staff={person: _address(node) for person, node in staff.items()},
    )


def _address(node: Node) -> str:
    return node.name("an address such as anna@example.com", _ADDRESS)


def _sender(node: Node) -> Address:
    text = node.text("a sender such as Amends <amends@example.com>")
    name, address = parseaddr(text)
    if not re.fullmatch(_ADDRESS, address) or not text.isprintable() or len(name) > _NAME_LENGTH_MAX:
        if isinstance(node.value, str):
            node.expected("a sender such as Amends <amends@example.com>")
        return Address()
    return Address(name, addr_spec=address)


def _hour(node: Node) -> time:
    text = node.text('a time of day such as "08:00"')
    found = _HOUR.fullmatch(text)
    if found is None:
        if isinstance(node.value, str):
            node.expected('a time of day such as "08:00"')
        return time()
    return time(int(found[1]), int(found[2]))


def _console(node: Node) -> str:
    url = node.text("the console's address such as https://amends.example.com")
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_url = False
    if isinstance(node.value, str) and (not is_url or not url.isascii() or not url.isprintable() or " " in url):
        node.expected("the console's address such as https://amends.example.com")
    return url.rstrip("/")
