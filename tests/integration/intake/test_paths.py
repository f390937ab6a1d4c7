"""Every path is described, and every command is counted by its name."""

from __future__ import annotations

from tests.support.intake import Intake


async def test_commands_are_counted_by_their_names(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case, other = await agent.receive(), await agent.receive()
    await agent.must(case, "links", {"case": other["id"]})
    await agent.give(case, "promises/1/kept", {})
    counted = (await intake.client.get("/metrics")).text
    for name, outcome in (("receive", "recorded"), ("link", "recorded"), ("keep-promise", "refused")):
        assert f'amends_commands_total{{command="{name}",outcome="{outcome}"}}' in counted


async def test_every_path_says_what_it_takes_and_answers(intake: Intake) -> None:
    document = (await intake.client.get("/openapi.json")).json()
    written = {path: item["post"] for path, item in document["paths"].items() if "post" in item}
    assert len(written) == 40
    assert len({operation["operationId"] for operation in written.values()}) == len(written)
    schemas = document["components"]["schemas"]
    for path, operation in written.items():
        (media,) = operation["requestBody"]["content"].values()
        assert media["schema"]["$ref"].rpartition("/")[2] in schemas, path
        assert operation["summary"], path
        assert {"401", "403", "422", "428", "503"} <= operation["responses"].keys(), path
        # What begins something has no state that could forbid it, and no version that it was decided for.
        assert "{" not in path or {"404", "409", "412"} <= operation["responses"].keys(), path
    kept = written["/v1/complaints/{id}/promises/{number}/kept"]
    assert {p["name"]: p["in"] for p in kept["parameters"]} == {
        "id": "path",
        "number": "path",
        "Idempotency-Key": "header",
        "If-Match": "header",
    }
