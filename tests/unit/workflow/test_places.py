"""Nobody has more than a few of what takes long under way, and it is nobody else's concern."""

from __future__ import annotations

import pytest

from amends_platform.http.problems import Problem
from amends_workflow.places import OF_ONE_MAX, Places


def test_one_person_has_so_many_and_comes_again_when_one_is_given_back() -> None:
    places = Places("evidence")
    for _ in range(OF_ONE_MAX):
        places.take("s-1")
    with pytest.raises(Problem, match="evidence 4 times at once already") as refused:
        places.take("s-1")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    places.take("s-2")
    places.give_back("s-1")
    places.take("s-1")
