"""The notifier as a process: it says when it is ready, stops when told to, and its exit status means something."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from standardwebhooks import Webhook

from tests.support.appends import a_command
from tests.support.nats import NatsServer
from tests.support.notifying import SECRETS, Log, breach, kept_count, notifier_program, received, reminder
from tests.support.postgres import Database
from tests.support.receivers import a_receiver
from tests.support.webhooks import SECRET, told_at


async def test_it_announces_itself_ready_with_the_broker_away_and_ends_at_sigterm(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    await nats_server.kill()
    process = notifier_program(database, nats_server.url, log_file=tmp_path / "notifier.log")
    await process.start()
    await log.append(uuid4(), received())
    await nats_server.start()
    await log.published()
    assert await process.stop()
    assert await process.wait() == 0
    assert await kept_count(nats_server.url) == 1


async def test_an_unpublishable_event_ends_it_with_an_alarm(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    command = a_command()
    await log.appender.append(command)
    status, said = await _run({"AMENDS_DATABASE_URL": database.url, "AMENDS_NATS_URL": nats_server.url})
    assert status == 1
    assert "cannot be published" in said
    assert f'"case_id":"{command.stream_id}"' in said
    assert f'"correlation_id":"{command.correlation_id}"' in said


async def test_republishing_from_the_command_line_says_how_many(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    urls = {"AMENDS_DATABASE_URL": database.url, "AMENDS_NATS_URL": nats_server.url}
    await log.cases(3, 3)
    process = notifier_program(database, nats_server.url, log_file=tmp_path / "notifier.log")
    await process.start()
    await log.published()
    status, said = await _run(urls, "--republish", "4")
    assert status == 0
    assert '"messages":6' in said
    assert await process.stop()


async def test_republishing_without_a_database_is_answered_with_status_3(nats_server: NatsServer) -> None:
    urls = {"AMENDS_DATABASE_URL": "postgresql://127.0.0.1:1/amends", "AMENDS_NATS_URL": nats_server.url}
    status, said = await _run(urls, "--republish", "1")
    assert (status, "database away" in said) == (3, True)


async def test_metrics_and_probes_are_served_where_a_port_is_set(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = notifier_program(
        database, nats_server.url, settings={"AMENDS_NOTIFIER_PORT": str(port)}, log_file=tmp_path / "notifier.log"
    )
    await process.start()
    await log.append(uuid4(), received())
    await log.published()
    text = await asyncio.to_thread(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode())
    assert "amends_notifier_published_total 1.0" in text
    assert "amends_notifier_active 1.0" in text
    assert await answer(port, "/livez") == (200, {"status": "alive"})
    assert await answer(port, "/readyz") == (200, {"status": "ready"})
    assert (await answer(port, "/nothing"))[1]["type"] == "urn:amends:problem:not-found"
    assert nats_server.pid is not None
    os.kill(nats_server.pid, signal.SIGSTOP)
    try:
        # One that hangs is as good as none, at once.
        status, said = await answer(port, "/readyz")
    finally:
        os.kill(nats_server.pid, signal.SIGCONT)
    assert (status, said["type"], said["status"]) == (503, "urn:amends:problem:not-ready", 503)
    assert said["detail"] == "The broker does not answer, or has no stream."
    assert said["instance"].startswith("urn:uuid:")
    assert (await answer(port, "/livez"))[0] == 200
    await process.stop()


async def answer(port: int, path: str) -> tuple[int, Any]:
    def ask() -> tuple[int, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as got:
                return got.status, json.load(got)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    return await asyncio.to_thread(ask)


async def test_what_is_off_is_not_even_imported() -> None:
    script = "import sys, amends_notifier.__main__; print(*sys.modules)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    loaded = set(said.decode().split())
    assert "amends_notifier.service" in loaded
    assert (
        loaded & {"httpx", "aiosmtplib", "ruamel.yaml", "jinja2", "amends_notifier.webhooks", "opentelemetry"} == set()
    )


async def test_webhooks_tell_of_what_it_publishes_where_a_file_names_them(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    async with a_receiver() as receiver, told_at(nats_server.url, tmp_path / "webhooks.yaml") as told:
        told.tenant = "default"
        told.write({"url": receiver.url, "events": ["breach"]})
        process = notifier_program(
            database,
            nats_server.url,
            settings={"AMENDS_WEBHOOKS": str(told.path)},
            log_file=tmp_path / "notifier.log",
        )
        await process.start()
        await told.has_consumer("crm")
        await log.append(uuid4(), received(), reminder(), breach())
        await receiver.until(lambda it: len(it.got) == 1)
        assert await process.stop()
        (request,) = receiver.got
        assert request.id == (await log.ids())[2]
        # The trace goes on.
        assert UUID(request.id).hex[16:] == request.headers["traceparent"].split("-")[2]
        assert Webhook(SECRET).verify(request.body, request.headers)["data"]["clock"] == "apology"
        said = (tmp_path / "notifier.log").read_text()
        assert not [secret for secret in (*SECRETS, SECRET, SECRET.removeprefix("whsec_")) if secret in said]


async def _run(settings: dict[str, str], *arguments: str) -> tuple[int, str]:
    """Run it to its end: the exit status and what it said on standard error."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "amends_notifier",
        *arguments,
        env=environment | {"AMENDS_MODE": "development"} | settings,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    return process.returncode or 0, said.decode()
