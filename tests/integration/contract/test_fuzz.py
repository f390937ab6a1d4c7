"""Whatever is sent to either service, by whomever: no crash, and no answer that is not documented."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from schemathesis import GenerationMode

from amends_domain.access.roles import ROLES
from amends_intake.examples import REQUESTS
from amends_workflow import enquiries
from tests.support.console import Desk
from tests.support.fuzzing import Fuzzing

# Per operation and mode; of walks along links as each role.
EXAMPLES = int(os.environ.get("AMENDS_FUZZ_EXAMPLES", "3"))
WALKS = max(1, EXAMPLES // 5)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fuzzing(desk: Desk) -> AsyncIterator[Fuzzing]:
    """The desk with a few cases of two branches, and somebody of every role."""
    with pytest.MonkeyPatch.context() as patching:
        # Positions that will never come are asked for often.
        patching.setattr(enquiries, "_WAIT_SECONDS_MAX", 0.1)
        # A stream goes on for ever, which nobody here would wait for: from now on it is answered that there is none.
        desk.app.state.end_streams()
        keys: dict[str, str | None] = {"nobody": None}
        for role in ROLES:
            keys[role] = (await desk.stranger(role)).api_key
        keys["handler of one branch"] = (await desk.stranger("handler", branch="north-street")).api_key
        handler = await desk.intake.caller("handler")
        complaint = REQUESTS["receive"] | {"reply_by": None, "external_ref": None}
        cases = [await handler.receive(**complaint | {"branch": branch}) for branch in ("north-street", "south-gate")]
        await handler.must(cases[0], "apology", REQUESTS["apology"])
        yield Fuzzing(desk, keys, [case["reference"] for case in cases])


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not-allowed"])
async def test_every_operation_answers_as_documented(fuzzing: Fuzzing, mode: GenerationMode) -> None:
    def ask_all() -> None:
        for operation in fuzzing.operations():
            fuzzing.ask(operation, mode, EXAMPLES)

    await asyncio.to_thread(ask_all)


async def test_links_lead_from_a_complaint_to_commands_and_questions_for_every_role(fuzzing: Fuzzing) -> None:
    def walk_all() -> None:
        for who in sorted(fuzzing.keys):
            fuzzing.walk(WALKS, who)

    await asyncio.to_thread(walk_all)
    # What came of each is a matter of what was drawn, and of milliseconds; what a fault is, the walks say themselves.
    assert {"case", "case-events", "evidence", "notes"} <= {name for name, _ in fuzzing.sent}


async def test_nothing_was_answered_with_a_fault_and_every_operation_was_asked(fuzzing: Fuzzing) -> None:
    asked = {name for name, _ in fuzzing.sent}
    assert {each.definition.raw["operationId"] for each in fuzzing.operations()} <= asked
    assert [key for key in fuzzing.sent if key[1] == 500] == []
    statuses = Counter[int]()
    for (_, status), count in fuzzing.sent.items():
        statuses[status] += count
    print(
        f"{statuses.total():,} requests:",
        ", ".join(f"{count:,} of {status}" for status, count in sorted(statuses.items())),
    )
