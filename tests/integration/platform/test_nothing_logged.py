"""Whatever fails, no log, metric or error holds a customer's words, name or number, or a key: at the level debug."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from amends_intake.desk import Desk as IntakeDesk
from amends_platform.logs import configure_logging
from amends_platform.settings import Settings
from tests.support.console import Desk
from tests.support.guarded import guarded
from tests.support.intake import complaint
from tests.support.nats import NatsServer
from tests.support.notifying import notifier_program, until
from tests.support.postgres import PostgresServer

NARRATIVE, NAME, PHONE, MAIL = "zqnarrative", "zqname", "+49 30 901820 77", "zqmail@example.org"
PERSONAL = (NARRATIVE, NAME, PHONE, MAIL, "zqsaid")
# Nobody listens there.
ENDPOINTS = """
endpoints:
  - name: crm
    url: http://127.0.0.1:9/
    secret: whsec_YSBzZWNyZXQgdGhhdCBvbmx5IHRlc3RzIGtub3cgb2Y=
    allow_http: true
    allow_private: true
"""


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What both services log while the test runs."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging(Settings.load(log_level="debug", log_format="json"), program="test")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    lines = StringIO()
    handler.setStream(lines)
    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_nothing_personal_is_told_by_what_watches_over_the_desk(
    desk: Desk,
    postgres: PostgresServer,
    nats_server: NatsServer,
    tmp_path: Path,
    written: StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent, head = await desk.intake.caller("agent"), await desk.intake.caller("department_head")
    visitor = await desk.visitor("department_head")
    said: list[httpx.Response] = []

    async def refused(answer: httpx.Response, *statuses: int) -> None:
        assert answer.status_code in statuses, (answer.status_code, answer.text)
        said.append(answer)

    told = complaint(
        narrative=NARRATIVE, customer={"ref": "C-7", "name": NAME, "phone": PHONE, "email": MAIL}, branch="harbour"
    )
    taken = await agent.post("/v1/complaints", told, key="once")
    assert taken.status_code == 201, taken.text
    case = taken.json()
    await agent.must(case, "apology", {"by_channel": "phone", "text": f"zqsaid {NAME}"})
    contact = {"direction": "inbound", "channel": "phone", "reached": True, "summary": f"zqsaid {PHONE}"}
    await agent.must(case, "contacts", contact)
    await visitor.see(f"/cases/{case['reference']}")

    await refused(await agent.post("/v1/complaints", told | {"narrative": NARRATIVE + "!"}, key="once"), 422)
    await refused(await agent.post("/v1/complaints", told | {"narrative": f"{NARRATIVE}\x00"}), 422)
    await refused(await agent.post("/v1/complaints", content=f'{{"narrative": "{NARRATIVE}'.encode()), 400)
    await refused(await agent.post("/v1/complaints", told | {NAME: NARRATIVE}), 422)
    await refused(await agent.post("/v1/complaints", told | {"branch": f"{NAME}"}), 422)
    await refused(await head.post("/v1/customers/C-7/erasure", {"reason": f"asked by {NAME}"}), 422)
    await refused(await agent.post(f"/v1/complaints/{NAME}/apology", {"by_channel": "phone", "text": "zqsaid"}), 404)
    await refused(await visitor.get(f"/cases/{NAME}?q={PHONE}"), 404, 422)

    # A handler crashes over what it was given.
    with monkeypatch.context() as broken:

        async def crash(*_: Any) -> Any:
            raise KeyError(NARRATIVE) from ValueError(NAME)

        broken.setattr(IntakeDesk, "receive", crash)
        async with guarded(desk.intake.app) as served, httpx.AsyncClient(trust_env=False) as client:
            headers = {"Authorization": f"Bearer {agent._api_key}", "Idempotency-Key": NAME}
            url = f"http://127.0.0.1:{served.port}/v1/complaints"
            await refused(await client.post(url, json=told, headers=headers), 500)

    # The store refuses a row, and says which.
    await desk.database.execute("ALTER TABLE events ADD CONSTRAINT no_notes CHECK (type <> 'note-added')")
    await refused(await agent.give(case, "notes", {"text": f"zqsaid {NAME}"}), 422, 503)
    await desk.database.execute("ALTER TABLE events DROP CONSTRAINT no_notes")

    # The notifier cannot reach whom it is to tell.
    endpoints = tmp_path / "webhooks.yaml"
    endpoints.write_text(ENDPOINTS)
    notifier_log = tmp_path / "notifier.log"
    settings = {"AMENDS_LOG_LEVEL": "debug", "AMENDS_WEBHOOKS": str(endpoints)}
    notifier = notifier_program(desk.database, nats_server.url, log_file=notifier_log, settings=settings)
    await notifier.start()
    try:
        await until(lambda: _is_in(notifier_log, '"webhooks"'), "it reads whom to tell")
        # The database goes away under everybody.
        await postgres.execute(f"ALTER DATABASE {desk.database.name} ALLOW_CONNECTIONS false")
        await postgres.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{desk.database.name}'"
        )
        try:
            await refused(await agent.post("/v1/complaints", told), 500, 503)
            await refused(await visitor.get(f"/cases/{case['reference']}"), 500, 503)
            await until(lambda: _is_in(notifier_log, "database"), "it says that the database is away")
        finally:
            await postgres.execute(f"ALTER DATABASE {desk.database.name} ALLOW_CONNECTIONS true")
    finally:
        await notifier.stop()

    for app in (desk.intake.app, desk.app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            said.append(await client.get("/metrics"))
    log = written.getvalue() + notifier_log.read_text()
    everything = "\n".join([log, *(f"{answer.text} {answer.headers}" for answer in said)])
    assert "no_notes" in log, "the log is the one that was meant"
    assert "KeyError" in log
    assert str(said[8].json()["instance"]) in log, "who is told of a failure finds it in the log"
    secrets = (*PERSONAL, agent._api_key, head._api_key, visitor.api_key, visitor.client.cookies["amends_session"])
    assert [secret for secret in secrets if secret in everything] == []


async def _is_in(path: Path, words: str) -> bool:
    return words in path.read_text()  # noqa: ASYNC240
