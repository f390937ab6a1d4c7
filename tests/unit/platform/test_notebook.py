"""What a verification remembers: the versions of streams over all ranges, and all of it or nothing after a kill."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from amends_platform.failures import WrongUsage
from amends_platform.verifying.faults import Fault
from amends_platform.verifying.standing import Notebook, open_notebook

ONE, OTHER, THIRD = (bytes([number]) * 16 for number in (1, 2, 3))


class _Killed(Exception):
    """Between two statements."""


def test_versions_are_followed_from_range_to_range() -> None:
    with open_notebook(None, "") as notebook:
        assert notebook.follow({ONE: (1, 1, 3), OTHER: (2, 1, 1)}) == []
        assert notebook.follow({OTHER: (5, 2, 9)}) == []
        assert notebook.follow({ONE: (17, 4, 4), OTHER: (18, 10, 10), THIRD: (19, 1, 1)}) == []
        assert notebook.standing.streams == 3


def test_a_version_that_does_not_follow_is_told_and_gone_on_from() -> None:
    with open_notebook(None, "") as notebook:
        notebook.follow({ONE: (1, 1, 3), OTHER: (2, 1, 1)})
        faults = notebook.follow({ONE: (5, 5, 6), OTHER: (6, 1, 2), THIRD: (7, 2, 2)})
        assert faults == [
            Fault(5, "version 5 comes after version 3"),
            Fault(6, "version 1 comes after version 1"),
            Fault(7, "version 2 comes after version 0"),
        ]
        assert notebook.follow({ONE: (8, 7, 7), OTHER: (9, 3, 3), THIRD: (10, 3, 3)}) == []
        assert notebook.standing.streams == 3


def test_notes_that_cannot_be_kept_are_wrong_usage(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "notes"):
        with pytest.raises(WrongUsage, match="cannot be used to go on from"), open_notebook(path, ""):
            pass


def test_what_was_not_noted_is_as_if_it_had_not_been_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "notes"

    def until_killed(notebook: Notebook) -> None:
        notebook.standing.position = 512
        notebook.follow({ONE: (300, 4, 5), OTHER: (301, 7, 7)})
        raise _Killed

    with suppress(_Killed), open_notebook(path, "inputs") as notebook:
        notebook.standing.position = 256
        notebook.standing.faults = [Fault(7, "it is bad", 9)]
        notebook.follow({ONE: (1, 1, 3)})
        notebook.note()
        until_killed(notebook)
    with open_notebook(path, "inputs") as notebook:
        assert notebook.noted_at is not None
        assert (notebook.standing.position, notebook.standing.streams) == (256, 1)
        assert notebook.standing.faults == [Fault(7, "it is bad", 9)]
        assert notebook.follow({ONE: (300, 4, 5)}) == []
    assert not path.exists()
