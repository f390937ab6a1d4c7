"""Planted bugs fit the code: whoever changes what one is planted in, learns it here and not in `make faults`."""

from __future__ import annotations

import pytest

from tests.faults.planted.bugs import BUGS, Bug
from tests.faults.planted.patches import changed
from tests.support.judging.judge import PROMISES


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_fits_the_code_and_breaks_a_promise(bug: Bug) -> None:
    assert all(changed(patch) for patch in bug.patches)
    assert bug.breaks in {promise.__name__ for promise in PROMISES}
