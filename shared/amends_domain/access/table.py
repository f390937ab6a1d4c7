"""The table: every action of both services, found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Final

from amends_domain.access.acting import COMMANDS
from amends_domain.access.reading import QUESTIONS
from amends_domain.access.rows import Row

TABLE: Final[Mapping[str, Row]] = {row.action: row for row in chain(*COMMANDS.values(), *QUESTIONS.values())}

# What is answered without a credential: whether a service lives, its figures, its interface; and what leads to
# signing in. None of it says anything of a case.
OPEN: Final[Mapping[str, str]] = {
    "probe": "whether a service lives, and is ready",
    "read-metrics": "counts and durations, without a name in them",
    "read-interface": "the description of the interface",
    "see-sign-in": "the form to sign in with, the way to the provider and back; pictures, styles, language and colours",
}
