"""What is sent and answered. Made from the OpenAPI documents by `make docs`; do not edit."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict


class AcceptanceBody(TypedDict):
    """
    Whoever accepts owns the case from now on. The object is empty.
    """

    occurred_at: NotRequired[str | None]


class AcknowledgementBody(TypedDict):
    """
    `position` is that of the reminder, the breach or the escalation that was seen.
    """

    occurred_at: NotRequired[str | None]
    position: int


class ActionBody(TypedDict):
    occurred_at: NotRequired[str | None]
    action: str
    number: NotRequired[int | None]
    text: NotRequired[str | None]


class AgesAnswer(TypedDict):
    """
    Open cases by how long ago the customer raised them: `ages` counts them by `age_days` of the board, which are
    the days at which one count ends and the next begins.
    """

    total: int
    ages: list[int]


class AlertAnswer(TypedDict):
    """
    A reminder, a breach or an escalation: `position` is that of its event, and what acknowledging it names. `owner`
    answered for the case then. `clock` is null for an escalation that is about none; `role` is who is told of one.
    `owed_by` is customer where it was the customer's own time.
    """

    position: int
    case_id: str
    reference: str
    branch: str
    kind: str
    clock: str | None
    role: str | None
    owed_by: str | None
    due_at: str | None
    owner: str
    recorded_at: str
    acknowledged_by: str | None
    acknowledged_at: str | None
    acknowledged_position: int | None


AlertKind: TypeAlias = Literal["reminder", "breach", "escalation"]


class AlertPage(TypedDict):
    items: list[AlertAnswer]
    next: str | None


class AnsweredDeadline(TypedDict):
    """
    A clock of the case: what is due when, and how it stands. `number`: of the promise, where it runs for one.
    """

    kind: str
    due_at: str
    status: str
    number: NotRequired[int | None]


class Apology(TypedDict):
    by_channel: str
    text: str


class ApologyBody(TypedDict):
    occurred_at: NotRequired[str | None]
    by_channel: str
    text: str


class ApprovalBody(TypedDict):
    occurred_at: NotRequired[str | None]
    reason: str


class AssignmentBody(TypedDict):
    occurred_at: NotRequired[str | None]
    owner: str
    reason: NotRequired[str | None]


class BranchAnswer(TypedDict):
    """
    One branch: open cases, deadlines that are overdue or due within a day, breaches of today, alerts that nobody
    has acknowledged.
    """

    branch: str
    open: int
    overdue: int
    due_in_a_day: int
    breaches_today: int
    unacknowledged: int


class CallbackBody(TypedDict):
    """
    `contact_position`: the contact in which the customer agreed, where this moves the callback to later.
    """

    occurred_at: NotRequired[str | None]
    at: str
    contact_position: NotRequired[int | None]


class CaseListItem(TypedDict):
    """
    A case in a list. `breached`: any deadline of it ever was.
    """

    id: str
    reference: str
    state: str
    version: int
    position: int
    grade: str
    owner: str
    branch: str
    cycle: int
    kind: str
    channel: str
    type: str | None
    cause: str | None
    customer_ref: str
    external_ref: str | None
    flags: list[str]
    historical: bool
    breached: bool
    hand_offs: int
    escalations: int
    incident: str | None
    merged_into: str | None
    next_due_at: str | None
    next_due_clock: str | None
    received_at: str
    recorded_at: str
    updated_at: str


class CasePage(TypedDict):
    """
    `as_of` and `valid_at` are what was asked for.
    """

    items: list[CaseListItem]
    next: str | None
    as_of: str | None
    valid_at: str | None


class CaseReference(TypedDict):
    """
    Another case.
    """

    id: str
    reference: str


CaseState: TypeAlias = Literal[
    "received",
    "apologized",
    "investigated",
    "proposed",
    "customer-confirmed",
    "followed-up",
    "withdrawn",
    "closed-unsatisfied",
    "merged",
    "incident-closed",
]


class ChildAnswer(TypedDict):
    """
    What became of the command on one case of an incident: `code` and `detail` say why it was refused. How it stands
    is null for those who may not read it.
    """

    id: str
    reference: str
    status: Literal["applied", "refused"]
    state: str | None
    version: int | None
    position: int | None
    code: NotRequired[str | None]
    detail: NotRequired[str | None]


class ClassificationBody(TypedDict):
    """
    What is left out stays as it is. `complained_of` adds staff; a grade is only ever raised, with a reason.
    """

    occurred_at: NotRequired[str | None]
    kind: NotRequired[Literal["complaint", "inquiry", "suggestion", "praise"] | None]
    type: NotRequired[str | None]
    cause: NotRequired[str | None]
    product: NotRequired[str | None]
    severity: NotRequired[str | None]
    desired_outcomes: NotRequired[list[str] | None]
    complained_of: NotRequired[list[str]]
    grade: NotRequired[Literal["ordinary", "escalated", "major"] | None]
    reason: NotRequired[str | None]


class ClosureBody(TypedDict):
    """
    Closes an incident; complaints are closed by what became of them.
    """

    occurred_at: NotRequired[str | None]
    reason: str


class CommandAnswer(TypedDict):
    """
    The case after the command. `position` is that of the command's last event. `children`: of an incident that
    handed the command on to its cases, each of them.
    """

    id: str
    reference: str
    state: str
    version: int
    position: int
    deadlines: list[AnsweredDeadline]
    children: NotRequired[list[ChildAnswer] | None]


class Confirmation(TypedDict):
    by_channel: str
    text: NotRequired[str | None]


class ConfirmationBody(TypedDict):
    occurred_at: NotRequired[str | None]
    by_channel: str
    text: NotRequired[str | None]


ConsistencyAnswer = TypedDict(
    "ConsistencyAnswer",
    {
        "from": int,
        "to": int,
        "proof": list[str],
    },
)


class CorrectionBody(TypedDict):
    """
    `position` is that of the entry that is wrong; `text` says what is right.
    """

    occurred_at: NotRequired[str | None]
    position: int
    text: str


class CountermeasureAnswer(TypedDict):
    """
    What `owner` has still to change by `due_at`.
    """

    number: int
    due_at: str
    owner: str


class Customer(TypedDict):
    """
    Who complains. `ref` is the organisation's own key of the customer; everything else is sealed.
    """

    ref: str
    name: NotRequired[str | None]
    phone: NotRequired[str | None]


DeadlineStatus: TypeAlias = Literal["pending", "met", "extended", "cancelled", "breached"]


class DeclineBody(TypedDict):
    occurred_at: NotRequired[str | None]
    by_channel: str
    reason: str


class ErasureApprovalBody(TypedDict):
    """
    Nothing to say: the reason is that of the request.
    """


class ErasureBody(TypedDict):
    """
    `reason` stays readable for ever, and must not say who the customer is.
    """

    reason: str


class ErasureCase(TypedDict):
    """
    A case of the customer at this version: in the record of an erasure, its event that says so.
    """

    id: str
    reference: str
    position: int
    version: int


class ErasureEntry(TypedDict):
    """
    A case of the customer, and where in the log it says so.
    """

    id: str
    reference: str
    position: int


class ErasureRecord(TypedDict):
    """
    One end of a customer's key. `certificate` is a signed note, null while the key store still holds the key;
    `checkpoint` the first signed one that covers the events on the cases, null until then.
    """

    key_id: str
    requested_by: str
    approved_by: str
    reason: str
    erased_at: str
    cases: list[ErasureCase]
    certificate: str | None
    checkpoint: str | None


class ErasureRejectionBody(TypedDict):
    """
    `reason` is sealed like all that is written about a customer.
    """

    reason: NotRequired[str | None]


class ErasureStatus(TypedDict):
    """
    `kept`: nobody asks for an erasure. `erased`: and nothing was added since; then `certificate` is of the last one.

    `requested_by` and `reason` are those of a request that waits for another person's answer. `held`: cases under
    legal hold.
    """

    customer_ref: str
    status: Literal["kept", "requested", "erased"]
    requested_by: str | None
    reason: str | None
    held: list[str]
    cases: list[ErasureCase]
    erasures: list[ErasureRecord]
    certificate: str | None


class EscalationBody(TypedDict):
    occurred_at: NotRequired[str | None]
    reason: str
    to: NotRequired[str | None]


class EventAnswer(TypedDict):
    """
    An event of the log. `personal` is there for those who may read it, where the event has a sealed part: the
    part itself, or null with the reason in `personal_missing` ("erased": its key is gone; "unreadable";
    "purpose-missing": say what it is read for). `data` is without `complained_of` for those who may not know whom of
    the staff a complaint names. `case_id` and `reference` are there where events of several cases are answered.
    """

    position: int
    version: int
    id: str
    type: str
    schema_version: int
    occurred_at: str
    recorded_at: str
    actor: str
    correlation_id: str
    causation_id: str | None
    policy_hash: str | None
    data: dict[str, Any]
    leaf_hash: str
    personal: NotRequired[dict[str, Any] | None]
    personal_missing: NotRequired[str | None]
    case_id: NotRequired[str | None]
    reference: NotRequired[str | None]


class EventPage(TypedDict):
    items: list[EventAnswer]
    next: str | None


class EventReference(TypedDict):
    """
    An event by which something came about.
    """

    position: int
    version: int
    type: str
    occurred_at: str
    recorded_at: str
    actor: str


class ExplainedExtension(TypedDict):
    """
    What moved the clock: run `generation`, due at `due_at`, became the next, due at `moved_to`. `why` is agreed,
    approved, retimed, urgent, or the flag or action that a longer term requires (`flag:NAME`, `action:NAME`).
    `contact` is the one in which the customer was told why an agreed time was put off.
    """

    generation: int
    due_at: str
    moved_to: str
    later: bool
    status: str
    why: str
    by: EventReference
    contact: EventReference | None


class ExplainedPromise(TypedDict):
    """
    What the clock runs for: a promise, or a countermeasure, and who has to see to it. `from_case` is the merged
    case that it came with.
    """

    number: int
    by: str
    from_case: str | None


class ExplainedRuleStep(TypedDict):
    """
    A step of the ladder as the policy has it: when, and which role is told, on cases of which grades (none named:
    of every grade).
    """

    at: str
    to: str
    grades: list[str]


class ExplainedSkippedDay(TypedDict):
    date: str
    reason: str


class ExplainedStep(TypedDict):
    """
    A step of the ladder on this case: `issued`, or to come at `at` unless the clock is stopped before.
    """

    step: int
    label: str
    to: str
    at: str
    issued: bool


class ExplainedWarning(TypedDict):
    step: int
    warning: str
    at: str
    issued: bool


class ExtensionBody(TypedDict):
    """
    The approval that the next longer term of a clock takes.
    """

    occurred_at: NotRequired[str | None]
    clock: str
    reason: str


class FieldError(TypedDict):
    """
    What is wrong in one place: a JSON pointer into the body, or the name of a parameter.
    """

    pointer: NotRequired[str | None]
    parameter: NotRequired[str | None]
    detail: str


class FlagsBody(TypedDict):
    occurred_at: NotRequired[str | None]
    add: NotRequired[list[str]]
    remove: NotRequired[list[str]]
    reason: NotRequired[str | None]


class FollowUpBody(TypedDict):
    """
    `executed`: the solution was carried out; then the customer's satisfaction belongs to it, and, where the policy
    has a satisfaction index, `answers` to its indicators.
    """

    occurred_at: NotRequired[str | None]
    executed: bool
    satisfaction: NotRequired[int | None]
    text: NotRequired[str | None]
    answers: NotRequired[dict[str, int] | None]


class HandOffAnswer(TypedDict):
    """
    An offer of the case that is neither accepted nor refused: to a person, or to a department.
    """

    offered_by: str
    to_person: str | None
    to_department: str | None


class HandOffBody(TypedDict):
    """
    Offers the case to a person (`owner`) or to a department: to exactly one of them.
    """

    occurred_at: NotRequired[str | None]
    owner: NotRequired[str | None]
    department: NotRequired[str | None]
    reason: NotRequired[str | None]


class Happening(TypedDict):
    """
    The data of one server-sent event: an event of the log, and its case as this very event left it. `clock` and
    `due_at` are there where it is about a clock, `to` is the role that is told of an escalation.
    """

    position: int
    case_id: str
    reference: str
    type: str
    branch: str
    state: str
    owner: str
    grade: str
    clock: str | None
    to: str | None
    due_at: str | None
    occurred_at: str


HappeningKind: TypeAlias = Literal["case", "reminder", "breach", "escalation"]


class HoldBody(TypedDict):
    """
    Nothing of the customer's may be erased while the case is held.
    """

    occurred_at: NotRequired[str | None]
    reason: str


class HourAnswer(TypedDict):
    """
    How many deadlines fall due in the hour that begins then.
    """

    begins_at: str
    due: int


class IncidentBody(TypedDict):
    """
    Complaints whose `same` is `value` belong to the incident while it is open.
    """

    occurred_at: NotRequired[str | None]
    title: str
    same: Literal["cause", "type", "product", "branch"]
    value: str
    branch: NotRequired[str | None]


class IncidentOfAnswer(TypedDict):
    """
    What an incident is: those whose fact `same` is `value` belong to it. `automatic`: the policy opened it.
    """

    title: str
    same: str
    value: str
    automatic: bool


class IncidentReference(TypedDict):
    """
    The mass incident that a case belongs to.
    """

    id: str
    reference: str
    title: str


class InclusionAnswer(TypedDict):
    """
    Source: RFC 9162, 2.1.3. The event at position p is leaf p - 1; hashes are in standard base64.
    """

    position: int
    tree_size: int
    leaf_hash: str
    proof: list[str]


JsonValue: TypeAlias = Any


class LinkBody(TypedDict):
    """
    `relation` says what the other case has to do with this one. With an incident, this case belongs to it.
    """

    occurred_at: NotRequired[str | None]
    case: str
    relation: NotRequired[Literal["same-matter", "same-customer", "follows", "related"]]


class MergeBody(TypedDict):
    occurred_at: NotRequired[str | None]
    into: str
    reason: str


class NoteBody(TypedDict):
    occurred_at: NotRequired[str | None]
    text: str


class OpenIncidentAnswer(TypedDict):
    """
    A mass incident that is open: its cases are those whose fact `same` is `value`; `open_cases` are still open.
    """

    id: str
    reference: str
    title: str
    same: str
    value: str
    branch: str
    owner: str
    opened_at: str
    cases: int
    open_cases: int


Openness: TypeAlias = Literal["open", "closed"]


class PlannedCountermeasure(TypedDict):
    """
    What shall change because of the complaint. With `due_at` it is a clock; it is the owner's of the case unless
    `owner` is another.
    """

    text: str
    owner: NotRequired[str | None]
    due_at: NotRequired[str | None]


class PlaybookAnswer(TypedDict):
    """
    What to do with this type of complaint: the first words, what to ask, what to avoid, and what the customer may
    be told about times.
    """

    first_words: str
    ask: list[str]
    avoid: list[str]
    times: str


class PolicyAnswer(TypedDict):
    """
    The version of the policy that judged. `hash` is the SHA-256 of its content in hexadecimal.
    """

    name: str
    version: int
    hash: str


class ProblemDetails(TypedDict):
    """
    Every error is answered like this. What more there is depends on the type. Source: RFC 9457.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: NotRequired[list[FieldError]]
    state: NotRequired[str | None]
    version: NotRequired[int | None]
    allowed: NotRequired[list[str]]


