"""Where complaints are recorded. Made from docs/openapi-intake.json by `make docs`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amends_client.calling import AsyncCaller, Caller, command, quoted

if TYPE_CHECKING:
    from amends_client import models


class Intake(Caller):
    """Where complaints are recorded."""

    if TYPE_CHECKING:

        def __enter__(self) -> Intake: ...

    def receive(
        self, body: models.ComplaintBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record a complaint."""
        answer: models.CommandAnswer = self._json(command("/v1/complaints", body, if_match, idempotency_key))
        return answer

    def open_incident(
        self, body: models.IncidentBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Open a mass incident, perhaps before its first complaint."""
        answer: models.CommandAnswer = self._json(command("/v1/incidents", body, if_match, idempotency_key))
        return answer

    def apology(
        self, id: str, body: models.ApologyBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Apologise to the customer."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/apology", body, if_match, idempotency_key)
        )
        return answer

    def investigation(
        self,
        id: str,
        body: models.InvestigationBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Record what the investigation found."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/investigation", body, if_match, idempotency_key)
        )
        return answer

    def proposals(
        self, id: str, body: models.ProposalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Propose a resolution."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/proposals", body, if_match, idempotency_key)
        )
        return answer

    def proposals_approval(
        self, id: str, body: models.ApprovalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Approve the proposal on the table."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/proposals/approval", body, if_match, idempotency_key)
        )
        return answer

    def proposals_rejection(
        self, id: str, body: models.RejectionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Reject the proposal on the table."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/proposals/rejection", body, if_match, idempotency_key)
        )
        return answer

    def confirmation(
        self, id: str, body: models.ConfirmationBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """The customer accepts the proposal."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/confirmation", body, if_match, idempotency_key)
        )
        return answer

    def decline(
        self, id: str, body: models.DeclineBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """The customer declines the proposal."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/decline", body, if_match, idempotency_key)
        )
        return answer

    def on_the_spot(
        self, id: str, body: models.OnTheSpotBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Apology, finding, proposal and agreement in one conversation."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/on-the-spot", body, if_match, idempotency_key)
        )
        return answer

    def follow_up(
        self, id: str, body: models.FollowUpBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Check that it was carried out and the customer is content."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/follow-up", body, if_match, idempotency_key)
        )
        return answer

    def review(
        self, id: str, body: models.ReviewBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """What could have been done or said better."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/review", body, if_match, idempotency_key)
        )
        return answer

    def withdrawal(
        self, id: str, body: models.WithdrawalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """The customer withdraws the complaint."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/withdrawal", body, if_match, idempotency_key)
        )
        return answer

    def unsatisfied_closure(
        self,
        id: str,
        body: models.UnsatisfiedClosureBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Ask, or agree, to close without satisfying the customer."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/unsatisfied-closure", body, if_match, idempotency_key)
        )
        return answer

    def reopening(
        self, id: str, body: models.ReopeningBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Reopen a closed case: a new cycle with fresh clocks."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/reopening", body, if_match, idempotency_key)
        )
        return answer

    def closure(
        self, id: str, body: models.ClosureBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Close an incident."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/closure", body, if_match, idempotency_key)
        )
        return answer

    def contacts(
        self, id: str, body: models.ContactBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record a contact with the customer."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/contacts", body, if_match, idempotency_key)
        )
        return answer

    def callback(
        self, id: str, body: models.CallbackBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Agree on the time of the callback, or move it."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/callback", body, if_match, idempotency_key)
        )
        return answer

    def promises(
        self, id: str, body: models.PromiseBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record what the customer was promised, and by when."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/promises", body, if_match, idempotency_key)
        )
        return answer

    def promises_kept(
        self,
        id: str,
        number: int,
        body: models.PromiseKeptBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """A promise was kept."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/promises/{quoted(number)}/kept", body, if_match, idempotency_key)
        )
        return answer

    def assignment(
        self, id: str, body: models.AssignmentBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Give the case to another owner."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/assignment", body, if_match, idempotency_key)
        )
        return answer

    def handoffs(
        self, id: str, body: models.HandOffBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Offer the case to a person or a department."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/handoffs", body, if_match, idempotency_key)
        )
        return answer

    def handoffs_acceptance(
        self, id: str, body: models.AcceptanceBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Accept the case that was offered: own it from now on."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/handoffs/acceptance", body, if_match, idempotency_key)
        )
        return answer

    def handoffs_refusal(
        self, id: str, body: models.RefusalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Refuse the case that was offered, or take the offer back."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/handoffs/refusal", body, if_match, idempotency_key)
        )
        return answer

    def escalation(
        self, id: str, body: models.EscalationBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Tell the next role of the ladder, or the one named."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/escalation", body, if_match, idempotency_key)
        )
        return answer

    def classification(
        self,
        id: str,
        body: models.ClassificationBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Say what kind, type, cause or grade the case is."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/classification", body, if_match, idempotency_key)
        )
        return answer

    def flags(
        self, id: str, body: models.FlagsBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Add and remove flags."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/flags", body, if_match, idempotency_key)
        )
        return answer

    def actions(
        self, id: str, body: models.ActionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record an action that a clock may wait for."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/actions", body, if_match, idempotency_key)
        )
        return answer

    def corrections(
        self, id: str, body: models.CorrectionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Say what is right where an entry is wrong."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/corrections", body, if_match, idempotency_key)
        )
        return answer

    def notes(
        self, id: str, body: models.NoteBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Add a note."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/notes", body, if_match, idempotency_key)
        )
        return answer

    def acknowledgements(
        self,
        id: str,
        body: models.AcknowledgementBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Say that a reminder, breach or escalation was seen."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/acknowledgements", body, if_match, idempotency_key)
        )
        return answer

    def extensions(
        self, id: str, body: models.ExtensionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Approve the next longer term of a running clock."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/extensions", body, if_match, idempotency_key)
        )
        return answer

    def retiming(
        self, id: str, body: models.RetimingBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Let a running clock be judged by the policy in force now."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/retiming", body, if_match, idempotency_key)
        )
        return answer

    def legal_hold(
        self, id: str, body: models.HoldBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Forbid to erase the customer's personal data."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/legal-hold", body, if_match, idempotency_key)
        )
        return answer

    def legal_hold_release(
        self, id: str, body: models.ReleaseHoldBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Lift the legal hold."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/legal-hold/release", body, if_match, idempotency_key)
        )
        return answer

    def links(
        self, id: str, body: models.LinkBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Link the case to another one, or to an incident."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/links", body, if_match, idempotency_key)
        )
        return answer

    def merge(
        self, id: str, body: models.MergeBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Let the case go on as an older one of the same customer."""
        answer: models.CommandAnswer = self._json(
            command(f"/v1/complaints/{quoted(id)}/merge", body, if_match, idempotency_key)
        )
        return answer

    def request_erasure(
        self, ref: str, body: models.ErasureBody, *, idempotency_key: str | None = None
    ) -> models.ErasureAnswer:
        """Ask to erase a customer's personal data."""
        answer: models.ErasureAnswer = self._json(
            command(f"/v1/customers/{quoted(ref)}/erasure", body, None, idempotency_key)
        )
        return answer

    def approve_erasure(
        self, ref: str, body: models.ErasureApprovalBody, *, idempotency_key: str | None = None
    ) -> models.ErasureAnswer:
        """Approve what another person asked for."""
        answer: models.ErasureAnswer = self._json(
            command(f"/v1/customers/{quoted(ref)}/erasure/approval", body, None, idempotency_key)
        )
        return answer

    def reject_erasure(
        self, ref: str, body: models.ErasureRejectionBody, *, idempotency_key: str | None = None
    ) -> models.ErasureAnswer:
        """Reject an erasure, or take it back."""
        answer: models.ErasureAnswer = self._json(
            command(f"/v1/customers/{quoted(ref)}/erasure/rejection", body, None, idempotency_key)
        )
        return answer


class AsyncIntake(AsyncCaller):
    """Where complaints are recorded."""

    if TYPE_CHECKING:

        async def __aenter__(self) -> AsyncIntake: ...

    async def receive(
        self, body: models.ComplaintBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record a complaint."""
        answer: models.CommandAnswer = await self._json(command("/v1/complaints", body, if_match, idempotency_key))
        return answer

    async def open_incident(
        self, body: models.IncidentBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Open a mass incident, perhaps before its first complaint."""
        answer: models.CommandAnswer = await self._json(command("/v1/incidents", body, if_match, idempotency_key))
        return answer

    async def apology(
        self, id: str, body: models.ApologyBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Apologise to the customer."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/apology", body, if_match, idempotency_key)
        )
        return answer

    async def investigation(
        self,
        id: str,
        body: models.InvestigationBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Record what the investigation found."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/investigation", body, if_match, idempotency_key)
        )
        return answer

    async def proposals(
        self, id: str, body: models.ProposalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Propose a resolution."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/proposals", body, if_match, idempotency_key)
        )
        return answer

    async def proposals_approval(
        self, id: str, body: models.ApprovalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Approve the proposal on the table."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/proposals/approval", body, if_match, idempotency_key)
        )
        return answer

    async def proposals_rejection(
        self, id: str, body: models.RejectionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Reject the proposal on the table."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/proposals/rejection", body, if_match, idempotency_key)
        )
        return answer

    async def confirmation(
        self, id: str, body: models.ConfirmationBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """The customer accepts the proposal."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/confirmation", body, if_match, idempotency_key)
        )
        return answer

    async def decline(
        self, id: str, body: models.DeclineBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """The customer declines the proposal."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/decline", body, if_match, idempotency_key)
        )
        return answer

    async def on_the_spot(
        self, id: str, body: models.OnTheSpotBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Apology, finding, proposal and agreement in one conversation."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/on-the-spot", body, if_match, idempotency_key)
        )
        return answer

    async def follow_up(
        self, id: str, body: models.FollowUpBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Check that it was carried out and the customer is content."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/follow-up", body, if_match, idempotency_key)
        )
        return answer

    async def review(
        self, id: str, body: models.ReviewBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """What could have been done or said better."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/review", body, if_match, idempotency_key)
        )
        return answer

    async def withdrawal(
        self, id: str, body: models.WithdrawalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """The customer withdraws the complaint."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/withdrawal", body, if_match, idempotency_key)
        )
        return answer

    async def unsatisfied_closure(
        self,
        id: str,
        body: models.UnsatisfiedClosureBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Ask, or agree, to close without satisfying the customer."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/unsatisfied-closure", body, if_match, idempotency_key)
        )
        return answer

    async def reopening(
        self, id: str, body: models.ReopeningBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Reopen a closed case: a new cycle with fresh clocks."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/reopening", body, if_match, idempotency_key)
        )
        return answer

    async def closure(
        self, id: str, body: models.ClosureBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Close an incident."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/closure", body, if_match, idempotency_key)
        )
        return answer

    async def contacts(
        self, id: str, body: models.ContactBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record a contact with the customer."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/contacts", body, if_match, idempotency_key)
        )
        return answer

    async def callback(
        self, id: str, body: models.CallbackBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Agree on the time of the callback, or move it."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/callback", body, if_match, idempotency_key)
        )
        return answer

    async def promises(
        self, id: str, body: models.PromiseBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record what the customer was promised, and by when."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/promises", body, if_match, idempotency_key)
        )
        return answer

    async def promises_kept(
        self,
        id: str,
        number: int,
        body: models.PromiseKeptBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """A promise was kept."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/promises/{quoted(number)}/kept", body, if_match, idempotency_key)
        )
        return answer

    async def assignment(
        self, id: str, body: models.AssignmentBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Give the case to another owner."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/assignment", body, if_match, idempotency_key)
        )
        return answer

    async def handoffs(
        self, id: str, body: models.HandOffBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Offer the case to a person or a department."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/handoffs", body, if_match, idempotency_key)
        )
        return answer

    async def handoffs_acceptance(
        self, id: str, body: models.AcceptanceBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Accept the case that was offered: own it from now on."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/handoffs/acceptance", body, if_match, idempotency_key)
        )
        return answer

    async def handoffs_refusal(
        self, id: str, body: models.RefusalBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Refuse the case that was offered, or take the offer back."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/handoffs/refusal", body, if_match, idempotency_key)
        )
        return answer

    async def escalation(
        self, id: str, body: models.EscalationBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Tell the next role of the ladder, or the one named."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/escalation", body, if_match, idempotency_key)
        )
        return answer

    async def classification(
        self,
        id: str,
        body: models.ClassificationBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Say what kind, type, cause or grade the case is."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/classification", body, if_match, idempotency_key)
        )
        return answer

    async def flags(
        self, id: str, body: models.FlagsBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Add and remove flags."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/flags", body, if_match, idempotency_key)
        )
        return answer

    async def actions(
        self, id: str, body: models.ActionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Record an action that a clock may wait for."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/actions", body, if_match, idempotency_key)
        )
        return answer

    async def corrections(
        self, id: str, body: models.CorrectionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Say what is right where an entry is wrong."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/corrections", body, if_match, idempotency_key)
        )
        return answer

    async def notes(
        self, id: str, body: models.NoteBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Add a note."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/notes", body, if_match, idempotency_key)
        )
        return answer

    async def acknowledgements(
        self,
        id: str,
        body: models.AcknowledgementBody,
        *,
        if_match: int | None = None,
        idempotency_key: str | None = None,
    ) -> models.CommandAnswer:
        """Say that a reminder, breach or escalation was seen."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/acknowledgements", body, if_match, idempotency_key)
        )
        return answer

    async def extensions(
        self, id: str, body: models.ExtensionBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Approve the next longer term of a running clock."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/extensions", body, if_match, idempotency_key)
        )
        return answer

    async def retiming(
        self, id: str, body: models.RetimingBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Let a running clock be judged by the policy in force now."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/retiming", body, if_match, idempotency_key)
        )
        return answer

    async def legal_hold(
        self, id: str, body: models.HoldBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Forbid to erase the customer's personal data."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/legal-hold", body, if_match, idempotency_key)
        )
        return answer

    async def legal_hold_release(
        self, id: str, body: models.ReleaseHoldBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Lift the legal hold."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/legal-hold/release", body, if_match, idempotency_key)
        )
        return answer

    async def links(
        self, id: str, body: models.LinkBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Link the case to another one, or to an incident."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/links", body, if_match, idempotency_key)
        )
        return answer

    async def merge(
        self, id: str, body: models.MergeBody, *, if_match: int | None = None, idempotency_key: str | None = None
    ) -> models.CommandAnswer:
        """Let the case go on as an older one of the same customer."""
        answer: models.CommandAnswer = await self._json(
            command(f"/v1/complaints/{quoted(id)}/merge", body, if_match, idempotency_key)
        )
        return answer

    async def request_erasure(
        self, ref: str, body: models.ErasureBody, *, idempotency_key: str | None = None
    ) -> models.ErasureAnswer:
        """Ask to erase a customer's personal data."""
        answer: models.ErasureAnswer = await self._json(
            command(f"/v1/customers/{quoted(ref)}/erasure", body, None, idempotency_key)
        )
        return answer

    async def approve_erasure(
        self, ref: str, body: models.ErasureApprovalBody, *, idempotency_key: str | None = None
    ) -> models.ErasureAnswer:
        """Approve what another person asked for."""
        answer: models.ErasureAnswer = await self._json(
            command(f"/v1/customers/{quoted(ref)}/erasure/approval", body, None, idempotency_key)
        )
        return answer

    async def reject_erasure(
        self, ref: str, body: models.ErasureRejectionBody, *, idempotency_key: str | None = None
    ) -> models.ErasureAnswer:
        """Reject an erasure, or take it back."""
        answer: models.ErasureAnswer = await self._json(
            command(f"/v1/customers/{quoted(ref)}/erasure/rejection", body, None, idempotency_key)
        )
        return answer
