"""What the probes of the HTTP services answer, and what their metrics hold after some work."""

from __future__ import annotations

import asyncio

import httpx

from tests.support.console import Desk


async def told(app: object, path: str) -> tuple[int, str]:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        response = await client.get(path)
    return response.status_code, response.json().get("detail", "")


async def test_a_service_on_a_schema_older_than_its_release_is_not_ready_but_alive(desk: Desk) -> None:
    assert await told(desk.intake.app, "/readyz") == (200, "")
    version = await desk.database.fetchval("UPDATE alembic_version SET version_num = '0001' RETURNING old.version_num")
    try:
        for app in (desk.intake.app, desk.app):
            status, why = await told(app, "/readyz")
            assert status == 503
            assert "The database's schema is at 0001" in why
            assert await told(app, "/livez") == (200, "")
    finally:
        await desk.database.execute(f"UPDATE alembic_version SET version_num = '{version}'")
    assert await told(desk.app, "/readyz") == (200, "")


async def test_metrics_tell_of_batches_pools_and_requests(desk: Desk) -> None:
    agent = await desk.intake.caller("agent")
    await agent.receive()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.intake.app), base_url="http://intake") as client:
        text = (await client.get("/metrics")).text
    for line in (
        'amends_http_request_duration_seconds_count{method="POST",route="/v1/complaints",status="201"} 1.0',
        'amends_commands_total{command="receive",outcome="recorded"} 1.0',
        "amends_append_batch_commands_count 1.0",
        "amends_append_duration_seconds_count 1.0",
        "amends_append_waiting_commands 0.0",
        "amends_database_connections_max 10.0",
    ):
        assert line in text, line
    assert "process_resident_memory_bytes" in text
    assert 'amends_build_info{program="intake"' in text


async def test_a_service_one_of_whose_tasks_has_ended_is_not_alive(desk: Desk) -> None:
    """The last one: it is not mended."""
    for app, name in ((desk.intake.app, "erased-keys"), (desk.app, "firing")):
        assert await told(app, "/livez") == (200, "")
        for task in asyncio.all_tasks():
            if task.get_name() == name:
                task.cancel()
                await asyncio.wait([task])
        status, why = await told(app, "/livez")
        assert status == 503
        assert why.endswith("has ended.")
