"""From a decision to what is recorded of it: the rows to append, and the case as it is after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from amends_domain.case import Case
from amends_domain.decide import Context
from amends_domain.events import Event, Recorded
from amends_domain.evolve import fold
from amends_platform.recorded import new_event
from amends_platform.sealing import CustomerKey
from amends_store.records import Append, DataKey, Receipt


@dataclass(frozen=True, slots=True)
class Decided:
    """Events that are legal on `case` (None: a new one), and what they were decided from."""

    case: Case | None
    case_id: UUID
    events: tuple[Event, ...]
    context: Context

    @property
    def occurred_at(self) -> datetime:
        return self.context.occurred_at or self.context.now

    def after(self, *, last_position: int, recorded_at: datetime) -> Case:
        """The case after the events, recorded up to `last_position`."""
        version = 0 if self.case is None else self.case.version
        first_position = last_position - len(self.events) + 1
        case = fold(
            self.case,
            self.case_id,
            (
                Recorded(
                    first_position + index,
                    version + index + 1,
                    event,
                    self.occurred_at,
                    recorded_at,
                    self.context.policy.hash,
                    self.context.actor.id,
                )
                for index, event in enumerate(self.events)
            ),
        )
        assert case is not None, "a decision has at least one event"
        return case

    def written(
        self, tenant: str, correlation_id: UUID, key: CustomerKey | None, receipt: Receipt | None = None
    ) -> Append:
        """The events as rows, sealed with `key`. Without a receipt they go together with others that have it.

        What seals nothing brings no key: a customer who was erased is given another with the next word about them.
        """
        policy = self.context.policy.hash
        events = tuple(new_event(event, self.occurred_at, policy, key) for event in self.events)
        is_sealed = any(event.sealed is not None for event in events)
        return Append(
            tenant=tenant,
            stream_id=self.case_id,
            expected_version=0 if self.case is None else self.case.version,
            actor=self.context.actor.id,
            correlation_id=correlation_id,
            causation_id=None,
            events=events,
            receipt=receipt,
            data_key=DataKey(key.key_id, key.customer_ref) if key is not None and is_sealed else None,
        )
