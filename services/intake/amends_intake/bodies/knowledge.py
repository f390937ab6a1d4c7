"""What becomes known of a case, what was done about it, and what of it was entered wrongly."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from amends_domain.commands import Acknowledge, Act, AddNote, ChangeFlags, Classify, Correct, Extend, Retime
from amends_intake.bodies.base import Body, Name, Names, Number, Position, Text


class ClassificationBody(Body):
    """What is left out stays as it is. `complained_of` adds staff; a grade is only ever raised, with a reason."""

    kind: Literal["complaint", "inquiry", "suggestion", "praise"] | None = None
    type: Name | None = None
    cause: Name | None = None
    product: Name | None = None
    severity: Name | None = None
    desired_outcomes: Names | None = None
    complained_of: Names = ()
    grade: Literal["ordinary", "escalated", "major"] | None = None
    reason: Text | None = None

    def command(self) -> Classify:
        return Classify(
            kind=self.kind,
            type=self.type,
            cause=self.cause,
            product=self.product,
            severity=self.severity,
            desired_outcomes=self.desired_outcomes,
            complained_of=self.complained_of,
            grade=self.grade,
            reason=self.reason,
        )


class FlagsBody(Body):
    add: Names = ()
    remove: Names = ()
    reason: Text | None = None

    @model_validator(mode="after")
    def _one_way_only(self) -> FlagsBody:
        if not self.add and not self.remove:
            raise ValueError("name a flag to add or to remove")
        if not set(self.add).isdisjoint(self.remove):
            raise ValueError("a flag is added or removed, not both")
        return self

    def command(self) -> ChangeFlags:
        return ChangeFlags(self.add, self.remove, self.reason)


class ActionBody(Body):
    action: Name
    number: Number | None = Field(
        None, description="which countermeasure, where the action is corrective_action_done; the one due first"
    )
    text: Text | None = None

    def command(self) -> Act:
        return Act(self.action, self.text, self.number)


class CorrectionBody(Body):
    """`position` is that of the entry that is wrong; `text` says what is right."""

    position: Position
    text: Text

    def command(self) -> Correct:
        return Correct(self.position, self.text)


class NoteBody(Body):
    text: Text

    def command(self) -> AddNote:
        return AddNote(self.text)


class AcknowledgementBody(Body):
    """`position` is that of the reminder, the breach or the escalation that was seen."""

    position: Position

    def command(self) -> Acknowledge:
        return Acknowledge(self.position)


class ExtensionBody(Body):
    """The approval that the next longer term of a clock takes."""

    clock: Name
    reason: Text

    def command(self) -> Extend:
        return Extend(self.clock, self.reason)


class RetimingBody(Body):
    """Lets a running clock be judged by the policy in force now."""

    clock: Name
    reason: Text

    def command(self) -> Retime:
        return Retime(self.clock, self.reason)
