"""What may stand in the query of a URL. Unknown parameters are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from amends_domain.case import Status
from amends_domain.runs import Verdict
from amends_workflow.live.happenings import Kind
from amends_workflow.pages import LIMIT_DEFAULT, LIMIT_MAX
from amends_workflow.reports.media import Format

_POSITION_MAX = 2**63 - 1
# Among owners: whoever asks.
ME = "me"


def _plus_was_meant(value: Any) -> Any:
    # "+08:00" that was not escaped in the URL arrives as " 08:00".
    return value.replace(" ", "+") if isinstance(value, str) and value.count(" ") == 1 and "T" in value else value


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from None


def _no_control(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must not contain control characters")
    return text


Instant = Annotated[AwareDatetime, BeforeValidator(_plus_was_meant), AfterValidator(_in_utc)]
Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128), AfterValidator(_no_control)
]
Position = Annotated[int, Field(ge=1, le=_POSITION_MAX)]
FromPosition = Annotated[int, Field(ge=0, le=_POSITION_MAX)]
Words = Annotated[list[Word], Field(max_length=50)]


class Openness(StrEnum):
    """States by the dozen: all in which work is left, and all in which none is."""

    OPEN = "open"
    CLOSED = "closed"


class AlertKind(StrEnum):
    """What an alert may be."""

    REMINDER = "reminder"
    BREACH = "breach"
    ESCALATION = "escalation"


class Parameters(BaseModel):
    """Base of all queries. `min_position` waits until what the log held at that position can be seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_position: Position | None = None


class PastParameters(Parameters):
    """What is asked about: what was known at an instant, or when the log ended at a position (else: what is known
    now), and of that all, or what had happened by `valid_at`."""

    as_of: Instant | None = Field(None, description="as it was known then: what had been recorded")
    position: Position | None = Field(None, description="as it was known when the log ended there; not with as_of")
    valid_at: Instant | None = Field(None, description="what had happened by then, in hindsight")

    @property
    def is_past(self) -> bool:
        return (self.as_of, self.position, self.valid_at) != (None, None, None)


class CaseParameters(PastParameters):
    """Which state of a case."""


class ExplanationParameters(PastParameters):
    """Which run of the clock, the newest when not said; of which state of the case."""

    generation: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class EvidenceParameters(Parameters):
    """What is in a bundle besides the proof."""

    personal: bool = True
    pdf: bool = False


class Paged(Parameters):
    """A list, page by page."""

    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT
    cursor: Annotated[str, StringConstraints(max_length=2_000)] | None = None


class EventParameters(Paged):
    """`merged`: also what happened on the cases that were merged into this one, in the order of the log."""

    merged: bool = False


class CaseListParameters(Paged):
    """Which cases, in which order. A repeated parameter means any of its values."""

    state: Annotated[list[Status | Openness], Field(max_length=50)] = []
    branch: Words = []
    owner: Words = Field([], description="staff ids; `me` is whoever asks")
    grade: Words = []
    kind: Words = []
    type: Words = []
    flag: Words = []
    customer: Words = []
    incident: Word | None = Field(None, description="the id or the reference of a mass incident: the cases of it")
    breached: bool | None = None
    due_before: Instant | None = None
    q: Word | None = Field(None, description="a reference, customer_ref or external_ref, or how one begins")
    as_of: Instant | None = Field(None, description="the queue as it was known then: what had been recorded")
    valid_at: Instant | None = Field(None, description="the queue as it was then, in hindsight: what had happened")
    sort: Literal["due", "received", "updated", "-due", "-received", "-updated"] = "due"

    def asked_by(self, person: str) -> CaseListParameters:
        """The same, with this person for `me`."""
        if ME not in self.owner:
            return self
        return self.model_copy(update={"owner": [person if each == ME else each for each in self.owner]})


class DeadlineListParameters(Paged):
    """Which deadlines, the earliest due first. A repeated parameter means any of its values."""

    status: Annotated[list[Verdict], Field(max_length=10)] = []
    kind: Words = []
    branch: Words = []
    due_before: Instant | None = None
    as_of: Instant | None = Field(None, description="as they were known then: what had been recorded")
    valid_at: Instant | None = Field(None, description="as they were then, in hindsight: what had happened")


class AlertListParameters(Paged):
    """Which alerts, the newest first. A repeated parameter means any of its values."""

    kind: Annotated[list[AlertKind], Field(max_length=10)] = []
    branch: Words = []
    clock: Words = []
    acknowledged: bool | None = None
    since: Instant | None = Field(None, description="recorded then or later")


class BoardParameters(Parameters):
    """Of which branch; of all of them when not said."""

    branch: Word | None = None


class _Bare(BaseModel):
    """Base of the queries that wait for nothing: they are about what was signed, or about what comes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamParameters(_Bare):
    """What to listen to. A repeated parameter means any of its values."""

    branch: Words = []
    kinds: Annotated[list[Kind], Field(max_length=10, description="all of them when not said")] = []
    after: FromPosition | None = Field(
        None, description="go on after this position; the header Last-Event-ID, which says the same, comes first"
    )


class RefusalParameters(Paged):
    """Which refusals, the latest first. `case` is an id or a reference, `principal` a person."""

    case: Word | None = None
    principal: Word | None = None
    code: Word | None = None


class ReadingParameters(Paged):
    """Which readings of personal data, the latest first. `case` is an id or a reference, `customer` a customer.ref,
    `person` whoever read."""

    case: Word | None = None
    customer: Word | None = None
    person: Word | None = None
    from_: Annotated[Instant | None, Field(alias="from", description="read then or later")] = None
    to: Instant | None = Field(None, description="read before then")


class CheckpointParameters(_Bare):
    """Which checkpoint; the newest when not said."""

    tree_size: Position | None = None


class InclusionParameters(_Bare):
    """Which event, in the tree of which size; that of the newest checkpoint when not said."""

    position: Position
    tree_size: Position | None = None


class ConsistencyParameters(_Bare):
    """Which tree begins which; the second is that of the newest checkpoint when not said."""

    from_: Annotated[Position, Field(alias="from")]
    to: Position | None = None


class ReportParameters(_Bare):
    """For which branch; all of them, where the key may see them, when not said. In which format and language, where
    the headers Accept and Accept-Language do not say."""

    branch: Word | None = None
    format: Format | None = None
    language: Literal["en", "zh"] | None = None
