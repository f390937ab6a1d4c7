"""What a mass incident is called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from amends_platform.words import lengths

if TYPE_CHECKING:
    from amends_platform.words.vocabulary import Words

# As `amends_platform.openings` writes it into the log, once for every reader.
_OF_THE_POLICY: Final = re.compile(r"(\d+) complaints with (\w+) (\S+) within (\d+)(s|m|h|bd|d)")


def title(said: Words, title: str) -> str:
    """A person's title as it is; the one that the policy gives, with its codes and its length of time in words."""
    found = _OF_THE_POLICY.fullmatch(title)
    if found is None:
        return title
    count, same, value, amount, unit = found.groups()
    return said.text(
        "{count} complaints with {same} {value} within {length}",
        count=count,
        same=said.term("fact", same),
        value=said.term(same, value),
        length=lengths.of_units(said, int(amount), unit),
    )
