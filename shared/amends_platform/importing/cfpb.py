"""The public complaint database of the US Consumer Financial Protection Bureau, in its published CSV form.

Its complaints are anonymous, so each is its own customer. Of the published columns, those that say what the
complaint is about become fields; the rest is kept with the customer, sealed, as it was published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from amends_platform.failures import Failure
from amends_platform.importing.rows import BadRow, Body
from amends_platform.importing.tables import Header

COLUMNS = (
    "Date received",
    "Product",
    "Sub-product",
    "Issue",
    "Sub-issue",
    "Consumer complaint narrative",
    "Company public response",
    "Company",
    "State",
    "ZIP code",
    "Tags",
    "Consumer consent provided?",
    "Submitted via",
    "Date sent to company",
    "Company response to consumer",
    "Timely response?",
    "Consumer disputed?",
    "Complaint ID",
)
_REQUIRED = ("Date received", "Product", "Issue", "Company", "Submitted via", "Complaint ID")
_PLACE = {"State": "state", "ZIP code": "zip_code"}
_PUBLISHED = {
    "Sub-product": "sub_product",
    "Issue": "issue",
    "Sub-issue": "sub_issue",
    "Company public response": "company_public_response",
    "Consumer consent provided?": "consent",
    "Date sent to company": "sent_to_company",
    "Company response to consumer": "company_response",
    "Timely response?": "timely_response",
    "Consumer disputed?": "disputed",
}
# Copies of the data write a missing value in each of these ways.
_MISSING = frozenset({"", "None", "N/A"})
_DATES = (
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "%Y-%m-%d"),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{4}"), "%m/%d/%Y"),
    (re.compile(r"\d{1,2}/\d{1,2}/\d{2}"), "%m/%d/%y"),
)
# Only the day is published. Noon UTC is on that same day from Honolulu to Shanghai, where a policy may have its zone.
_TIME_OF_DAY = time(12, tzinfo=UTC)
_COMPLAINT_ID = re.compile(r"[0-9]{1,20}")


def is_cfpb_table(header: Header) -> bool:
    """Whether these are the published columns."""
    return header.meaningful == frozenset(COLUMNS)


def check_cfpb_table(header: Header) -> None:
    """Raises Failure when a column without which there is no complaint is missing."""
    missing = [name for name in _REQUIRED if name not in header.meaningful]
    if missing:
        raise Failure(f"This is not the CFPB's table of complaints: it has no column {', '.join(missing)}.")


def cfpb_complaint(values: Mapping[str, str]) -> Body:
    """The body of one published complaint; `occurred_at` is the day it was received. Raises BadRow.

    A complaint sent to the company before it was received is one of the publisher's, and is taken as it is.
    """
    given = {name: value for name, text in values.items() if (value := text.strip()) not in _MISSING}
    for name in _REQUIRED:
        if name not in given:
            raise BadRow(f"{name} is empty")
    complaint_id = given["Complaint ID"]
    if _COMPLAINT_ID.fullmatch(complaint_id) is None:
        raise BadRow(f"Complaint ID is {complaint_id!r}: expected a number")
    received = _day("Date received", given["Date received"])
    published = {ours: given[theirs] for theirs, ours in _PUBLISHED.items() if theirs in given}
    if "sent_to_company" in published:
        published["sent_to_company"] = _day("Date sent to company", published["sent_to_company"]).isoformat()
    body: Body = {
        "external_ref": f"cfpb:{complaint_id}",
        "channel": _snake(given["Submitted via"]),
        "branch": given["Company"],
        "product": given["Product"],
        "occurred_at": datetime.combine(received, _TIME_OF_DAY).isoformat(),
        "narrative": given.get("Consumer complaint narrative") or _stand_in(given),
        "customer": {
            "ref": f"cfpb-{complaint_id}",
            **{ours: given[theirs] for theirs, ours in _PLACE.items() if theirs in given},
            "published": published,
        },
    }
    if "Tags" in given:
        body["flags"] = [_snake(tag) for tag in given["Tags"].split(",")]
    return body


def _stand_in(given: Mapping[str, str]) -> str:
    """What stands where the publisher gives no narrative, and says that it does."""
    sub_issue = f" — {given['Sub-issue']}" if "Sub-issue" in given else ""
    return f"[No narrative was published. Issue: {given['Issue']}{sub_issue}]"


def _day(column: str, text: str) -> date:
    for pattern, form in _DATES:
        if pattern.fullmatch(text):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007  # a date, in no zone
            except ValueError:
                break
    raise BadRow(f"{column} is {text!r}: expected a date such as 2011-12-23, 12/23/2011 or 12/23/11")


def _snake(text: str) -> str:
    return "_".join(re.findall(r"\w+", text.lower()))