class PromiseAnswer(TypedDict):
    """
    What the customer was told would happen. `status`: open, kept, broken or cancelled; a broken one may still be
    `open`: then the customer still waits.
    """

    number: int
    due_at: str
    status: str
    open: bool
    promised_by: str | None


class PromiseBody(TypedDict):
    occurred_at: NotRequired[str | None]
    text: str
    due_at: str


class PromiseKeptBody(TypedDict):
    occurred_at: NotRequired[str | None]
    text: NotRequired[str | None]


class PromiseMade(TypedDict):
    """
    What the customer was told would happen, and by when.
    """

    text: str
    due_at: str


class Proposal(TypedDict):
    """
    What is offered. `amount` and `currency` (ISO 4217) come together or not at all.
    """

    kind: str
    text: str
    amount: NotRequired[float | str | None]
    currency: NotRequired[str | None]


class ProposalAnswer(TypedDict):
    """
    What is on the table. `approval_by` is the role whose approval is pending, `approved_as` the one that it needed
    and has had.
    """

    kind: str
    amount: str | None
    currency: str | None
    proposed_by: str
    approval_by: str | None
    approved_as: str | None


class ProposalBody(TypedDict):
    occurred_at: NotRequired[str | None]
    kind: str
    text: str
    amount: NotRequired[float | str | None]
    currency: NotRequired[str | None]


