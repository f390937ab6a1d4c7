"""The client and both services: what was written is read, what is refused is told."""

from __future__ import annotations

import httpx
import pytest

from amends_client import AsyncIntake, AsyncWorkflow, Problem
from amends_intake.examples import REQUESTS
from tests.support.console import Desk


async def test_a_complaint_is_recorded_once_and_read_as_soon_as_it_was(desk: Desk) -> None:
    handler = await desk.stranger("handler")
    intake_app = httpx.ASGITransport(desk.intake.app, raise_app_exceptions=False)
    workflow_app = httpx.ASGITransport(desk.app, raise_app_exceptions=False)
    async with (
        AsyncIntake("http://intake", handler.api_key, transport=intake_app) as intake,
        AsyncWorkflow("http://workflow", handler.api_key, transport=workflow_app) as workflow,
    ):
        complaint = REQUESTS["receive"] | {"reply_by": None}
        case = await intake.receive(complaint, idempotency_key="call-1")
        assert await intake.receive(complaint, idempotency_key="call-1") == case
        with pytest.raises(Problem) as refused:
            await intake.receive(complaint | {"branch": "elsewhere"}, idempotency_key="call-1")
        assert refused.value.code == "idempotency-key-reused"

        apologized = await intake.apology(case["id"], REQUESTS["apology"], if_match=case["version"])
        workflow.heed(apologized)
        assert (await workflow.case(case["reference"]))["state"] == "apologized"
        events = [event["type"] async for event in workflow.all_case_events(case["id"], limit=1)]
        assert events == ["complaint-received", "apology-given"]
        with pytest.raises(Problem) as moved_on:
            await intake.notes(case["id"], REQUESTS["notes"], if_match=case["version"])
        assert (moved_on.value.status, moved_on.value.members["version"]) == (412, 2)
        assert (await workflow.evidence(case["id"], personal=False))[:2] == b"PK"
