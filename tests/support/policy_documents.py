"""Policies to change one thing in: the one that the domain description prints, as a parsed document, and files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from amends_domain.policy import Policy

NO_HOLIDAYS: Mapping[str, Any] = {
    "country": None,
    "source": None,
    "known_from": "2025-01-01",
    "known_through": "2026-12-31",
    "holidays": {},
    "working_days": {},
}


def document(**changes: Any) -> dict[str, Any]:
    """The policy that DOMAIN prints, as YAML gives it."""
    return {
        "policy": "bank-cn",
        "version": 3,
        "effective_from": date(2026, 1, 1),
        "timezone": "Asia/Shanghai",
        "calendar": {
            "country": "CN",
            "business_hours": "09:00-17:30",
            "workdays": ["mon", "tue", "wed", "thu", "fri"],
        },
        "grades": [
            {
                "grade": "major",
                "when": {"channel": ["media", "regulator", "head_office"]},
                "notify": ["general_office", "marketing"],
            },
            {"grade": "major", "when": {"flag": ["severe"]}},
            {"grade": "ordinary"},
        ],
        "clocks": {
            "apology": {"from": "complaint-received", "stop": ["apology-given"], "due": "24h", "warn": ["75%"]},
            "callback": {
                "from": "complaint-received",
                "stop": ["callback-made"],
                "due": "agreed",
                "at_most": "7d",
                "warn": ["24h before", "2h before"],
                "extend": {"requires": "customer-agreed", "before": "due", "at_most": "7d"},
            },
            "statutory": {
                "from": "complaint-received",
                "stop": ["customer-confirmed", "closed-unsatisfied"],
                "due": "15d",
                "extend": [
                    {"to": "30d", "requires": {"flag": "complex"}},
                    {"to": "60d", "requires": {"approval": "department_head"}},
                ],
            },
            "cash_jam": {
                "when": {"type": "atm", "cause": "cash_jam"},
                "from": "complaint-received",
                "stop": ["action:refund_made"],
                "due": "5bd",
                "warn": ["3bd"],
                "urgent": "same_day",
            },
            "follow_up": {"from": "customer-confirmed", "stop": ["followed-up"], "due": "3bd", "warn": ["1bd before"]},
        },
        "authority": {
            "handler": 0,
            "supervisor": 500,
            "department_head": 5000,
            "always_approve": {"type": ["mis_selling"], "by": "department_head"},
        },
        "ladder": [
            {"after": "0h", "to": "service_admin"},
            {"after": "1bd", "to": "department_manager"},
            {"after": "2bd", "to": "vice_president"},
        ],
        "mass": {"same": "cause", "count": 10, "within": "24h"},
        "repeat": {"same": ["customer", "type"], "within": "30d"},
        "survey": {"unhappy": "1-6", "neutral": "7-8", "delighted": "9-10"},
        "quotas": {"north-street": {"per_10k_customers": 25, "customers": 53000, "volume": 130}},
        **changes,
    }


def build(**changes: Any) -> Policy:
    return Policy.build(document(**changes), NO_HOLIDAYS)


CLOCK = {"from": "complaint-received", "stop": ["apology-given"], "due": "24h"}


def clock(**changes: Any) -> dict[str, Any]:
    return {"clocks": {"apology": {key: value for key, value in {**CLOCK, **changes}.items() if value is not ...}}}


GOOD_FILE = """\
# A policy to break.
policy: north
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
calendar: {country: CN, business_hours: "09:00-17:30", workdays: [mon, tue, wed, thu, fri]}
grades:
  - {grade: major, when: {channel: [media]}}
clocks:
  apology:
    from: complaint-received
    stop: [apology-given]
    due: 24h
    warn: [75%]
  callback: {from: complaint-received, stop: [callback-made], due: agreed, at_most: 7d}
authority:
  supervisor: 500
"""

FULL_FILE = """\
# A policy with every section, to break.
policy: full
version: 1
effective_from: 2026-01-01
timezone: Europe/London
calendar: {country: GB, subdivision: ENG, business_hours: "09:00-17:00"}
include: [uk-disp]
grades:
  - {grade: major, when: {channel: media}, notify: [general_office]}
clocks:
  decision:
    from: complaint-received
    stop: [customer-confirmed]
    due: 15d
    extend:
      - {to: 30d, requires: {flag: complex}}
      - {to: 60d, requires: {approval: department_head}}
  callback:
    from: complaint-received
    stop: [callback-made]
    due: agreed
    extend: {requires: customer-agreed, at_most: 7d}
  card:
    from: "action:customer_told"
    stop: ["action:card_collected"]
    due: 3bd
    owed_by: customer
  promise: {from: promise-made, stop: [promise-kept], due: promised, warn: [75%]}
  refund:
    from: complaint-received
    stop: ["action:refund_made"]
    due: 5bd
    ladder:
      - {before: 1bd, to: cashier}
ladder:
  - {after: 0h, to: service_admin}
  - {after: 1bd, to: vice_president, when: {clock: [decision], grade: [major]}}
authority:
  supervisor: 500
  close_unsatisfied: [department_head, executive]
mass: {same: cause, count: 10, within: 24h}
repeat: {same: [customer, type], within: 30d}
late_entry: 1h
heads: {north-street: s-1}
survey: {unhappy: 1-6, neutral: 7-8, delighted: 9-10}
quotas: {north-street: {per_10k_customers: 25, customers: 53000, volume: 130}}
scorecard: {start: 100, escalation: 0.6, mass_incident: 0.5}
standards:
  - {name: apology, kind: timeliness, from: complaint-received, to: [apology-given], within: 24h, target: 95%}
  - {name: settled, kind: accuracy, of: followed-up, spoilt_by: case-reopened, target: 97%, title: {en: Settled}}
satisfaction_index:
  manner: {weight: 60, of: {listened: 3, explained: {weight: 2, title: {en: We explained}}}}
  speed: 40
playbooks:
  waiting_time:
    en:
      first_words: We are sorry.
      ask: [How long?]
      avoid: [Excuses.]
      times: Today.
"""


def changed(old: str, new: str, text: str = GOOD_FILE) -> str:
    """The text with one thing changed, which stands in it once."""
    assert text.count(old) == 1, old
    return text.replace(old, new)