class ReadingAnswer(TypedDict):
    """
    One request that opened personal data: who, by which grant (`branch` null: for the whole tenant), what for, and
    into which kind of `answer` it went. `case_id` is null where it was about all of a customer.
    """

    id: int
    read_at: str
    person: str
    role: str
    branch: str | None
    purpose: str
    answer: str
    case_id: str | None
    reference: str | None
    customer_ref: str
    correlation_id: str


class ReadingPage(TypedDict):
    items: list[ReadingAnswer]
    next: str | None


class RefusalAnswer(TypedDict):
    """
    A command that was refused on grounds of authority or recusal. `case_id` is null where it would have begun a
    case; `branch` is that of the key, null for the whole tenant.
    """

    id: int
    refused_at: str
    principal: str
    role: str
    branch: str | None
    case_id: str | None
    reference: str | None
    command: str
    code: str
    detail: str
    correlation_id: str


class RefusalBody(TypedDict):
    occurred_at: NotRequired[str | None]
    reason: str


class RefusalPage(TypedDict):
    items: list[RefusalAnswer]
    next: str | None


class RejectionBody(TypedDict):
    occurred_at: NotRequired[str | None]
    reason: str


class ReleaseHoldBody(TypedDict):
    occurred_at: NotRequired[str | None]
    reason: str


