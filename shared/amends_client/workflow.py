"""Where cases are asked for. Made from docs/openapi-workflow.json by `make docs`; do not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amends_client.calling import AsyncCaller, Caller, query, quoted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from datetime import datetime

    from amends_client import models
    from amends_client.calling import Happened


class Workflow(Caller):
    """Where cases are asked for."""

    if TYPE_CHECKING:

        def __enter__(self) -> Workflow: ...

    def case(
        self,
        id: str,
        *,
        min_position: int | None = None,
        as_of: str | datetime | None = None,
        position: int | None = None,
        valid_at: str | datetime | None = None,
    ) -> models.CaseAnswer:
        """One case, as it is or as it was."""
        answer: models.CaseAnswer = self._json(
            query(
                f"/v1/cases/{quoted(id)}",
                {
                    "min_position": min_position or self._min_position,
                    "as_of": as_of,
                    "position": position,
                    "valid_at": valid_at,
                },
            )
        )
        return answer

    def cases(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        state: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        owner: Sequence[str] | None = None,
        grade: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        flag: Sequence[str] | None = None,
        customer: Sequence[str] | None = None,
        incident: str | None = None,
        breached: bool | None = None,
        due_before: str | datetime | None = None,
        q: str | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
        sort: str | None = None,
    ) -> models.CasePage:
        """The queue, as it is or as it was."""
        answer: models.CasePage = self._json(
            query(
                "/v1/cases",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "state": state,
                    "branch": branch,
                    "owner": owner,
                    "grade": grade,
                    "kind": kind,
                    "type": type,
                    "flag": flag,
                    "customer": customer,
                    "incident": incident,
                    "breached": breached,
                    "due_before": due_before,
                    "q": q,
                    "as_of": as_of,
                    "valid_at": valid_at,
                    "sort": sort,
                },
            )
        )
        return answer

    def all_cases(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        state: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        owner: Sequence[str] | None = None,
        grade: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        flag: Sequence[str] | None = None,
        customer: Sequence[str] | None = None,
        incident: str | None = None,
        breached: bool | None = None,
        due_before: str | datetime | None = None,
        q: str | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
        sort: str | None = None,
    ) -> Iterator[models.CaseListItem]:
        """What `cases` lists, item by item, from all its pages."""
        page = self.cases(
            min_position=min_position,
            limit=limit,
            state=state,
            branch=branch,
            owner=owner,
            grade=grade,
            kind=kind,
            type=type,
            flag=flag,
            customer=customer,
            incident=incident,
            breached=breached,
            due_before=due_before,
            q=q,
            as_of=as_of,
            valid_at=valid_at,
            sort=sort,
        )
        yield from self._items(page)

    def case_events(
        self,
        id: str,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        merged: bool | None = None,
        amends_purpose: str | None = None,
    ) -> models.EventPage:
        """What happened, event by event."""
        answer: models.EventPage = self._json(
            query(
                f"/v1/cases/{quoted(id)}/events",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "merged": merged,
                },
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    def all_case_events(
        self,
        id: str,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        merged: bool | None = None,
        amends_purpose: str | None = None,
    ) -> Iterator[models.EventAnswer]:
        """What `case_events` lists, item by item, from all its pages."""
        page = self.case_events(
            id, min_position=min_position, limit=limit, merged=merged, amends_purpose=amends_purpose
        )
        yield from self._items(page, {"Amends-Purpose": amends_purpose})

    def explanation(
        self,
        id: str,
        kind: str,
        *,
        min_position: int | None = None,
        as_of: str | datetime | None = None,
        position: int | None = None,
        valid_at: str | datetime | None = None,
        generation: int | None = None,
    ) -> models.Explanation:
        """Why a deadline is due when it is."""
        answer: models.Explanation = self._json(
            query(
                f"/v1/cases/{quoted(id)}/deadlines/{quoted(kind)}/explanation",
                {
                    "min_position": min_position or self._min_position,
                    "as_of": as_of,
                    "position": position,
                    "valid_at": valid_at,
                    "generation": generation,
                },
            )
        )
        return answer

    def deadlines(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        status: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        due_before: str | datetime | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
    ) -> models.DeadlinePage:
        """Deadlines over all cases, as they are or as they were."""
        answer: models.DeadlinePage = self._json(
            query(
                "/v1/deadlines",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "status": status,
                    "kind": kind,
                    "branch": branch,
                    "due_before": due_before,
                    "as_of": as_of,
                    "valid_at": valid_at,
                },
            )
        )
        return answer

    def all_deadlines(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        status: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        due_before: str | datetime | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
    ) -> Iterator[models.DeadlineListItem]:
        """What `deadlines` lists, item by item, from all its pages."""
        page = self.deadlines(
            min_position=min_position,
            limit=limit,
            status=status,
            kind=kind,
            branch=branch,
            due_before=due_before,
            as_of=as_of,
            valid_at=valid_at,
        )
        yield from self._items(page)

    def alerts(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        clock: Sequence[str] | None = None,
        acknowledged: bool | None = None,
        since: str | datetime | None = None,
    ) -> models.AlertPage:
        """Reminders, breaches and escalations, the newest first, and who has acknowledged each."""
        answer: models.AlertPage = self._json(
            query(
                "/v1/alerts",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "kind": kind,
                    "branch": branch,
                    "clock": clock,
                    "acknowledged": acknowledged,
                    "since": since,
                },
            )
        )
        return answer

    def all_alerts(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        clock: Sequence[str] | None = None,
        acknowledged: bool | None = None,
        since: str | datetime | None = None,
    ) -> Iterator[models.AlertAnswer]:
        """What `alerts` lists, item by item, from all its pages."""
        page = self.alerts(
            min_position=min_position,
            limit=limit,
            kind=kind,
            branch=branch,
            clock=clock,
            acknowledged=acknowledged,
            since=since,
        )
        yield from self._items(page)

    def board(self, *, min_position: int | None = None, branch: str | None = None) -> models.BoardAnswer:
        """How the desk stands now."""
        answer: models.BoardAnswer = self._json(
            query("/v1/board", {"min_position": min_position or self._min_position, "branch": branch})
        )
        return answer

    def timeline(
        self,
        ref: str,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        amends_purpose: str | None = None,
    ) -> models.Timeline:
        """One customer's cases, and every contact with them."""
        answer: models.Timeline = self._json(
            query(
                f"/v1/customers/{quoted(ref)}/timeline",
                {"min_position": min_position or self._min_position, "limit": limit, "cursor": cursor},
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    def all_timeline(
        self, ref: str, *, min_position: int | None = None, limit: int | None = None, amends_purpose: str | None = None
    ) -> Iterator[models.TimelineItem]:
        """What `timeline` lists, item by item, from all its pages."""
        page = self.timeline(ref, min_position=min_position, limit=limit, amends_purpose=amends_purpose)
        yield from self._items(page, {"Amends-Purpose": amends_purpose})

    def erasure(self, ref: str, *, min_position: int | None = None) -> models.ErasureStatus:
        """Whether a customer's personal data was erased, or is asked to be."""
        answer: models.ErasureStatus = self._json(
            query(f"/v1/customers/{quoted(ref)}/erasure", {"min_position": min_position or self._min_position})
        )
        return answer

    def subject_access(
        self, ref: str, *, min_position: int | None = None, amends_purpose: str | None = None
    ) -> dict[str, Any]:
        """Everything that is held on a customer."""
        answer: dict[str, Any] = self._json(
            query(
                f"/v1/customers/{quoted(ref)}/export",
                {"min_position": min_position or self._min_position},
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    def evidence(
        self,
        id: str,
        *,
        min_position: int | None = None,
        personal: bool | None = None,
        pdf: bool | None = None,
        amends_purpose: str | None = None,
    ) -> bytes:
        """A bundle that proves what was recorded of a case."""
        answer: bytes = self._bytes(
            query(
                f"/v1/cases/{quoted(id)}/evidence",
                {"min_position": min_position or self._min_position, "personal": personal, "pdf": pdf},
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    def stream(
        self,
        *,
        branch: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        after: int | None = None,
        last_event_id: int | None = None,
    ) -> Iterator[Happened]:
        """What happens, as it becomes visible."""
        return self._events(
            query("/v1/stream", {"branch": branch, "kinds": kinds, "after": after}, {"last-event-id": last_event_id})
        )

    def refusals(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        case: str | None = None,
        principal: str | None = None,
        code: str | None = None,
    ) -> models.RefusalPage:
        """Commands refused on grounds of authority or recusal."""
        answer: models.RefusalPage = self._json(
            query(
                "/v1/audit/refusals",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "case": case,
                    "principal": principal,
                    "code": code,
                },
            )
        )
        return answer

    def all_refusals(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        case: str | None = None,
        principal: str | None = None,
        code: str | None = None,
    ) -> Iterator[models.RefusalAnswer]:
        """What `refusals` lists, item by item, from all its pages."""
        page = self.refusals(min_position=min_position, limit=limit, case=case, principal=principal, code=code)
        yield from self._items(page)

    def readings(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        case: str | None = None,
        customer: str | None = None,
        person: str | None = None,
        from_: str | datetime | None = None,
        to: str | datetime | None = None,
    ) -> models.ReadingPage:
        """Who read whose personal data, and what for."""
        answer: models.ReadingPage = self._json(
            query(
                "/v1/audit/readings",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "case": case,
                    "customer": customer,
                    "person": person,
                    "from": from_,
                    "to": to,
                },
            )
        )
        return answer

    def all_readings(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        case: str | None = None,
        customer: str | None = None,
        person: str | None = None,
        from_: str | datetime | None = None,
        to: str | datetime | None = None,
    ) -> Iterator[models.ReadingAnswer]:
        """What `readings` lists, item by item, from all its pages."""
        page = self.readings(
            min_position=min_position, limit=limit, case=case, customer=customer, person=person, from_=from_, to=to
        )
        yield from self._items(page)

    def checkpoint(self, *, tree_size: int | None = None) -> str:
        """The newest signed checkpoint of the log, or an older one."""
        answer: str = self._text(query("/v1/audit/checkpoint", {"tree_size": tree_size}))
        return answer

    def inclusion(self, *, position: int, tree_size: int | None = None) -> models.InclusionAnswer:
        """A proof that an event is in the log."""
        answer: models.InclusionAnswer = self._json(
            query("/v1/audit/inclusion", {"position": position, "tree_size": tree_size})
        )
        return answer

    def consistency(self, *, from_: int, to: int | None = None) -> models.ConsistencyAnswer:
        """A proof that the log only grew."""
        answer: models.ConsistencyAnswer = self._json(query("/v1/audit/consistency", {"from": from_, "to": to}))
        return answer

    def signing_key(self) -> models.SigningKeyAnswer:
        """The public key that checkpoints and certificates are signed with."""
        answer: models.SigningKeyAnswer = self._json(query("/v1/audit/key", {}))
        return answer

    def report_months(self) -> models.MonthPage:
        """The months of which there are reports."""
        answer: models.MonthPage = self._json(query("/v1/reports", {}))
        return answer

    def all_report_months(self) -> Iterator[models.ReportedMonth]:
        """What `report_months` lists, item by item, from all its pages."""
        page = self.report_months()
        yield from self._items(page)

    def report(self, month: str, *, branch: str | None = None) -> models.ReportPack:
        """The month-end pack."""
        answer: models.ReportPack = self._json(query(f"/v1/reports/{quoted(month)}", {"branch": branch}))
        return answer

    def report_file(
        self, month: str, *, branch: str | None = None, format: str | None = None, language: str | None = None
    ) -> bytes:
        """The month-end pack."""
        answer: bytes = self._bytes(
            query(f"/v1/reports/{quoted(month)}", {"branch": branch, "format": format, "language": language})
        )
        return answer

    def measures(self, *, branch: str | None = None) -> models.ReportPack:
        """The measures of the present month, to date."""
        answer: models.ReportPack = self._json(query("/v1/measures", {"branch": branch}))
        return answer

    def measures_file(
        self, *, branch: str | None = None, format: str | None = None, language: str | None = None
    ) -> bytes:
        """The measures of the present month, to date."""
        answer: bytes = self._bytes(query("/v1/measures", {"branch": branch, "format": format, "language": language}))
        return answer


class AsyncWorkflow(AsyncCaller):
    """Where cases are asked for."""

    if TYPE_CHECKING:

        async def __aenter__(self) -> AsyncWorkflow: ...

    async def case(
        self,
        id: str,
        *,
        min_position: int | None = None,
        as_of: str | datetime | None = None,
        position: int | None = None,
        valid_at: str | datetime | None = None,
    ) -> models.CaseAnswer:
        """One case, as it is or as it was."""
        answer: models.CaseAnswer = await self._json(
            query(
                f"/v1/cases/{quoted(id)}",
                {
                    "min_position": min_position or self._min_position,
                    "as_of": as_of,
                    "position": position,
                    "valid_at": valid_at,
                },
            )
        )
        return answer

    async def cases(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        state: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        owner: Sequence[str] | None = None,
        grade: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        flag: Sequence[str] | None = None,
        customer: Sequence[str] | None = None,
        incident: str | None = None,
        breached: bool | None = None,
        due_before: str | datetime | None = None,
        q: str | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
        sort: str | None = None,
    ) -> models.CasePage:
        """The queue, as it is or as it was."""
        answer: models.CasePage = await self._json(
            query(
                "/v1/cases",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "state": state,
                    "branch": branch,
                    "owner": owner,
                    "grade": grade,
                    "kind": kind,
                    "type": type,
                    "flag": flag,
                    "customer": customer,
                    "incident": incident,
                    "breached": breached,
                    "due_before": due_before,
                    "q": q,
                    "as_of": as_of,
                    "valid_at": valid_at,
                    "sort": sort,
                },
            )
        )
        return answer

    async def all_cases(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        state: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        owner: Sequence[str] | None = None,
        grade: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        type: Sequence[str] | None = None,
        flag: Sequence[str] | None = None,
        customer: Sequence[str] | None = None,
        incident: str | None = None,
        breached: bool | None = None,
        due_before: str | datetime | None = None,
        q: str | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
        sort: str | None = None,
    ) -> AsyncIterator[models.CaseListItem]:
        """What `cases` lists, item by item, from all its pages."""
        page = await self.cases(
            min_position=min_position,
            limit=limit,
            state=state,
            branch=branch,
            owner=owner,
            grade=grade,
            kind=kind,
            type=type,
            flag=flag,
            customer=customer,
            incident=incident,
            breached=breached,
            due_before=due_before,
            q=q,
            as_of=as_of,
            valid_at=valid_at,
            sort=sort,
        )
        async for item in self._items(page):
            yield item

    async def case_events(
        self,
        id: str,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        merged: bool | None = None,
        amends_purpose: str | None = None,
    ) -> models.EventPage:
        """What happened, event by event."""
        answer: models.EventPage = await self._json(
            query(
                f"/v1/cases/{quoted(id)}/events",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "merged": merged,
                },
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    async def all_case_events(
        self,
        id: str,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        merged: bool | None = None,
        amends_purpose: str | None = None,
    ) -> AsyncIterator[models.EventAnswer]:
        """What `case_events` lists, item by item, from all its pages."""
        page = await self.case_events(
            id, min_position=min_position, limit=limit, merged=merged, amends_purpose=amends_purpose
        )
        async for item in self._items(page, {"Amends-Purpose": amends_purpose}):
            yield item

    async def explanation(
        self,
        id: str,
        kind: str,
        *,
        min_position: int | None = None,
        as_of: str | datetime | None = None,
        position: int | None = None,
        valid_at: str | datetime | None = None,
        generation: int | None = None,
    ) -> models.Explanation:
        """Why a deadline is due when it is."""
        answer: models.Explanation = await self._json(
            query(
                f"/v1/cases/{quoted(id)}/deadlines/{quoted(kind)}/explanation",
                {
                    "min_position": min_position or self._min_position,
                    "as_of": as_of,
                    "position": position,
                    "valid_at": valid_at,
                    "generation": generation,
                },
            )
        )
        return answer

    async def deadlines(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        status: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        due_before: str | datetime | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
    ) -> models.DeadlinePage:
        """Deadlines over all cases, as they are or as they were."""
        answer: models.DeadlinePage = await self._json(
            query(
                "/v1/deadlines",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "status": status,
                    "kind": kind,
                    "branch": branch,
                    "due_before": due_before,
                    "as_of": as_of,
                    "valid_at": valid_at,
                },
            )
        )
        return answer

    async def all_deadlines(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        status: Sequence[str] | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        due_before: str | datetime | None = None,
        as_of: str | datetime | None = None,
        valid_at: str | datetime | None = None,
    ) -> AsyncIterator[models.DeadlineListItem]:
        """What `deadlines` lists, item by item, from all its pages."""
        page = await self.deadlines(
            min_position=min_position,
            limit=limit,
            status=status,
            kind=kind,
            branch=branch,
            due_before=due_before,
            as_of=as_of,
            valid_at=valid_at,
        )
        async for item in self._items(page):
            yield item

    async def alerts(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        clock: Sequence[str] | None = None,
        acknowledged: bool | None = None,
        since: str | datetime | None = None,
    ) -> models.AlertPage:
        """Reminders, breaches and escalations, the newest first, and who has acknowledged each."""
        answer: models.AlertPage = await self._json(
            query(
                "/v1/alerts",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "kind": kind,
                    "branch": branch,
                    "clock": clock,
                    "acknowledged": acknowledged,
                    "since": since,
                },
            )
        )
        return answer

    async def all_alerts(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        kind: Sequence[str] | None = None,
        branch: Sequence[str] | None = None,
        clock: Sequence[str] | None = None,
        acknowledged: bool | None = None,
        since: str | datetime | None = None,
    ) -> AsyncIterator[models.AlertAnswer]:
        """What `alerts` lists, item by item, from all its pages."""
        page = await self.alerts(
            min_position=min_position,
            limit=limit,
            kind=kind,
            branch=branch,
            clock=clock,
            acknowledged=acknowledged,
            since=since,
        )
        async for item in self._items(page):
            yield item

    async def board(self, *, min_position: int | None = None, branch: str | None = None) -> models.BoardAnswer:
        """How the desk stands now."""
        answer: models.BoardAnswer = await self._json(
            query("/v1/board", {"min_position": min_position or self._min_position, "branch": branch})
        )
        return answer

    async def timeline(
        self,
        ref: str,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        amends_purpose: str | None = None,
    ) -> models.Timeline:
        """One customer's cases, and every contact with them."""
        answer: models.Timeline = await self._json(
            query(
                f"/v1/customers/{quoted(ref)}/timeline",
                {"min_position": min_position or self._min_position, "limit": limit, "cursor": cursor},
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    async def all_timeline(
        self, ref: str, *, min_position: int | None = None, limit: int | None = None, amends_purpose: str | None = None
    ) -> AsyncIterator[models.TimelineItem]:
        """What `timeline` lists, item by item, from all its pages."""
        page = await self.timeline(ref, min_position=min_position, limit=limit, amends_purpose=amends_purpose)
        async for item in self._items(page, {"Amends-Purpose": amends_purpose}):
            yield item

    async def erasure(self, ref: str, *, min_position: int | None = None) -> models.ErasureStatus:
        """Whether a customer's personal data was erased, or is asked to be."""
        answer: models.ErasureStatus = await self._json(
            query(f"/v1/customers/{quoted(ref)}/erasure", {"min_position": min_position or self._min_position})
        )
        return answer

    async def subject_access(
        self, ref: str, *, min_position: int | None = None, amends_purpose: str | None = None
    ) -> dict[str, Any]:
        """Everything that is held on a customer."""
        answer: dict[str, Any] = await self._json(
            query(
                f"/v1/customers/{quoted(ref)}/export",
                {"min_position": min_position or self._min_position},
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    async def evidence(
        self,
        id: str,
        *,
        min_position: int | None = None,
        personal: bool | None = None,
        pdf: bool | None = None,
        amends_purpose: str | None = None,
    ) -> bytes:
        """A bundle that proves what was recorded of a case."""
        answer: bytes = await self._bytes(
            query(
                f"/v1/cases/{quoted(id)}/evidence",
                {"min_position": min_position or self._min_position, "personal": personal, "pdf": pdf},
                {"Amends-Purpose": amends_purpose},
            )
        )
        return answer

    def stream(
        self,
        *,
        branch: Sequence[str] | None = None,
        kinds: Sequence[str] | None = None,
        after: int | None = None,
        last_event_id: int | None = None,
    ) -> AsyncIterator[Happened]:
        """What happens, as it becomes visible."""
        return self._events(
            query("/v1/stream", {"branch": branch, "kinds": kinds, "after": after}, {"last-event-id": last_event_id})
        )

    async def refusals(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        case: str | None = None,
        principal: str | None = None,
        code: str | None = None,
    ) -> models.RefusalPage:
        """Commands refused on grounds of authority or recusal."""
        answer: models.RefusalPage = await self._json(
            query(
                "/v1/audit/refusals",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "case": case,
                    "principal": principal,
                    "code": code,
                },
            )
        )
        return answer

    async def all_refusals(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        case: str | None = None,
        principal: str | None = None,
        code: str | None = None,
    ) -> AsyncIterator[models.RefusalAnswer]:
        """What `refusals` lists, item by item, from all its pages."""
        page = await self.refusals(min_position=min_position, limit=limit, case=case, principal=principal, code=code)
        async for item in self._items(page):
            yield item

    async def readings(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        case: str | None = None,
        customer: str | None = None,
        person: str | None = None,
        from_: str | datetime | None = None,
        to: str | datetime | None = None,
    ) -> models.ReadingPage:
        """Who read whose personal data, and what for."""
        answer: models.ReadingPage = await self._json(
            query(
                "/v1/audit/readings",
                {
                    "min_position": min_position or self._min_position,
                    "limit": limit,
                    "cursor": cursor,
                    "case": case,
                    "customer": customer,
                    "person": person,
                    "from": from_,
                    "to": to,
                },
            )
        )
        return answer

    async def all_readings(
        self,
        *,
        min_position: int | None = None,
        limit: int | None = None,
        case: str | None = None,
        customer: str | None = None,
        person: str | None = None,
        from_: str | datetime | None = None,
        to: str | datetime | None = None,
    ) -> AsyncIterator[models.ReadingAnswer]:
        """What `readings` lists, item by item, from all its pages."""
        page = await self.readings(
            min_position=min_position, limit=limit, case=case, customer=customer, person=person, from_=from_, to=to
        )
        async for item in self._items(page):
            yield item

    async def checkpoint(self, *, tree_size: int | None = None) -> str:
        """The newest signed checkpoint of the log, or an older one."""
        answer: str = await self._text(query("/v1/audit/checkpoint", {"tree_size": tree_size}))
        return answer

    async def inclusion(self, *, position: int, tree_size: int | None = None) -> models.InclusionAnswer:
        """A proof that an event is in the log."""
        answer: models.InclusionAnswer = await self._json(
            query("/v1/audit/inclusion", {"position": position, "tree_size": tree_size})
        )
        return answer

    async def consistency(self, *, from_: int, to: int | None = None) -> models.ConsistencyAnswer:
        """A proof that the log only grew."""
        answer: models.ConsistencyAnswer = await self._json(query("/v1/audit/consistency", {"from": from_, "to": to}))
        return answer

    async def signing_key(self) -> models.SigningKeyAnswer:
        """The public key that checkpoints and certificates are signed with."""
        answer: models.SigningKeyAnswer = await self._json(query("/v1/audit/key", {}))
        return answer

    async def report_months(self) -> models.MonthPage:
        """The months of which there are reports."""
        answer: models.MonthPage = await self._json(query("/v1/reports", {}))
        return answer

    async def all_report_months(self) -> AsyncIterator[models.ReportedMonth]:
        """What `report_months` lists, item by item, from all its pages."""
        page = await self.report_months()
        async for item in self._items(page):
            yield item

    async def report(self, month: str, *, branch: str | None = None) -> models.ReportPack:
        """The month-end pack."""
        answer: models.ReportPack = await self._json(query(f"/v1/reports/{quoted(month)}", {"branch": branch}))
        return answer

    async def report_file(
        self, month: str, *, branch: str | None = None, format: str | None = None, language: str | None = None
    ) -> bytes:
        """The month-end pack."""
        answer: bytes = await self._bytes(
            query(f"/v1/reports/{quoted(month)}", {"branch": branch, "format": format, "language": language})
        )
        return answer

    async def measures(self, *, branch: str | None = None) -> models.ReportPack:
        """The measures of the present month, to date."""
        answer: models.ReportPack = await self._json(query("/v1/measures", {"branch": branch}))
        return answer

    async def measures_file(
        self, *, branch: str | None = None, format: str | None = None, language: str | None = None
    ) -> bytes:
        """The measures of the present month, to date."""
        answer: bytes = await self._bytes(
            query("/v1/measures", {"branch": branch, "format": format, "language": language})
        )
        return answer
