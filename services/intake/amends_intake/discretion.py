"""What a command would record in the clear, held against what its case knows of the customer.

A complaint brings both, and decides alone: see `amends_domain.decisions.clear_text`.
"""

from __future__ import annotations

from collections.abc import Sequence

from amends_domain.case import Case
from amends_domain.decide import Context, Rejection
from amends_domain.decisions.clear_text import clear_text, gives_away
from amends_domain.events import Event
from amends_intake.clerk import Clerk, Request
from amends_platform.recorded import personal_data
from amends_platform.sealing import CannotUnseal
from amends_store.read import UpToVersion, read_stream


async def gives_customer_away(
    clerk: Clerk, case: Case, events: Sequence[Event], context: Context, request: Request
) -> Rejection | None:
    """Why the events may not be recorded on the case. Raises KeyStoreUnavailable, and asyncpg's own errors."""
    said_before = _said_by(case, context)
    if not any(value not in said_before for event in events for _, value in clear_text(event)):
        return None
    key = await clerk.keyring.of_customer(request.principal.tenant, case.customer_ref)
    if key is None:
        return None
    (received,) = await read_stream(clerk.pool, case.id, up_to=UpToVersion(1))
    try:
        customer = personal_data(received, {key.key_id: key}).get("customer")
    except CannotUnseal:
        # Nothing is known of them then, and the case must go on.
        return None
    return gives_away(events, customer) if isinstance(customer, dict) else None


def _said_by(case: Case, context: Context) -> set[str | None]:
    """What is ours, or was compared when it was first said: asking the store again would tell nothing."""
    codes = {case.kind, case.channel, case.branch, case.type, case.cause, case.product, case.severity}
    people = {case.owner, context.actor.id, *case.complained_of}
    return {*codes, *people, *case.flags, *case.desired_outcomes, *context.policy.ladder_roles}
