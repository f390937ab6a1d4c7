"""The audit page: what is signed, how to check it, and who tried what they may not."""

from __future__ import annotations

from tests.support.console import Desk, until, words_of
from tests.support.intake import FOUND, REFUND, SORRY


async def signed(desk: Desk, position: int) -> None:
    """Wait until a checkpoint covers the position."""

    async def covered() -> bool:
        rows = await desk.intake.rows("SELECT max(tree_size) AS size FROM signed_checkpoints")
        return (rows[0]["size"] or 0) >= position

    await until(covered)


async def test_what_is_signed_is_shown_with_the_key_and_how_to_check_it(desk: Desk) -> None:
    case = await (await desk.intake.caller("agent")).receive()
    await signed(desk, case["position"])
    page = words_of(await (await desk.visitor("auditor")).see("/audit"))
    assert "Every event of the log is covered" in page
    assert desk.app.state.console.of.verifier.vkey in page
    assert "amends verify --checkpoint" in page
    assert "amends replay --report" in page


async def test_refusals_are_for_those_who_may_read_them(desk: Desk) -> None:
    handler = await desk.intake.caller("handler", person="h-tried")
    case = await handler.receive()
    for what, body in (("apology", SORRY), ("investigation", FOUND), ("proposals", REFUND)):
        await handler.must(case, what, body)
    assert (await handler.may_not(case, "proposals/approval", {"reason": "Mine."}))[0] == 403
    auditor = await desk.visitor("auditor")

    async def told() -> bool:
        # The case's reference comes with the read model.
        page = words_of(await auditor.see("/audit"))
        return "h-tried" in page and case["reference"] in page

    await until(told)
    assert "h-tried" not in await (await desk.visitor("handler")).see("/audit")


async def test_the_form_leads_to_the_evidence_of_a_case(desk: Desk) -> None:
    visitor = await desk.visitor("auditor")
    response = await visitor.get("/audit/evidence?case=5MAY-X6NW&personal=yes")
    assert response.headers["location"] == "/cases/5MAY-X6NW/evidence?personal=true"
    assert (await visitor.get("/audit/evidence?case=../../x")).headers["location"] == "/cases/..%2F..%2Fx/evidence"
    assert (await visitor.get("/cases/nothing/evidence")).status_code == 404
