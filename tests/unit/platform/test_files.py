"""Who comes to a secret's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends_platform.files import others_may_read


@pytest.mark.parametrize(
    ("directory", "file", "may"),
    [(0o755, 0o600, False), (0o755, 0o644, True), (0o755, 0o640, True), (0o700, 0o444, False), (0o750, 0o604, False)],
)
def test_a_file_is_as_private_as_the_directory_that_it_is_in(
    tmp_path: Path, directory: int, file: int, may: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    within = tmp_path / "credentials"
    secret = within / "master.key"
    within.mkdir()
    secret.write_text("secret")
    secret.chmod(file)
    within.chmod(directory)
    # Where tests make theirs only their user may enter.
    monkeypatch.setattr(Path, "parents", property(lambda _path: [within]))
    assert others_may_read(secret) is may
