"""The README's commands and requests, pasted as they stand into a shell beside a new system."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.pasted import POLICY, blocks, checkout, pasted
from tests.support.system import running_system


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def printed() -> AsyncIterator[list[str]]:
    """What each block of the README prints."""
    async with running_system(POLICY) as system:
        yield await pasted(system, checkout(system), blocks("README.md", "sh"))


def test_the_first_complaint_is_answered_with_the_reference_that_the_readme_shows(printed: list[str]) -> None:
    assert '"reference":"5MAY-X6NW","state":"received","version":1,"position":1' in printed[0]


def test_the_case_is_apologised_for_and_shown_so_by_the_workflow(printed: list[str]) -> None:
    apologized, shown = printed[1].split("}{")
    assert '"state":"apologized","version":2' in apologized
    assert '"state":"apologized"' in shown


def test_the_commands_at_the_terminal_show_import_replay_and_verify(printed: list[str]) -> None:
    for expected in ("Apolog", "50 recorded", "identical", "every hash right"):
        assert expected in printed[2]


def test_the_proof_holds_and_the_case_is_shown_to_whoever_asks(printed: list[str]) -> None:
    for expected in ("checkpoints hold", "The evidence of 5MAY-X6NW is good", "objects up to position"):
        assert expected in printed[3]


def test_the_customer_is_forgotten_by_two_persons(printed: list[str]) -> None:
    assert '"status":"requested","requested_by":"dev-handler"' in printed[4]
    assert '"status":"erased","requested_by":"dev-handler","approved_by":"dev-department_head"' in printed[4]
