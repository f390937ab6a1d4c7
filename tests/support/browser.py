"""A real browser, and people at it. Every page they open is watched: errors, and requests that leave the machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

import pytest
import pytest_asyncio

from tests.support.system import System

if TYPE_CHECKING:
    # Loaded by those tests alone that open a browser.
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

# The first has no windows at all, which halves what a test of pages costs.
_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_WAIT_MS_MAX: Final = 60_000
DESKTOP, PHONE = (1280, 900), (360, 740)
# A command that is refused is answered with its status, of which the browser tells the console by itself.
_REFUSED: Final = re.compile(r"Failed to load resource: the server responded with a status of 4(01|03|04|09|12|22) ")


class Seat:
    """One person's browser window. `complaints` is what the browser had against the pages so far."""

    def __init__(self, context: BrowserContext, page: Page, home: str, key: str) -> None:
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        self._home = home
        self._key = key
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        context.on("request", self._on_request)

    async def sign_in(self, tab: Page | None = None) -> None:
        """As a person does: with the key in the form; in another tab, if one is given."""
        page = tab or self.page
        await page.goto("/")
        await page.locator("#key").fill(self._key)
        await page.keyboard.press("Enter")
        await page.wait_for_url(lambda url: "/sign-in" not in url)

    async def goes_to(self, path: str) -> None:
        """Open a page by its address; it must be good."""
        response = await self.page.goto(path)
        assert response is not None, path
        assert response.ok, f"{path}: {response.status}"

    async def is_accessible(self) -> None:
        """No rule of axe's is violated on this page, as it stands now."""
        from axe_playwright_python.async_playwright import Axe

        found = await Axe().run(self.page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, f"{self.page.url}\n{found.generate_report()}"

    async def fits(self) -> None:
        """Nobody has to scroll the page sideways."""
        wider = await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, f"{self.page.url} is wider than the screen, by {wider} pixels"

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _REFUSED.match(message.text):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self._home, "data:")):
            self.complaints.append(f"{self.page.url} asks {request.url}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """The machine's own Chromium, without a window."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no Chromium is installed (Debian: chromium-headless-shell)")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        # Its sandbox needs rights that root in a container has not; it sees our own pages only.
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def seated(
    chromium: Browser,
    system: System,
    role: str,
    *,
    screen: tuple[int, int] = DESKTOP,
    language: Literal["en", "zh-CN"] = "en",
    theme: Literal["light", "dark"] = "light",
) -> AsyncIterator[Seat]:
    """Somebody in this role, signed in. When they leave, the browser must have had nothing against any page."""
    ready = system.ready
    context = await chromium.new_context(
        base_url=ready["workflow_url"],
        viewport={"width": screen[0], "height": screen[1]},
        has_touch=screen == PHONE,
        locale=language,
        color_scheme=theme,
        reduced_motion="reduce",
    )
    context.set_default_timeout(_WAIT_MS_MAX)
    try:
        seat = Seat(context, await context.new_page(), ready["workflow_url"], ready["keys"][role])
        await seat.sign_in()
        yield seat
    finally:
        await context.close()
    assert seat.complaints == []