class ReopeningBody(TypedDict):
    occurred_at: NotRequired[str | None]
    reason: Literal["overdue", "broken-promise", "passed-around", "recurrence", "new-facts"]
    text: NotRequired[str | None]


class ReportCauseRow(TypedDict):
    """
    A cause: complaints of the month, and its countermeasures: open before, planned, done, found late, open after.
    """

    cause: str
    complaints: int
    before: int
    planned: int
    done: int
    late: int
    open: int


class ReportCovering(TypedDict):
    """
    The first signed checkpoint that covers the cut: the signed note, and what it says.
    """

    tree_size: int
    root_hash: str
    signed_at: str
    note: str


class ReportDiscussed(TypedDict):
    """
    A case worth discussing and the rule that chose it.
    """

    rule: str
    reference: str
    case_id: str
    branch: str


ReportFormat: TypeAlias = Literal["json", "html", "csv", "xlsx", "pdf"]


class ReportHandOffs(TypedDict):
    """
    Hand-offs accepted and refused; `per_case` is accepted ones for each record open at some time in the month.
    """

    accepted: int
    refused: int
    cases: int
    per_case: float | None


class ReportIncidents(TypedDict):
    """
    Mass incidents opened, by the policy or by a person, and cases found to belong to one.
    """

    opened: int
    automatic: int
    linked_cases: int


