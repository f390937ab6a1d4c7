"""A case's states and deadlines by plain loops over its raw events, for months counted by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

Raw = dict[str, Any]
HOUR = timedelta(hours=1)
STATES = {
    "complaint-received": "received",
    "incident-opened": "received",
    "case-reopened": "received",
    "apology-given": "apologized",
    "investigation-completed": "investigated",
    "proposal-rejected": "investigated",
    "customer-declined": "investigated",
    "resolution-proposed": "proposed",
    "customer-confirmed": "customer-confirmed",
    "followed-up": "followed-up",
    "complaint-withdrawn": "withdrawn",
    "closed-unsatisfied": "closed-unsatisfied",
    "merged-into": "merged",
    "incident-closed": "incident-closed",
}
OPEN = ("received", "apologized", "investigated", "proposed", "customer-confirmed")
CLOCKS = {
    "apology": (24, ("apology-given",)),
    "callback": (168, ("callback-made",)),
    "statutory": (360, ("customer-confirmed", "closed-unsatisfied")),
    "hand_off": (24, ("hand-off-accepted", "hand-off-refused")),
    "follow_up": (72, ("followed-up",)),
}
STARTS = {"hand-off-offered": "hand_off", "customer-confirmed": "follow_up"}


class Life:
    """What the events of one case make of it."""

    def __init__(self, events: list[Raw]) -> None:
        first = events[0]
        self.first, self.events = first, events
        self.is_incident = first["type"] == "incident-opened"
        self.branch = first["data"]["branch"]
        self.is_history = bool(first["data"].get("historical"))
        self.over: list[tuple[str, int | None, str, datetime, datetime, datetime | None]] = []
        self.counting: list[Raw] = []
        self.kind_at: list[str] = []
        self.state_at: list[str] = []
        facts = {name: first["data"].get(name) for name in ("type", "cause", "channel", "grade")}
        kind, state, in_history = first["data"].get("kind", "incident"), "received", self.is_history
        flags = set(first["data"].get("flags", ()))
        self.flags_at: list[set[str]] = []
        for event in events:
            data = event["data"]
            in_history = in_history and event["type"] != "case-reopened"
            state = STATES.get(event["type"], state)
            if event["type"] == "reclassified":
                kind = data["kind"]
            if event["type"] == "case-classified":
                facts |= {name: data[name] for name in ("type", "cause") if name in data}
            if event["type"] == "investigation-completed":
                facts["cause"] = data["cause"]
            if event["type"] == "grade-raised":
                facts["grade"] = data["grade"]
            if event["type"] == "flags-changed":
                flags = (flags - set(data["removed"])) | set(data["added"])
            if not in_history:
                self.counting.append(event)
                self.kind_at.append(kind)
                self.state_at.append(state)
                self.flags_at.append(set(flags))
        self.state, self.kind, self.facts, self.in_history = state, kind, facts, in_history

    @property
    def became_complaint(self) -> Raw | None:
        """The event since which it is one."""
        for place, (event, kind) in enumerate(zip(self.counting, self.kind_at, strict=True)):
            if kind == "complaint":
                return event if place > 0 or event["version"] == 1 else None
        return None

    def state_before(self, place: int) -> str | None:
        if place:
            return self.state_at[place - 1]
        return None if self.counting[0]["version"] == 1 else "closed"

    def was_open(self, at: datetime) -> bool:
        states = [state for event, state in zip(self.counting, self.state_at, strict=True) if event["recorded_at"] < at]
        return bool(states) and states[-1] in OPEN


def deadlines(life: Life, end: datetime) -> list[tuple[str, int | None, str, datetime, datetime, datetime | None]]:
    """(clock, number, how it ended, when that was certain, when it is known to run, when it was stopped)."""
    running: dict[tuple[str, int | None], tuple[datetime, datetime]] = {}
    over: list[tuple[str, int | None, str, datetime, datetime, datetime | None]] = []

    def stop(key: tuple[str, int | None], how: str, at: datetime) -> None:
        due, known = running.pop(key)
        if at > due:
            over.append((*key, "breached", max(due, known), known, at))
        else:
            over.append((*key, how, at, known, at))

    def start(key: tuple[str, int | None], due: datetime, known: datetime) -> None:
        if key not in running:
            running[key] = (due, known)

    for event, kind in zip(life.counting, life.kind_at, strict=True):
        name, data, at = event["type"], event["data"], event["recorded_at"]
        if name in ("reminder-issued", "deadline-breached") or (name == "case-escalated" and "clock" in data):
            continue
        for key in list(running):
            clock, number = key
            if (clock in CLOCKS and name in CLOCKS[clock][1]) or (
                clock == "promise" and name == "promise-kept" and data["number"] == number
            ):
                stop(key, "met", at)
            elif clock == "corrective_action":
                is_done = name == "action-taken" and data["action"] == "corrective_action_done"
                if is_done and data.get("number") in (None, number):
                    stop(key, "met", at)
            elif name in ("complaint-withdrawn", "merged-into") or (
                name in ("followed-up", "closed-unsatisfied") and clock != "promise"
            ):
                stop(key, "cancelled", at)
        begins = name in ("complaint-received", "case-reopened", "reclassified") and kind == "complaint"
        for clock, (hours, _) in CLOCKS.items():
            if (begins and clock in ("apology", "callback", "statutory")) or STARTS.get(name) == clock:
                due = event["occurred_at"] + hours * HOUR
                if clock == "callback" and name == "complaint-received" and "reply_by" in data:
                    due = min(due, datetime.fromisoformat(data["reply_by"]))
                start((clock, None), due, at)
        if name == "callback-agreed":
            if ("callback", None) in running:
                stop(("callback", None), "moved", at)
            start(("callback", None), datetime.fromisoformat(data["at"]), at)
        if name in ("promise-made", "countermeasure-planned"):
            clock = "promise" if name == "promise-made" else "corrective_action"
            start((clock, data["number"]), datetime.fromisoformat(data["due_at"]), at)
    for key, (due, known) in running.items():
        over.append((*key, "breached", max(due, known), known, None) if due < end else (*key, "open", end, known, None))
    return over
