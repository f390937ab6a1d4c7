"""The board and the alerts as pages: what they count, what they lead to, and saying that one has seen an alert."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.console import Desk, words_of

ALERT = re.compile(r'<li id="alert-(\d+)".*?</li>', re.DOTALL)


async def visible(desk: Desk, position: int) -> None:
    """Wait until pages show what the log holds there."""
    stranger = await desk.stranger()
    headers = {"Authorization": f"Bearer {stranger.api_key}"}
    response = await stranger.client.get("/v1/alerts", params={"min_position": position}, headers=headers)
    assert response.status_code == 200


async def escalated(desk: Desk, **fields: Any) -> tuple[dict[str, Any], int]:
    """A case that somebody escalated, and the position of the alert."""
    agent = await desk.intake.caller("agent")
    case = await agent.receive(**fields)
    answer = await agent.must(case, "escalation", {"reason": "I cannot settle it.", "to": "vice_president"})
    await visible(desk, answer["position"])
    return case, answer["position"] - 1


def alert_on(page: str, position: int) -> str:
    found = {int(each[1]): each[0] for each in ALERT.finditer(page)}
    return found.get(position, "")


async def test_the_board_counts_and_leads_to_what_it_counts(desk: Desk) -> None:
    await escalated(desk, branch="north-street")
    await escalated(desk, branch="<b>harbour</b>")
    head = await desk.intake.caller("department_head")
    incident = (await head.post("/v1/incidents", {"title": "<i>Cards</i> kept", "same": "cause", "value": "x"})).json()
    await visible(desk, incident["position"])
    visitor = await desk.visitor()
    page = await visitor.see("/board")
    assert "<b>harbour" not in page
    assert "<i>Cards" not in page
    said = words_of(page)
    assert "2 cases open" in said
    assert "<i>Cards</i> kept" in said
    for path in ("/?state=received", "/?within=late", "/alerts?kind=breach&amp;seen=any&amp;since=today"):
        assert f'href="{path}"' in page
    assert 'href="/board?branch=%3Cb%3Eharbour%3C%2Fb%3E"' in page
    assert "1 case open" in words_of(await visitor.see("/board?branch=north-street"))
    assert (await visitor.get("/board?branch=" + "x" * 200)).status_code == 422


async def test_whoever_has_seen_an_alert_says_so_once_and_all_are_told_who(desk: Desk) -> None:
    case, position = await escalated(desk)
    visitor, other = await desk.visitor(), await desk.visitor("agent")
    late = await other.see("/alerts")
    page = await visitor.see("/alerts")
    shown = words_of(alert_on(page, position))
    assert "Escalated to the vice president" in shown
    assert case["reference"] in shown
    form = {"case": case["reference"], "position": position}
    response = await visitor.send("/alerts?since=7d", form)
    assert (response.status_code, response.headers["location"]) == (303, "/alerts?since=7d#list")
    # What they did is there at once; pressed twice, it is the same.
    assert alert_on(await visitor.see("/alerts?since=7d"), position) == ""
    assert (await visitor.send("/alerts", form)).status_code == 303
    assert f"Seen by {visitor.person}" in words_of(alert_on(await other.see("/alerts?seen=yes"), position))
    assert alert_on(late, position)
    refused = await other.send("/alerts", form)
    assert refused.status_code == 409
    assert f"{visitor.person} acknowledged this escalation" in words_of(refused.text)
    assert (await desk.intake.types(case))[-1] == "alert-acknowledged"


@pytest.mark.parametrize("position", ["", "-1", "1e3", "²", "9" * 30, "1"])
async def test_what_is_no_alert_is_refused_on_a_page(desk: Desk, position: str) -> None:
    case, _ = await escalated(desk)
    visitor = await desk.visitor()
    await visitor.see("/alerts")
    response = await visitor.send("/alerts", {"case": case["reference"], "position": position})
    assert (response.status_code, response.headers["content-type"]) == (422, "text/html; charset=utf-8")


async def test_who_may_not_acknowledge_is_offered_nothing_and_another_site_sends_nothing(desk: Desk) -> None:
    case, position = await escalated(desk)
    auditor = await desk.visitor("auditor")
    assert "I have seen it" not in await auditor.see("/alerts")
    assert "Nobody has seen it" in words_of(alert_on(await auditor.see("/alerts"), position))
    form = {"case": case["reference"], "position": position}
    assert (await auditor.send("/alerts", form)).status_code == 403
    handler = await desk.visitor()
    assert (await handler.send("/alerts", form, **{"Sec-Fetch-Site": "cross-site"})).status_code == 403
    assert (await handler.send("/alerts", {**form, "csrf": "x"})).status_code == 403


async def test_filters_stand_in_the_address_and_a_branch_sees_its_own(desk: Desk) -> None:
    _, here = await escalated(desk, branch="quay")
    _, elsewhere = await escalated(desk, branch="north-street")
    visitor, quay = await desk.visitor(), await desk.visitor(branch="quay")
    page = await visitor.see("/alerts?kind=escalation&branch=quay&since=today")
    assert alert_on(page, here)
    assert not alert_on(page, elsewhere)
    assert 'hx-get="/alerts?kind=escalation&amp;branch=quay&amp;since=today"' in page
    assert "No alert is left with these filters" in await visitor.see("/alerts?kind=reminder&clock=apology")
    for asker, seen in ((quay, [here]), (visitor, [here, elsewhere])):
        page = await asker.see("/alerts")
        assert [each for each in (here, elsewhere) if alert_on(page, each)] == seen
    assert (await visitor.get("/alerts?kind=gossip")).status_code == 422
    # What is announced is a part of a page, in the reader's language, for who may see it.
    announced = await visitor.see(f"/alerts/{elsewhere}")
    assert "Escalated to the vice president" in words_of(announced)
    assert "<html" not in announced
    for path in (f"/alerts/{elsewhere}", "/alerts/999999", f"/alerts/{'9' * 30}", f"/alerts/-{'9' * 30}"):
        assert (await quay.get(path)).status_code == 404


async def test_both_pages_speak_chinese(desk: Desk) -> None:
    await escalated(desk)
    visitor = await desk.visitor(**{"Accept-Language": "zh-CN"})
    assert "本周到期事项" in await visitor.see("/board")
    assert "我已阅" in await visitor.see("/alerts")
    for html in (await visitor.see("/board"), await visitor.see("/alerts")):
        assert " style=" not in html
        # It hears of what becomes visible after what it shows.
        assert re.search(r'data-live-after="[1-9]', html)
