"""What tells people is on where the settings ask for it, and its files are looked at before anything begins."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from amends_notifier.digest.service import Digest
from amends_notifier.telling import check_files, connections, tellers
from amends_notifier.webhooks.service import Webhooks
from amends_platform.settings import Settings, SettingsError

DATABASE = "postgresql://127.0.0.1:1/amends"


def settings(directory: Path, **given: object) -> Settings:
    (directory / "webhooks.yaml").write_text('{"endpoints": []}')
    readers = {"sender": "a@example.com", "hour": "08:00", "staff": {"a-1": "b@example.com"}}
    (directory / "digest.yaml").write_text(json.dumps(readers))
    return Settings.load(database_url=DATABASE, nats_url="nats://127.0.0.1:1", **given)


async def told_by(known: Settings) -> list[type]:
    pool = asyncpg.create_pool(DATABASE, min_size=0)
    return [type(teller) for teller in tellers(known, pool, CollectorRegistry())]


async def test_nothing_is_on_by_itself(tmp_path: Path) -> None:
    known = settings(tmp_path)
    check_files(known)
    assert await told_by(known) == []
    assert connections(known) == 0


async def test_each_is_on_where_its_file_is_named(tmp_path: Path) -> None:
    hooks, digest = tmp_path / "webhooks.yaml", tmp_path / "digest.yaml"
    known = settings(tmp_path, webhooks=hooks, digest=digest, smtp_url="smtp://127.0.0.1:1")
    check_files(known)
    assert await told_by(known) == [Webhooks, Digest]
    assert connections(known) == 1


def test_a_file_that_cannot_be_used_is_told_with_its_setting_and_line(tmp_path: Path) -> None:
    known = settings(tmp_path, webhooks=tmp_path / "webhooks.yaml")
    (tmp_path / "webhooks.yaml").write_text(
        "endpoints:\n  - name: crm\n    url: http://example.com/\n    secret_env: NO\n"
    )
    with pytest.raises(SettingsError, match=r"(?s)AMENDS_WEBHOOKS: .*webhooks.yaml:3:10: endpoints\[0\].url: expected"):
        check_files(known)


def test_a_digest_needs_a_server_that_takes_mail(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AMENDS_SMTP_URL"):
        check_files(settings(tmp_path, digest=tmp_path / "digest.yaml"))