class ReportIndex(TypedDict):
    """
    A part of the satisfaction index: the weighted mean of its parts that were answered, or of the answers.

    `pulls_down`: by how much of the whole index it is the lower for being below the index itself; 0 where it is not.
    """

    name: str
    titles: dict[str, str]
    weight: float
    answers: int
    value: float | None
    pulls_down: float
    parts: list[ReportIndex]


class ReportJudge(TypedDict):
    """
    A policy version; `in_force` for the one that the pack itself is made by.
    """

    name: str
    version: int
    hash: str
    in_force: bool


class ReportPart(TypedDict):
    """
    One of several parts that make a whole. `name` is empty where nobody has told.
    """

    name: str
    count: int


class ReportPerCustomers(TypedDict):
    """
    Complaints per 10,000 customers, and the cap that the policy sets, if it does. `of_cap` is per cent.
    """

    complaints: int
    customers: int
    rate: float
    cap: float | None
    of_cap: float | None


class ReportReconciliation(TypedDict):
    """
    The parts, with their signs, and the total that they should make. `difference` is parts less total: 0 is well.

    `branch` None: of all together.
    """

    name: str
    branch: str | None
    parts: list[ReportPart]
    total: int
    difference: int


class ReportRecovery(TypedDict):
    """
    Customers whose complaints were closed, by how, and how many per cent of them are expected to buy again.

    `other_kinds` are records closed that were no complaints, and count for nothing here.
    Of customers who did not complain 9 % bought again; complained and unresolved 19 %, resolved 54 %, quickly 82 %.
    """

    unresolved: int
    resolved: int
    resolved_quickly: int
    other_kinds: int
    expected_percent: float | None
    without_complaint_percent: float


class ReportRecurred(TypedDict):
    """
    A countermeasure, and the complaints of its cause at its branch in the 30 days before and after it was done.
    """

    branch: str
    cause: str
    reference: str
    number: int
    done_at: str
    before: int
    after: int


class ReportScorecard(TypedDict):
    """
    Points: `start` less what each escalation and each mass incident deducts; never below 0. A score is a branch's:
    of all together, and of the incidents of all branches, it is None.
    """

    start: float
    escalations: int
    per_escalation: float
    mass_incidents: int
    per_mass_incident: float
    deducted: float
    score: float | None


class ReportShare(TypedDict):
    """
    `part` of `whole`, and that per cent; None where the whole is 0. A part may be more than its whole.
    """

    part: int
    whole: int
    percent: float | None


class ReportStay(TypedDict):
    """
    How long complaints were in a state, of the stays that ended in the month. p90: nine in ten were no longer.
    """

    state: str
    count: int
    median_seconds: float
    p90_seconds: float


class ReportTrendPoint(TypedDict):
    """
    A standard's result in a month. `percent` and `mean_seconds` are None where nothing was measured.
    """

    month: str
    good: int
    measured: int
    percent: float | None
    mean_seconds: float | None


class ReportVolumes(TypedDict):
    """
    What came. `received` are records by kind; `complaints` those received as one, and those that became one.
    """

    records: int
    received: list[ReportPart]
    turned_into_complaints: int
    complaints: int
    against_quota: ReportShare | None
    per_10k_customers: ReportPerCustomers | None
    types: list[ReportPart]
    causes: list[ReportPart]
    channels: list[ReportPart]
    grades: list[ReportPart]
    imported: int


