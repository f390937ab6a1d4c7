"""People at the console, in a real browser, on a whole running system."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Literal

import pytest
import pytest_asyncio

from tests.support.browser import DESKTOP, PHONE, Seat, seated
from tests.support.intake import FOUND, SORRY
from tests.support.system import System

if TYPE_CHECKING:
    from playwright.async_api import Browser

PAGES = (
    "/",
    "/?within=late",
    "/board",
    "/alerts",
    "/reports",
    "/reports/to-date",
    "/audit",
    "/complaints/new",
    "/nowhere",
)
HOSTILE = (
    "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    "{{ 7 * 7 }} \u202e\u05d0\u05d1\u05d2 ‮reversed \U0001f9d1\U0001f3fd\u200d\U0001f4bb " + "long " * 3_900
)


class Desk:
    """Who sits where. Everybody is signed in once, and their browser must have had nothing against any page."""

    def __init__(self, chromium: Browser, system: System, stack: AsyncExitStack) -> None:
        self.system = system
        self._chromium = chromium
        self._stack = stack
        self._seats: dict[tuple[Any, ...], Seat] = {}

    async def seat(
        self,
        role: str,
        screen: tuple[int, int] = DESKTOP,
        language: Literal["en", "zh-CN"] = "en",
        theme: Literal["light", "dark"] = "light",
    ) -> Seat:
        """The window of somebody in this role, signed in."""
        who = (role, screen, language, theme)
        if who not in self._seats:
            self._seats[who] = await self._stack.enter_async_context(
                seated(self._chromium, self.system, role, screen=screen, language=language, theme=theme)
            )
        return self._seats[who]

    async def look_away(self) -> None:
        """Every window shows nothing: a page left open follows what goes on, and other tests are busy."""
        for seat in self._seats.values():
            await seat.page.goto("about:blank")

    async def case(self, **fields: Any) -> dict[str, Any]:
        """A new complaint that pages know of."""
        case = await self.system.caller("agent").receive(**fields)
        await self.system.case(case)
        return case


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(chromium: Browser, system: System) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield Desk(chromium, system, stack)


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def looked_away(desk: Desk) -> AsyncIterator[None]:
    yield
    await desk.look_away()


async def open_form(seat: Seat, command: str) -> None:
    """Choose what to do; its form is there."""
    await seat.page.locator("#do").get_by_role("link", name=command, exact=True).click()
    await seat.page.locator("#do form.act").wait_for()


async def send(seat: Seat, button: str) -> None:
    """Send the open form. It was recorded."""
    async with seat.page.expect_navigation():
        await seat.page.locator("#do form.act").get_by_role("button", name=button, exact=True).click()
    assert "done=" in seat.page.url, await seat.page.locator("#do").inner_text()


async def is_at(seat: Seat, state: str) -> None:
    """The rail says where the case stands."""
    await seat.page.locator("#rail li[aria-current=step]", has_text=re.compile(state, re.IGNORECASE)).wait_for()


async def test_a_complaint_goes_its_way_from_the_call_to_a_customer_who_is_content(desk: Desk) -> None:
    received = await desk.case(customer={"ref": "C-77001", "name": "Ms. Okafor", "phone": "555-0177"})
    handler, supervisor, head = [await desk.seat(role) for role in ("handler", "supervisor", "department_head")]

    # Found by its reference, however that is typed, from the keyboard.
    await handler.goes_to("/")
    await handler.page.keyboard.press("/")
    await handler.page.keyboard.type(received["reference"].lower().replace("-", " "))
    await handler.page.keyboard.press("Enter")
    await handler.page.wait_for_url(f"**/cases/{received['reference']}")
    assert await handler.page.locator("#side").get_by_text("Ms. Okafor").count() == 1
    await is_at(handler, "received")

    await open_form(handler, "Apologise")
    await handler.page.get_by_label("What was said").fill("We are sorry that your card was kept.")
    await send(handler, "Apologise")
    await is_at(handler, "apologized")

    await open_form(handler, "Investigate")
    await handler.page.get_by_label("What was found").fill("The feed jammed.")
    await handler.page.locator("select[name=cause]").select_option("process_too_slow")
    await handler.page.get_by_role("group", name="Were we at fault?").get_by_label("Yes").check()
    await send(handler, "Investigate")
    await is_at(handler, "investigated")

    await open_form(handler, "Propose")
    await handler.page.locator("select[name=kind]").select_option("refund")
    await handler.page.get_by_label("In words").fill("All of it.")
    await handler.page.get_by_label("Amount").fill("900")
    await send(handler, "Propose")
    await is_at(handler, "proposed")
    # Until it is approved, the customer is not told: there is no way to say that they accepted.
    assert await handler.page.locator("#do").get_by_role("link", name="Customer accepts").count() == 0

    await supervisor.goes_to(f"/cases/{received['reference']}")
    await open_form(supervisor, "Approve")
    await supervisor.page.get_by_label("Why").fill("It is right.")
    await supervisor.page.locator("#do form.act").get_by_role("button", name="Approve", exact=True).click()
    refused = supervisor.page.locator("#refused")
    await refused.wait_for()
    assert "takes the authority of a department" in await refused.inner_text()
    assert await supervisor.page.get_by_label("Why").input_value() == "It is right."

    await head.goes_to(f"/cases/{received['reference']}")
    await open_form(head, "Approve")
    await head.page.get_by_label("Why").fill("It is right.")
    await send(head, "Approve")

    # The handler's page was open all the while, and knows of it by itself.
    await handler.page.locator("#do").get_by_role("link", name="Customer accepts").wait_for()
    await open_form(handler, "Customer accepts")
    await send(handler, "Customer accepts")
    await is_at(handler, "customer confirmed")

    await open_form(handler, "Follow up")
    await handler.page.get_by_role("group", name="Was the solution carried out?").get_by_label("Yes").check()
    await handler.page.get_by_label("How content is the customer?").fill("9")
    await send(handler, "Follow up")
    await handler.page.locator("#rail li.done", has_text="Followed up").wait_for()
    case = (await desk.system.ask(f"/v1/cases/{received['id']}")).json()
    assert (case["state"], case["satisfaction"]) == ("followed-up", 9)


async def test_a_breach_appears_without_reloading(desk: Desk) -> None:
    watcher = await desk.seat("supervisor")
    await watcher.goes_to("/alerts")
    await watcher.page.evaluate("window.loadedOnce = true")
    case = await desk.case()
    alert = watcher.page.locator("main").get_by_text(case["reference"]).first
    await alert.wait_for()
    breach = watcher.page.locator("main tr, main li").filter(has_text=case["reference"]).filter(has_text="each")
    await breach.first.wait_for()
    assert await watcher.page.evaluate("window.loadedOnce") is True


async def test_who_acts_on_a_case_that_has_moved_on_is_told_what_happened_and_loses_nothing(desk: Desk) -> None:
    case = await desk.case()
    slow, quick = await desk.seat("handler"), await desk.seat("supervisor")
    for seat in (slow, quick):
        await seat.goes_to(f"/cases/{case['reference']}?do=apologize")
    await slow.page.get_by_label("What was said").fill("We are sorry, at length.")
    await quick.page.get_by_label("What was said").fill("We are sorry.")
    await send(quick, "Apologise")
    await slow.page.locator("#do form.act").get_by_role("button", name="Apologise", exact=True).click()
    told = slow.page.locator("#do")
    await told.get_by_role("heading", name="What happened since you looked").wait_for()
    assert "Apologised" in await told.inner_text()
    assert await slow.page.get_by_label("What was said").input_value() == "We are sorry, at length."
    events = (await desk.system.ask(f"/v1/cases/{case['id']}/events")).json()["items"]
    assert [event["type"] for event in events].count("apology-given") == 1


async def test_a_form_that_is_sent_twice_has_one_effect(desk: Desk) -> None:
    case = await desk.case()
    seat = await desk.seat("handler")
    await seat.goes_to(f"/cases/{case['reference']}?do=note")
    await seat.page.locator("textarea[name=text]").fill("Called in the morning.")
    await seat.page.locator("#do form.act").evaluate("form => { form.requestSubmit(); form.requestSubmit(); }")
    await seat.page.locator("#done").wait_for()
    events = (await desk.system.ask(f"/v1/cases/{case['id']}/events")).json()["items"]
    assert [event["type"] for event in events].count("note-added") == 1


async def test_who_is_signed_out_while_they_type_is_told_and_loses_nothing(desk: Desk) -> None:
    case = await desk.case()
    seat = await desk.seat("handler")
    page, text = seat.page, seat.page.get_by_label("What was said")
    told, asked_again = (
        page.locator("[data-signed-out]"),
        "document.body.dispatchEvent(new CustomEvent('desk-changed'))",
    )
    await seat.goes_to(f"/cases/{case['reference']}?do=apologize")
    await text.fill("We are sorry, at length.")
    await seat.context.clear_cookies()
    await page.evaluate(asked_again)
    await told.wait_for()
    async with seat.context.expect_page() as opened:
        await told.get_by_role("link").click()
    await seat.sign_in(await opened.value)
    await page.evaluate(asked_again)
    await told.wait_for(state="hidden")
    # The form was made for the session before, and is made anew with what was typed into it.
    await page.locator("#do form.act").get_by_role("button", name="Apologise", exact=True).click()
    await page.locator("#refused").wait_for()
    assert await text.input_value() == "We are sorry, at length."
    await send(seat, "Apologise")
    await is_at(seat, "apologized")


async def test_the_language_is_switched_and_stays(desk: Desk) -> None:
    seat = await desk.seat("agent")
    await seat.goes_to("/")
    await seat.page.get_by_role("button", name="简体中文").click()
    await seat.page.locator("html[lang=zh-Hans]").wait_for()
    await seat.page.get_by_role("link", name="看板").click()
    await seat.page.locator("html[lang=zh-Hans]").wait_for()
    await seat.page.get_by_role("button", name="English").click()
    await seat.page.locator("html[lang=en]").wait_for()


async def test_a_case_is_found_and_apologised_for_with_the_keyboard_alone(desk: Desk) -> None:
    case = await desk.case(branch="keyboard-street")
    seat = await desk.seat("handler")
    keys = seat.page.keyboard
    await seat.goes_to("/?branch=keyboard-street")
    await keys.press("j")
    await keys.press("Enter")
    await seat.page.wait_for_url(f"**/cases/{case['reference']}")
    link = seat.page.locator("#do").get_by_role("link", name="Apologise", exact=True)
    await _tab_to(seat, link)
    await keys.press("Enter")
    await seat.page.locator("#do form.act").wait_for()
    await _tab_to(seat, seat.page.get_by_label("What was said"))
    await keys.type("We are sorry.")
    await _tab_to(seat, seat.page.locator("#do form.act").get_by_role("button", name="Apologise", exact=True))
    await keys.press("Enter")
    await seat.page.locator("#done").wait_for()
    await is_at(seat, "apologized")
    # And on, to where alerts are.
    await keys.press("g")
    await keys.press("a")
    await seat.page.wait_for_url("**/alerts")


async def _tab_to(seat: Seat, wanted: Any) -> None:
    """Press Tab until it has the focus: whatever can be done can be reached."""
    for _ in range(120):
        if await wanted.evaluate("each => each === document.activeElement"):
            return
        await seat.page.keyboard.press("Tab")
    raise AssertionError("it is never reached by the keyboard")


async def test_what_somebody_wrote_is_shown_and_never_obeyed(desk: Desk) -> None:
    case = await desk.case(
        narrative=HOSTILE,
        customer={"ref": "C-<b>1", "name": "<svg onload=alert(1)>", "phone": "'\"><script>alert(1)</script>"},
    )
    for screen in (DESKTOP, PHONE):
        seat = await desk.seat("handler", screen)
        await seat.goes_to(f"/cases/{case['reference']}?whole=1")
        assert "<script>document.title='taken'</script>" in await seat.page.locator("#history").inner_text()
        assert "taken" not in await seat.page.title()
        await seat.fits()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("language", "theme", "screen"), [("en", "light", DESKTOP), ("zh-CN", "dark", PHONE)])
async def test_every_page_is_accessible_and_fits(
    desk: Desk, path: str, language: Literal["en", "zh-CN"], theme: Literal["light", "dark"], screen: tuple[int, int]
) -> None:
    seat = await desk.seat("department_head", screen, language, theme)
    await seat.page.goto(path)
    await seat.is_accessible()
    await seat.fits()


@pytest.mark.parametrize(("language", "theme", "screen"), [("en", "dark", PHONE), ("zh-CN", "light", DESKTOP)])
async def test_a_case_is_accessible_with_and_without_a_form(
    desk: Desk, language: Literal["en", "zh-CN"], theme: Literal["light", "dark"], screen: tuple[int, int]
) -> None:
    case = await desk.case()
    agent, handler = desk.system.caller("agent"), desk.system.caller("handler")
    await agent.must(case, "apology", SORRY)
    investigated = await handler.must(case, "investigation", FOUND)
    await desk.system.case(investigated)
    seat = await desk.seat("handler", screen, language, theme)
    for path in ("", "?do=propose", "?do=contact", f"?position={case['position']}"):
        await seat.goes_to(f"/cases/{case['reference']}{path}")
        await seat.is_accessible()
        await seat.fits()
