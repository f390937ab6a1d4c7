"""How many alerts have come while one watched, and how many of them somebody has seen."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.text import Text

from amends_platform.alerts import ACKNOWLEDGED, KINDS, Alert
from amends_platform.words import Words

_STYLES: Final = {"reminder": "yellow", "breach": "bold red", "escalation": "bold magenta"}


class Tally:
    """Counts alerts, and acknowledgements of those that it has counted."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._open: set[tuple[str, int]] = set()

    def take(self, alert: Alert) -> None:
        """One more has come."""
        case_id, version = str(alert.payload.get("case_id")), alert.payload.get("version", 0)
        if alert.name == ACKNOWLEDGED:
            self._open.discard((case_id, alert.payload.get("acknowledges", 0)))
        else:
            self._counts[alert.kind] += 1
            self._open.add((case_id, version))

    def line(self, said: Words) -> Text:
        """The counts in a line, each with its name beside its colour."""
        counted = {
            "reminder": said.plural("{count} reminder", "{count} reminders", self._counts["reminder"]),
            "breach": said.plural("{count} breach", "{count} breaches", self._counts["breach"]),
            "escalation": said.plural("{count} escalation", "{count} escalations", self._counts["escalation"]),
        }
        parts = [Text(counted[kind], _STYLES[kind] if self._counts[kind] else "dim") for kind in KINDS]
        parts.append(Text(said.text("{count} not acknowledged", count=len(self._open))))
        parts.append(Text(said.text("Ctrl-C ends it"), "dim"))
        return Text(" · ", "dim").join(parts)