class ReportedMonth(TypedDict):
    """
    A month since the log began. Of one that is over there is a report; of the other, measures to date.
    """

    month: str
    is_over: bool


class RetimingBody(TypedDict):
    """
    Lets a running clock be judged by the policy in force now.
    """

    occurred_at: NotRequired[str | None]
    clock: str
    reason: str


class ReviewBody(TypedDict):
    occurred_at: NotRequired[str | None]
    text: str


class SigningKeyAnswer(TypedDict):
    """
    The public key of checkpoints and certificates, as tools want it: raw in base64, as a verifier key of signed
    notes, in PEM. `key_id` is the hexadecimal id that stands before a signature. `earlier` are the verifier keys that
    signed here before, the first one first: what they signed stays proof.
    """

    name: str
    algorithm: str
    key_id: str
    public_key: str
    vkey: str
    pem: str
    earlier: list[str]


class StateAnswer(TypedDict):
    """
    The open cases in one state.
    """

    total: int
    ages: list[int]
    state: str


class TimelineItem(TypedDict):
    """
    An event that concerned the customer, with its case. `spoken_by` is the staff id of whoever spoke with them, or
    promised; null for what the system wrote. `actor` entered it.
    """

    position: int
    version: int
    id: str
    type: str
    schema_version: int
    occurred_at: str
    recorded_at: str
    actor: str
    correlation_id: str
    causation_id: str | None
    policy_hash: str | None
    data: dict[str, Any]
    leaf_hash: str
    personal: NotRequired[dict[str, Any] | None]
    personal_missing: NotRequired[str | None]
    case_id: NotRequired[str | None]
    reference: NotRequired[str | None]
    spoken_by: str | None


class TodayAnswer(TypedDict):
    """
    What was recorded since midnight. A lapse is a breach of the customer's own time.
    """

    begins_at: str
    reminders: int
    breaches: int
    lapses: int
    escalations: int


class UnacknowledgedAnswer(TypedDict):
    """
    Alerts that nobody has acknowledged, of whatever day.
    """

    reminders: int
    breaches: int
    escalations: int


class UnsatisfiedClosureBody(TypedDict):
    """
    From a role that must agree it is its approval, from others the request for them.
    """

    occurred_at: NotRequired[str | None]
    reason: str


class WithdrawalBody(TypedDict):
    occurred_at: NotRequired[str | None]
    by_channel: str
    reason: str


class BoardAnswer(TypedDict):
    """
    Everything as of the log's `position`, at `at`. `overdue` counts deadlines that have passed and that somebody
    still waits for. `incidents` are the latest 50.
    """

    at: str
    position: int
    timezone: str
    branch: str | None
    age_days: list[int]
    open: AgesAnswer
    states: list[StateAnswer]
    overdue: int
    hours: list[HourAnswer]
    today: TodayAnswer
    unacknowledged: UnacknowledgedAnswer
    incidents: list[OpenIncidentAnswer]
    branches: list[BranchAnswer]


class CaseDeadlineAnswer(TypedDict):
    """
    `number` is that of the promise or countermeasure that the clock runs for. `owed_by` the organisation or the
    customer, whose own time it is then. `pack` is the included policy that the clock came with.
    """

    kind: str
    generation: int
    cycle: int
    status: str
    started_at: str
    due_at: str
    ended_at: str | None
    breached_at: str | None
    provisional: bool
    policy: PolicyAnswer
    number: int | None
    owed_by: str
    pack: str | None


class ComplaintBody(TypedDict):
    occurred_at: NotRequired[str | None]
    channel: str
    narrative: str
    branch: str
    customer: Customer
    kind: NotRequired[Literal["complaint", "inquiry", "suggestion", "praise"]]
    type: NotRequired[str | None]
    cause: NotRequired[str | None]
    product: NotRequired[str | None]
    severity: NotRequired[str | None]
    desired_outcomes: NotRequired[list[str]]
    complained_of: NotRequired[list[str]]
    flags: NotRequired[list[str]]
    reply_by: NotRequired[str | None]
    external_ref: NotRequired[str | None]
    historical: NotRequired[bool]


class ContactBody(TypedDict):
    """
    An exchange with the customer. `reason_explained` and `agreed_callback_at` speak of a delayed callback.
    """

    occurred_at: NotRequired[str | None]
    direction: Literal["inbound", "outbound"]
    channel: str
    summary: str
    reached: NotRequired[bool]
    reason_explained: NotRequired[bool]
    agreed_callback_at: NotRequired[str | None]
    promise: NotRequired[PromiseMade | None]
    spoken_by: NotRequired[str | None]


