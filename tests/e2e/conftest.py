"""A whole system for the tests of this folder, on clocks of seconds. Tests use cases and customers of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.system import System, running_system

# Each clock falls due at a second of its own, so that there is one order in which things must happen.
POLICY = """\
policy: seconds
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
grades:
  - {grade: major, when: {channel: [media]}}
  - {grade: ordinary}
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 3s, warn: [50%]}
  callback:
    from: complaint-received
    stop: [callback-made]
    due: agreed
    at_most: 6s
    warn: [2s before, 1s before]
    extend: {requires: customer-agreed, before: due, at_most: 4s}
  follow_up: {from: customer-confirmed, stop: [followed-up], due: 2s, warn: [1s before]}
authority: {handler: 0, supervisor: 500, department_head: 5000}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Pages first, as long as little is shown on them: what looks at each element of a page takes its time."""
    items.sort(key=lambda item: item.path.name != "test_console.py")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def system() -> AsyncIterator[System]:
    """The worker's running system. Tests share it: its log and its stream hold what the others did."""
    async with running_system(POLICY) as running:
        yield running
