"""What parameters mean that many routes share; a route that means something else says so itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ABOUT: Final[Mapping[str, str]] = {
    "id": "The case's id, or its reference.",
    "ref": "The organisation's own key of the customer; a slash in it is written %2F.",
    "month": "Such as 2026-10, in the time zone of the policy.",
    "kind": "The clock's name, as the policy has it; in lists, whichever of them are named.",
    "min_position": "Wait, for 5 seconds at most, until what the log held at this position can be seen: the `position`"
    " of a command's answer, so that who wrote reads it.",
    "limit": "So many items on a page.",
    "cursor": "From `next` of the page before.",
    "branch": "Those of these branches.",
    "state": "Those in these states; `open` and `closed` stand for many.",
    "grade": "Those of these grades.",
    "type": "Those of these types.",
    "flag": "Those with any of these flags.",
    "customer": "Those of these customers, by the organisation's own key.",
    "breached": "With, or without, a deadline that was ever broken.",
    "due_before": "What is due before.",
    "sort": "By what, the first first; with a minus, the last first.",
    "status": "Those that stand so.",
    "clock": "Those of these clocks.",
    "acknowledged": "Those that somebody has, or nobody has, acknowledged.",
    "kinds": "Which kinds of happenings.",
    "merged": "Also what happened on cases that were merged into this one.",
    "generation": "Which run of the clock; the newest when not said.",
    "personal": "With names and words, where whoever asks may read them.",
    "pdf": "With the dossier on paper.",
    "case": "The case's id, or its reference.",
    "principal": "Whose attempts.",
    "person": "Whoever read.",
    "code": "Those refused with this code.",
    "tree_size": "The number of events in the tree; of the newest checkpoint when not said.",
    "from": "The size of the smaller tree.",
    "to": "The size of the larger tree; of the newest checkpoint when not said.",
    "position": "The event's position in the log.",
    "format": "The format; otherwise Accept says.",
    "language": "The language; otherwise Accept-Language says.",
    "last-event-id": "The `id` of the last event that was received: the stream goes on after it.",
}