class DeadlineListItem(TypedDict):
    """
    A deadline in a list, with its case.
    """

    kind: str
    generation: int
    cycle: int
    status: str
    started_at: str
    due_at: str
    ended_at: str | None
    breached_at: str | None
    provisional: bool
    policy: PolicyAnswer
    case_id: str
    reference: str
    branch: str
    owner: str
    grade: str
    state: str


class DeadlinePage(TypedDict):
    """
    `as_of` and `valid_at` are what was asked for.
    """

    items: list[DeadlineListItem]
    next: str | None
    as_of: str | None
    valid_at: str | None


class ErasureAnswer(TypedDict):
    """
    `erased`: the customer's key `key_id` is destroyed, in every backup of the database too.
    """

    customer_ref: str
    status: Literal["requested", "erased", "rejected"]
    requested_by: NotRequired[str | None]
    approved_by: NotRequired[str | None]
    rejected_by: NotRequired[str | None]
    key_id: NotRequired[str | None]
    cases: list[ErasureEntry]


ExplainedRule = TypedDict(
    "ExplainedRule",
    {
        "from": str,
        "stop": list[str],
        "due": str,
        "at_most": str | None,
        "urgent": str | None,
        "warn": list[str],
        "extend": dict[str, Any] | list[dict[str, Any]] | None,
        "when": dict[str, list[str]],
        "owed_by": str,
        "ladder": list[ExplainedRuleStep],
        "source": str | None,
        "pack": str | None,
    },
)


class Explanation(TypedDict):
    """
    Why a deadline is due when it is. `due_by` names the part of the rule that set the time, or is "agreed",
    "promised" or "reply_by"; `counted` and `skipped` are the local days that the calendar went through, from
    `counted_from`. `origin` is when the clock itself started: a longer term counts from there; `term` is how many of
    them it has been given. `called_for_by` is the event by which the case was found to have the clock, where that came
    after the one from which it runs. `text` says all of it in words. `as_of` and `valid_at` are what was asked for.
    """

    case_id: str
    reference: str
    kind: str
    generation: int
    cycle: int
    status: str
    started_at: str
    origin: str
    term: int
    due_at: str
    ended_at: str | None
    breached_at: str | None
    provisional: bool
    owed_by: str
    policy: PolicyAnswer
    rule: ExplainedRule
    promise: ExplainedPromise | None
    started_by: EventReference
    called_for_by: EventReference | None
    ended_by: EventReference | None
    breach: EventReference | None
    due_by: str
    duration: str | None
    counted_from: str | None
    timezone: str
    counted: list[str]
    skipped: list[ExplainedSkippedDay]
    warnings: list[ExplainedWarning]
    reminders: list[EventReference]
    ladder: list[ExplainedStep]
    escalations: list[EventReference]
    extensions: list[ExplainedExtension]
    as_of: str | None
    valid_at: str | None
    text: str


class Investigation(TypedDict):
    findings: str
    cause: str
    at_fault: bool
    countermeasures: NotRequired[list[str | PlannedCountermeasure]]


class InvestigationBody(TypedDict):
    occurred_at: NotRequired[str | None]
    findings: str
    cause: str
    at_fault: bool
    countermeasures: NotRequired[list[str | PlannedCountermeasure]]


class MonthPage(TypedDict):
    """
    The months, the latest first.
    """

    items: list[ReportedMonth]
    next: str | None


class OnTheSpotBody(TypedDict):
    """
    Settled in one conversation: all of it is recorded, or nothing.
    """

    occurred_at: NotRequired[str | None]
    apology: Apology
    investigation: Investigation
    proposal: Proposal
    confirmation: Confirmation


class ReportClockKept(TypedDict):
    """
    How many deadlines of one clock were met, of those that were met or breached.
    """

    clock: str
    kept: ReportShare


class ReportCounted(TypedDict):
    """
    A number of events, and by what they differ.
    """

    count: int
    parts: list[ReportPart]


class ReportFlow(TypedDict):
    """
    Open records: at the beginning, those that came and went, at the cut. `states` are of all records ever.
    """

    opening: int
    received: int
    reopened: int
    closed: list[ReportPart]
    closing: int
    states: list[ReportPart]


class ReportPromises(TypedDict):
    """
    Promises at the beginning, made, and what became of them. `rate` is kept of kept and broken.
    """

    before: int
    made: int
    kept: int
    broken: int
    dropped: int
    open: int
    rate: ReportShare


