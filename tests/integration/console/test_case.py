"""One case: what is shown of it, what may be done with it, and that it is recorded once, whatever happens."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from amends_domain.case import Case
from amends_domain.transitions import TRANSITIONS
from amends_workflow.console.acting.table import ACTIONS
from tests.support.console import Desk, Visitor, until, words_of
from tests.support.intake import FOUND, LETTER, SORRY

REFUND = {"kind": "refund", "offer": "All of it.", "amount": "900", "currency": "CNY"}
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


async def a_case(desk: Desk, *steps: tuple[str, dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A complaint that has come so far; intake's last answer."""
    caller = await desk.intake.caller("handler", person=fields.pop("by", None))
    case = await caller.receive(**fields)
    for what, body in steps:
        case = await caller.must(case, what, body)
    return case


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the form that is open."""
    return dict(HIDDEN.findall(html[html.index('class="act"') :]))


async def opened(visitor: Visitor, case: dict[str, Any], command: str) -> dict[str, str]:
    """The hidden fields of a form as it is first shown."""
    return hidden(await visitor.see(f"/cases/{case['reference']}?do={command}"))


async def test_a_case_shows_its_steps_clocks_history_and_words(desk: Desk) -> None:
    case = await a_case(desk, ("apology", SORRY))
    page = words_of(await (await desk.visitor("handler")).see(f"/cases/{case['reference']}"))
    for said in (case["reference"], "Apologized", "The machine kept my card", "We are sorry.", "Ms. Chen", "555-0142"):
        assert said in page
    assert "Statutory decision" in page
    assert "to apology given" in page.replace("-", " ")


async def test_what_is_late_stands_first_among_the_clocks_until_it_is_done(desk: Desk) -> None:
    ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    case, visitor = await a_case(desk, occurred_at=ago), await desk.visitor("handler")
    head = re.compile(r'class="next-clock">\s*([\w ]+?) <span class="left (\w+)">')
    path = f"/cases/{case['reference']}"
    assert head.findall(await visitor.see(path)) == [("Apology", "late")]
    await (await desk.intake.caller("handler")).must(case, "apology", SORRY)
    page = await visitor.see(path)
    assert head.findall(page) == [("Callback", "fine")]
    assert "ended late" in words_of(page)


def test_every_command_that_a_case_may_allow_has_a_form() -> None:
    assert set(ACTIONS) == set(TRANSITIONS)


async def test_a_form_is_recorded_and_one_reads_what_one_wrote(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("agent")
    form = await opened(visitor, case, "apologize")
    response = await visitor.send(
        f"/cases/{case['reference']}/do/apologize", {**form, "channel": "phone", "text": "很抱歉。"}
    )
    assert response.status_code == 303, words_of(response.text)
    page = words_of(await visitor.see(response.headers["location"].partition("#")[0]))
    assert "很抱歉。" in page
    assert "Recorded: apologise" in page
    assert (await desk.intake.types(case))[-1] == "apology-given"


async def test_sent_twice_it_has_one_effect(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("agent")
    form = {**await opened(visitor, case, "note"), "text": "Once."}
    answers = [await visitor.send(f"/cases/{case['reference']}/do/note", form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert (await desk.intake.types(case)).count("note-added") == 1
    assert await desk.intake.types(case)


@pytest.mark.parametrize("key", ["", "客", "a\r\nX-Evil: 1", "k" * 300])
async def test_a_key_that_no_page_made_is_replaced(desk: Desk, key: str) -> None:
    case, visitor = await a_case(desk), await desk.visitor("agent")
    form = {**await opened(visitor, case, "note"), "text": "Once.", "key": key}
    assert (await visitor.send(f"/cases/{case['reference']}/do/note", form)).status_code == 303


async def test_a_stale_page_is_told_what_happened_since_and_keeps_what_was_typed(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    form = {**await opened(visitor, case, "note"), "text": "What I typed & <meant>"}
    other = await desk.intake.caller("agent", person="a-other-agent")
    await other.must(case, "apology", SORRY)
    response = await visitor.send(f"/cases/{case['reference']}/do/note", form)
    assert response.status_code == 412
    said = words_of(response.text)
    assert "The case has moved on" in said
    assert "a-other-agent" in said[said.index("What happened since you looked") : said.index("Something has happened")]
    assert "What I typed &amp; &lt;meant&gt;</textarea>" in response.text
    again = await visitor.send(
        f"/cases/{case['reference']}/do/note", {**hidden(response.text), "text": "What I typed & <meant>"}
    )
    assert again.status_code == 303


async def test_an_alarm_between_the_console_and_intake_makes_no_page_old(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await a_case(desk)
    visitor = await desk.visitor()
    fields = hidden(await visitor.see(f"/cases/{case['reference']}?do=apologize"))
    asked = []

    def late(_case: Case, version: int | None, _command: str) -> int | None:
        # As if the log had moved on just after it was looked at.
        asked.append(version)
        return 99 if len(asked) == 1 else version

    monkeypatch.setattr("amends_workflow.console.routes.cases.version_meant", late)
    form = {**fields, "channel": "phone", "text": "Sorry."}
    response = await visitor.send(f"/cases/{case['reference']}/do/apologize", form)
    assert (response.status_code, len(asked)) == (303, 2)


async def test_a_refusal_says_why_and_what_is_possible_beside_the_form(desk: Desk) -> None:
    case = await a_case(desk, ("apology", SORRY), ("investigation", FOUND))
    handler, visitor = await desk.intake.caller("handler"), await desk.visitor("handler")
    form = await opened(visitor, case, "propose")
    await handler.must(case, "proposals", LETTER)
    del form["version"]
    response = await visitor.send(
        f"/cases/{case['reference']}/do/propose",
        REFUND | form,
    )
    assert response.status_code == 409
    said = words_of(response.text)
    assert "It was not recorded" in said
    assert "Possible now: customer accepts" in said
    assert "All of it.</textarea>" in response.text
    assert 'value="900"' in response.text


async def test_what_is_missing_is_named_at_its_field_and_nothing_is_sent(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    form = await opened(visitor, case, "on-the-spot")
    response = await visitor.send(
        f"/cases/{case['reference']}/do/on-the-spot", {**form, "amount": "much", "apology": "Sorry."}
    )
    assert response.status_code == 422
    assert '<a href="#findings">' in response.text
    assert '<a href="#amount">' in response.text
    assert 'aria-describedby="findings-error" aria-invalid="true"' in response.text
    assert "Sorry.</textarea>" in response.text
    assert len(await desk.intake.types(case)) == 1


async def test_intakes_own_words_about_a_field_stand_at_the_field(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    form = await opened(visitor, case, "hand-off")
    response = await visitor.send(f"/cases/{case['reference']}/do/hand-off", {**form, "owner": "a", "department": "b"})
    assert response.status_code == 422
    assert "exactly one of them" in words_of(response.text)


async def test_a_role_is_shown_what_it_may_do_and_who_may_do_the_rest(desk: Desk) -> None:
    case = await a_case(desk, ("apology", SORRY))
    page = words_of(await (await desk.visitor("agent")).see(f"/cases/{case['reference']}"))
    assert "Investigate: department head, executive, handler, supervisor" in page
    auditor = await desk.visitor("auditor")
    assert "?do=" not in await auditor.see(f"/cases/{case['reference']}")
    assert 'class="act"' not in await auditor.see(f"/cases/{case['reference']}?do=note")


async def test_who_may_not_read_words_does_not_see_them(desk: Desk) -> None:
    case = await a_case(desk)
    page = words_of(await (await desk.visitor("integration")).see(f"/cases/{case['reference']}"))
    for word in ("Chen", "555-0142", "machine kept"):
        assert word not in page
    assert "not shown to your role" in page


async def test_who_may_not_know_which_staff_a_complaint_names_reads_it_nowhere_on_its_page(desk: Desk) -> None:
    case = await a_case(desk, ("classification", {"complained_of": ["s-teller"], "type": "waiting_time"}))
    for role, known in (("auditor", True), ("integration", False)):
        page = await (await desk.visitor(role)).see(f"/cases/{case['reference']}")
        assert ("s-teller" in page, "waiting" in page.lower()) == (known, True)


async def test_a_case_of_another_branch_is_not_there(desk: Desk) -> None:
    case = await a_case(desk)
    response = await (await desk.visitor("handler", branch="south-gate")).get(f"/cases/{case['reference']}")
    assert response.status_code == 404
    assert "text/html" in response.headers["content-type"]


async def test_of_a_day_before_the_case_began_it_is_said_that_there_was_none_yet(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler", **{"Accept-Language": "zh-CN"})
    response = await visitor.get(f"/cases/{case['reference']}?as_of=2020-01-01T00:00")
    assert (response.status_code, "当时还没有这张工单" in response.text) == (404, True)
    stranger = await desk.visitor("handler", branch="south-gate", **{"Accept-Language": "zh-CN"})
    hidden_case = await stranger.get(f"/cases/{case['reference']}?as_of=2020-01-01T00:00")
    assert (hidden_case.status_code, "当时还没有" in hidden_case.text) == (404, False)


async def test_the_past_is_read_only_and_leads_back(desk: Desk) -> None:
    case, visitor = await a_case(desk, ("apology", SORRY), ("investigation", FOUND)), await desk.visitor("handler")
    response = await visitor.get(f"/cases/{case['reference']}?version=2")
    assert response.status_code == 303
    page = await visitor.see(response.headers["location"])
    said = words_of(page)
    assert "This is the past" in said
    assert "The feed jammed." not in said
    assert "?do=" not in page
    assert f'href="/cases/{case["reference"]}"' in page
    now = await visitor.get(f"/cases/{case['reference']}?version=3")
    assert now.headers["location"] == f"/cases/{case['reference']}"
    assert (await visitor.get(f"/cases/{case['reference']}?as_of=2020-01-01T00:00")).status_code == 404
    assert (await visitor.get(f"/cases/{case['reference']}?as_of=never")).status_code == 422


async def test_a_new_complaint_is_received_once(desk: Desk) -> None:
    visitor = await desk.visitor("agent", branch="north-street")
    page = await visitor.see("/complaints/new")
    assert 'value="north-street"' in page
    form = {
        **hidden(page),
        "channel": "phone",
        "branch": "north-street",
        "customer_ref": "C-77",
        "customer_name": "Ms. Chen",
        "narrative": "It kept my card.",
        "kind": "complaint",
        "type": "atm_card_or_cash",
        "flags": ["urgent", "vulnerable"],
        "complained_of": "s-1, s-2",
    }
    answers = [await visitor.send("/complaints/new", form) for _ in range(2)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    said = words_of(await visitor.see(answers[0].headers["location"].partition("#")[0]))
    assert "read it to the customer" in said
    assert "ATM card or cash" in said
    assert len(await desk.intake.rows("SELECT 1 AS one FROM events WHERE data->>'customer_ref' = 'C-77'")) == 1


async def test_when_intake_is_away_nothing_typed_is_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    form = {**await opened(visitor, case, "note"), "text": "Keep this."}
    client = desk.app.state.console.intake

    async def away(*_: Any, **__: Any) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(client, "post", away)
    response = await visitor.send(f"/cases/{case['reference']}/do/note", form)
    assert response.status_code == 503
    assert "Keep this.</textarea>" in response.text
    assert "What you typed is still here" in words_of(response.text)
    monkeypatch.undo()
    again = await visitor.send(f"/cases/{case['reference']}/do/note", {**hidden(response.text), "text": "Keep this."})
    assert again.status_code == 303


async def test_a_form_from_before_one_signed_in_anew_keeps_what_was_typed(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    form = {**await opened(visitor, case, "note"), "text": "Keep this."}
    await visitor.sign_in()
    response = await visitor.send(f"/cases/{case['reference']}/do/note", form)
    assert response.status_code == 403
    assert "Keep this.</textarea>" in response.text
    again = await visitor.send(f"/cases/{case['reference']}/do/note", {**hidden(response.text), "text": "Keep this."})
    assert again.status_code == 303


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202egnp.exe \u2067مرحبا\u2069 {{ 7*7 }} ${7*7}",
    "'\"--> </textarea><svg onload=alert(1)>",
    "👩‍👩‍👧‍👦 🧾 " * 20,
    "long " * 4_000,
    "x" * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "bidi", "breakout", "emoji", "long", "unbroken"])
async def test_hostile_words_are_shown_and_do_nothing(desk: Desk, text: str) -> None:
    case, visitor = await a_case(desk, narrative=text, customer={"ref": text[:100], "name": text}), await desk.visitor()
    for path in (f"/cases/{case['reference']}", "/"):
        page = await visitor.see(path)
        assert not re.search(r"<script(?! src=)|<img src=x|<svg onload|<[^>]*\sonerror", page)
        assert "49" not in re.findall(r"مرحبا[^<]*", page)
    said = words_of(await visitor.see(f"/cases/{case['reference']}"))
    assert " ".join(text.split())[:500] in said
    form = await opened(visitor, case, "note")
    response = await visitor.send(f"/cases/{case['reference']}/do/note", {**form, "text": text, "occurred_at": "never"})
    assert response.status_code == 422
    assert not re.search(r"<script(?! src=)|<img src=x|<svg onload", response.text)


@pytest.mark.parametrize("text", ["a\x00b", "\x00"])
async def test_null_bytes_are_refused(desk: Desk, text: str) -> None:
    case, visitor = await a_case(desk), await desk.visitor()
    form = await opened(visitor, case, "note")
    response = await visitor.send(f"/cases/{case['reference']}/do/note", {**form, "text": text})
    assert response.status_code == 422
    assert (await visitor.get("/")).status_code == 200
    assert (await visitor.get(f"/?q={'%00'}")).status_code == 422
    assert (await visitor.get("/cases/%00")).status_code == 404


async def test_evidence_is_taken_away_with_words_and_without(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    page = await visitor.see(f"/cases/{case['reference']}")
    assert f"/cases/{case['reference']}/evidence?personal=true" in page
    response = await visitor.get(f"/cases/{case['reference']}/evidence")
    assert response.status_code == 200
    assert response.headers["content-disposition"] == f'attachment; filename="evidence-{case["reference"]}.zip"'
    assert response.content[:2] == b"PK"
    integration = await desk.visitor("integration")
    assert "personal=true" not in await integration.see(f"/cases/{case['reference']}")


async def test_evidence_that_names_staff_is_for_those_who_may_know_whom(desk: Desk) -> None:
    case = await a_case(desk, ("classification", {"complained_of": ["s-teller"]}))
    path = f"/cases/{case['reference']}/evidence"
    assert b"s-teller" in (await (await desk.visitor("handler")).get(path)).content
    refused = await (await desk.visitor("integration")).get(path)
    assert refused.status_code == 403
    assert "s-teller" not in refused.text


async def test_without_intake_the_page_only_shows_and_says_so(desk: Desk) -> None:
    case, visitor = await a_case(desk), await desk.visitor("handler")
    form = {**await opened(visitor, case, "note"), "text": "Keep this."}
    console = desk.app.state.console
    desk.app.state.console = replace(console, intake=None)
    try:
        page = await visitor.see(f"/cases/{case['reference']}?do=note")
        assert "This console only shows" in words_of(page)
        assert 'class="act"' not in page
        assert (await visitor.send(f"/cases/{case['reference']}/do/note", form)).status_code == 503
    finally:
        desk.app.state.console = console


async def test_a_case_goes_on_with_the_words_of_those_merged_into_it(desk: Desk) -> None:
    older = await a_case(desk, customer={"ref": "C-two"})
    newer = await a_case(desk, customer={"ref": "C-two"}, narrative="The second letter.")
    head = await desk.intake.caller("department_head")
    await head.must(newer, "merge", {"into": older["reference"], "reason": "The same."})
    visitor = await desk.visitor("handler")
    page = await visitor.see(f"/cases/{older['reference']}")
    assert "The second letter." in page
    assert f'<a class="mono" href="/cases/{newer["reference"]}">' in page
    assert "This case goes on as" in words_of(await visitor.see(f"/cases/{newer['reference']}"))


async def test_what_was_erased_is_said_to_be(desk: Desk) -> None:
    case = await a_case(desk, customer={"ref": "C-gone", "name": "Ms. Gone"})
    first, second = await desk.intake.caller("handler"), await desk.intake.caller("department_head")
    assert (await first.post("/v1/customers/C-gone/erasure", {"reason": "asked by letter"})).status_code == 202
    assert (await second.post("/v1/customers/C-gone/erasure/approval", {})).status_code == 200
    page = words_of(await (await desk.visitor("handler")).see(f"/cases/{case['reference']}"))
    assert "personal data was erased" in page
    assert "Gone" not in page.replace("C-gone", "")


async def test_an_alert_is_seen_from_its_line_in_the_history(desk: Desk) -> None:
    ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    case, visitor = await a_case(desk, occurred_at=ago), await desk.visitor("handler")
    link = re.compile(rf'href="(/cases/{case["reference"]}\?do=acknowledge&amp;entry=(\d+))#do"')

    async def is_breached() -> bool:
        return link.search(await visitor.see(f"/cases/{case['reference']}")) is not None

    await until(is_breached)
    found = link.search(await visitor.see(f"/cases/{case['reference']}"))
    assert found is not None
    page = await visitor.see(found[1].replace("&amp;", "&"))
    assert f'<option value="{found[2]}" selected>' in page
    form = {**hidden(page), "position": found[2]}
    del form["version"]
    assert (await visitor.send(f"/cases/{case['reference']}/do/acknowledge", form)).status_code == 303
    assert f"seen by {visitor.person}" in words_of(await visitor.see(f"/cases/{case['reference']}"))


async def test_a_page_that_fails_says_so_and_logs_nothing_of_the_case(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, visitor = await a_case(desk, narrative="A secret narrative."), await desk.visitor("handler")

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("A secret narrative.")

    monkeypatch.setattr("amends_workflow.console.cases.view.timeline", broken)
    response = await visitor.get(f"/cases/{case['reference']}")
    assert (response.status_code, response.headers["content-type"]) == (500, "text/html; charset=utf-8")
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.out + said.err
    assert "secret" not in said.out + said.err + response.text


async def test_what_happens_is_told_to_nobody_who_is_not_signed_in(desk: Desk) -> None:
    stranger = await desk.stranger()
    assert (await stranger.get("/live")).status_code == 303
    visitor = await desk.visitor()
    assert (await visitor.get("/live", **{"Sec-Fetch-Site": "cross-site"})).status_code == 303
