"""Events become JSON and come back; personal data never stays in the clear part."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends_domain.event_codec import EVENT_TYPES, UnknownEventType, decode, encode
from amends_domain.events import (
    CallbackAgreed,
    CaseReopened,
    ComplaintReceived,
    ErasureRequested,
    Event,
    PersonalDataErased,
)
from tests.support.lives import MONDAY

texts = st.text(max_size=20)
VALUES: dict[object, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(0, 2**53),
    bool: st.booleans(),
    datetime: st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    tuple[str, ...]: st.lists(texts, max_size=3).map(tuple),
    Mapping[str, Any]: st.dictionaries(texts, texts, max_size=2),
    Mapping[str, int]: st.dictionaries(texts, st.integers(1, 10), max_size=2),
    type(None): st.none(),
}


def concrete(cls: type[Event]) -> list[type[Event]]:
    return [
        *([cls] if "TYPE" in cls.__dict__ else []),
        *(leaf for each in cls.__subclasses__() for leaf in concrete(each)),
    ]


def of(annotation: object) -> st.SearchStrategy[Any]:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return st.one_of(*(VALUES[kind] for kind in kinds))


def events(cls: type[Event]) -> st.SearchStrategy[Event]:
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # every concrete event is a dataclass
    hints = get_type_hints(cls)
    return st.builds(cls, **{field.name: of(hints[field.name]) for field in fields})


@pytest.mark.parametrize("cls", concrete(Event), ids=lambda cls: cls.TYPE)
@settings(max_examples=20, derandomize=True)
@given(data=st.data())
def test_what_is_written_is_what_is_read(cls: type[Event], data: st.DataObject) -> None:
    event = data.draw(events(cls))
    clear, sealed = encode(event)
    assert decode(event.TYPE, json.loads(json.dumps({**clear, **sealed}))) == event


@pytest.mark.parametrize("cls", concrete(Event), ids=lambda cls: cls.TYPE)
def test_free_text_never_stays_in_the_clear_part(cls: type[Event]) -> None:
    written = {"text", "reason", "narrative", "customer", "findings", "summary"}
    clear = {f.name for f in dataclasses.fields(cls) if not f.metadata.get("personal")}  # type: ignore[arg-type]
    # Why a case was reopened is a code; why a customer was erased must outlive all that is sealed.
    assert not clear & written - ({"reason"} if cls in (CaseReopened, ErasureRequested, PersonalDataErased) else set())


def test_every_type_is_known_by_its_own_name() -> None:
    assert {cls.TYPE for cls in concrete(Event)} == EVENT_TYPES
    assert len(concrete(Event)) == len(EVENT_TYPES)


def test_personal_data_is_kept_apart() -> None:
    event = ComplaintReceived(
        "phone", "north-street", "C-1", "a-agent", narrative="It kept my card.", customer={"name": "Ms. Chen"}
    )
    clear, sealed = encode(event)
    assert sealed == {"narrative": "It kept my card.", "customer": {"name": "Ms. Chen"}}
    assert not set(clear) & {"narrative", "customer"}


def test_without_its_sealed_part_an_event_still_reads() -> None:
    clear, _ = encode(ComplaintReceived("phone", "north-street", "C-1", "a-agent", narrative="…"))
    event = decode("complaint-received", clear)
    assert isinstance(event, ComplaintReceived)
    assert event.narrative is None


def test_times_keep_their_microseconds() -> None:
    at = MONDAY + timedelta(microseconds=1)
    clear, _ = encode(CallbackAgreed(at))
    assert decode("callback-agreed", clear) == CallbackAgreed(at)


def test_a_type_of_a_later_release_is_named() -> None:
    with pytest.raises(UnknownEventType, match="case-teleported"):
        decode("case-teleported", {})


def test_types_are_past_tense_kebab_case() -> None:
    assert all(name == name.lower() and "_" not in name and " " not in name for name in EVENT_TYPES)
