"""A table of complaints in our own words: each column is a field of `POST /v1/complaints`."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from amends_platform.failures import Failure
from amends_platform.importing.rows import BadRow, Body
from amends_platform.importing.tables import Header

REQUIRED = ("channel", "narrative", "branch", "customer_ref")
_LISTS = frozenset({"desired_outcomes", "complained_of", "flags"})
_OPTIONAL = frozenset(
    {"kind", "type", "cause", "product", "severity", "reply_by", "occurred_at", "external_ref", "historical"}
)
# Any other column of this prefix is kept, sealed, with the customer: customer_name, customer_phone, customer_email …
_CUSTOMER = "customer_"
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def is_complaint_table(header: Header) -> bool:
    """Whether these columns are ours."""
    return header.meaningful.issuperset(REQUIRED)


def check_complaint_table(header: Header) -> None:
    """Raises Failure unless every needed column is there and every column is known."""
    missing = [name for name in REQUIRED if name not in header.meaningful]
    unknown = sorted(name for name in header.meaningful if not _is_known(name))
    twice = sorted({name for name in header.columns if header.columns.count(name) > 1})
    faults = [f"The column {name} is missing." for name in missing]
    faults += [f"There is no field {name!r}.{_meant(name)}" for name in unknown]
    faults += [f"The column {name} is there twice." for name in twice]
    if faults:
        known = ", ".join((*REQUIRED, *sorted(_OPTIONAL | _LISTS)))
        raise Failure(
            "\n".join(faults)
            + f"\nColumns are: {known}; and {_CUSTOMER}NAME for whatever else is known of the customer."
        )


def complaint(values: Mapping[str, str]) -> Body:
    """The body of one record. Lists are separated by semicolons. Raises BadRow."""
    body: Body = {}
    customer: dict[str, str] = {}
    for name, text in values.items():
        value = text.strip()
        if not value or not _is_known(name):
            continue
        if name.startswith(_CUSTOMER):
            customer[name.removeprefix(_CUSTOMER)] = value
        elif name in _LISTS:
            body[name] = [part.strip() for part in value.split(";") if part.strip()]
        elif name == "historical":
            body[name] = _truth(value)
        else:
            body[name] = value
    if customer:
        body["customer"] = customer
    missing = [name for name in REQUIRED if not values[name].strip()]
    if missing:
        raise BadRow(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} empty")
    return body


def _truth(text: str) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise BadRow(f"historical is {text!r}: expected true or false") from None


def _is_known(name: str) -> bool:
    return name in REQUIRED or name in _OPTIONAL or name in _LISTS or name.startswith(_CUSTOMER)


def _meant(name: str) -> str:
    close = get_close_matches(name.lower().replace(" ", "_"), (*REQUIRED, *_OPTIONAL, *_LISTS), n=1)
    return f" Did you mean {close[0]}?" if close else ""