class ReportReopened(TypedDict):
    """
    Reopenings, by reason, and how many there were for each closing of the month.
    """

    rate: ReportShare
    reasons: list[ReportPart]


class ReportSatisfaction(TypedDict):
    """
    `answers`: how many gave each of 1 to 10. `satisfied` is the rate: the delighted of all that answered.
    """

    answers: list[int]
    unhappy: int
    neutral: int
    delighted: int
    satisfied: ReportShare
    unsatisfied: ReportShare
    mean: float | None


class ReportStandard(TypedDict):
    """
    A service standard against its target. The last of `trend` is this month. `is_kept` None: nothing measured.
    """

    name: str
    titles: dict[str, str]
    kind: str
    target: float
    is_kept: bool | None
    trend: list[ReportTrendPoint]


class ReportTimeliness(TypedDict):
    """
    Over all clocks of the organisation, and for each.
    """

    kept: ReportShare
    clocks: list[ReportClockKept]


class Timeline(TypedDict):
    """
    `cases` are all of the customer's that who asks may see, the latest received first (at most 200).
    """

    customer_ref: str
    cases: list[CaseListItem]
    items: list[TimelineItem]
    next: str | None


class CaseAnswer(TypedDict):
    """
    A case with its clocks, the newest run of each first, and the commands that are legal now.

    `complained_of` are the staff whom the complaint names, null for those who may not know. `late_entries` counts what
    people recorded later after it happened than the policy allows. `held`: nothing of the customer's may be erased.
    `erased_at`: when their personal data was erased last; what came after that may be readable. `children` counts the
    cases of an incident.
    `playbook` is by language, null where the policy has none for the type. `as_of` and `valid_at` are what was asked
    for; with `valid_at`, `version` counts the events that had happened, `position` and `updated_at` are those of the
    last of them, and `not_yet` are the versions of events that were known and had not happened.
    """

    id: str
    reference: str
    state: str
    version: int
    position: int
    grade: str
    owner: str
    branch: str
    cycle: int
    kind: str
    channel: str
    type: str | None
    cause: str | None
    product: str | None
    severity: str | None
    customer_ref: str
    external_ref: str | None
    flags: list[str]
    reply_by: str | None
    historical: bool
    satisfaction: int | None
    proposal: ProposalAnswer | None
    received_at: str
    recorded_at: str
    updated_at: str
    deadlines: list[CaseDeadlineAnswer]
    allowed: list[str]
    hand_offs: int
    hand_off: HandOffAnswer | None
    escalations: int
    corrections: int
    held: bool
    erasure_requested_by: str | None
    erased_at: str | None
    late_entries: int
    promises: list[PromiseAnswer]
    countermeasures: list[CountermeasureAnswer]
    desired_outcomes: list[str]
    complained_of: list[str] | None
    repeat_of: CaseReference | None
    incident: IncidentReference | None
    incident_of: IncidentOfAnswer | None
    children: int | None
    merged_into: CaseReference | None
    absorbed: list[CaseReference]
    links: list[CaseReference]
    playbook: dict[str, PlaybookAnswer] | None
    as_of: str | None
    valid_at: str | None
    not_yet: list[int]


class ReportFigures(TypedDict):
    """
    Every figure of one branch (`*`: mass incidents of all branches), or (None) of all together.
    """

    branch: str | None
    volumes: ReportVolumes
    flow: ReportFlow
    timeliness: ReportTimeliness
    satisfaction: ReportSatisfaction
    on_the_spot: ReportShare
    reopened: ReportReopened
    repeats: ReportShare
    escalations: ReportCounted
    notices: int
    mass_incidents: ReportIncidents
    promises: ReportPromises
    hand_offs: ReportHandOffs
    late_entries: ReportShare
    stays: list[ReportStay]
    causes: list[ReportCauseRow]
    scorecard: ReportScorecard
    recovery: ReportRecovery
    standards: list[ReportStandard]
    satisfaction_index: ReportIndex | None
    recurrence: list[ReportRecurred]
    discussed: list[ReportDiscussed]


class ReportPack(TypedDict):
    """
    A month's figures. `branch` None: of all, with each by itself in `branches`.

    `until` is the month's end, or for figures to date (`is_over` False) the time they stand at; `position` is the
    cut: the last that was recorded before. `checkpoint` None: nothing is signed here, or the month is not over.
    """

    month: str
    branch: str | None
    is_over: bool
    timezone: str
    begins_at: str
    until: str
    position: int
    policies: list[ReportJudge]
    checkpoint: ReportCovering | None
    reconciles: bool
    reconciliations: list[ReportReconciliation]
    total: ReportFigures
    branches: list[ReportFigures]
