"""The ways of breaking a world, a file a subject. May import everything but `schedule` and what runs it.

Start at `kind`, which says what one is; `KINDS` are all of them, by name.
"""

from __future__ import annotations

from typing import Final

from tests.faults.kinds.broker import BROKER
from tests.faults.kinds.database import DATABASE
from tests.faults.kinds.kind import Kind
from tests.faults.kinds.network import NETWORK
from tests.faults.kinds.poison import POISON
from tests.faults.kinds.processes import PROCESSES

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in (*PROCESSES, *NETWORK, *DATABASE, *BROKER, *POISON)}
