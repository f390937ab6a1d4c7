"""Which worker runs what: a file as a whole, and the files that share one running system together."""

from __future__ import annotations

from typing import Any, Final

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# The fixture `system` of tests/e2e starts a whole Amends for each worker that asks for it.
_SHARING_A_SYSTEM: Final = tuple(
    f"tests/e2e/test_{subject}.py"
    for subject in ("alerts", "command_line", "console", "forgotten", "life", "two_at_once")
)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Like xdist's own, but for the files that share a system."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/e2e" if path in _SHARING_A_SYSTEM else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Whatever --dist says."""
    return ByFile(config, log)
