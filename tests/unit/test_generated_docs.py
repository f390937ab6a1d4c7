"""What the documentation takes from the code is what the code says."""

from __future__ import annotations

import pytest

from tests.support.generated_docs import GENERATED, ROOT


@pytest.mark.parametrize("name", GENERATED)
def test_the_committed_copy_is_fresh(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == GENERATED[name](), "stale: run `make docs`"
