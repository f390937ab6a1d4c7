"""The pictures of the README: `python -m tests.support.screenshots [NAME …]` (`make screenshots`) makes them anew.

A demo's month on a scratch directory, looked at with the machine's own Chromium. A page is a line of SHOTS.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import httpx

from amends_platform.simulation.bank import BRANCHES
from amends_platform.supervising.running import Running, find_running
from tests.support.scratch import scratch_directory
from tests.support.ups import environment

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DIRECTORY: Final = Path(__file__).parents[2] / "docs" / "screenshots"
DESKTOP: Final = (1_200, 740)
PHONE: Final = (390, 844)

_ENGLISH: Final = [branch.name for branch in BRANCHES if branch.language == "en"]
_ZONE: Final = "Asia/Shanghai"
# Its sandbox needs rights that root in a container has not; it sees our own pages only. Letters with coloured edges
# make a picture half as large again.
_ARGUMENTS: Final = ("--no-sandbox", "--hide-scrollbars", "--disable-lcd-text")
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
_BYTES_MAX: Final = 150_000
_IS_THERE: Final = "The console is at"


class Shot(NamedTuple):
    """A page as somebody sees it. In `path`, {case} is a case that has much to tell, {month} the last full month."""

    name: str
    path: str
    language: str = "en"
    theme: Literal["light", "dark"] = "light"
    screen: tuple[int, int] = DESKTOP
    role: str = "handler"


SHOTS: Final = (
    Shot("queue", "/"),
    Shot("queue-zh-dark", "/", "zh-CN", "dark"),
    Shot("case", "/cases/{case}"),
    Shot("case-phone", "/cases/{case}", screen=PHONE),
    Shot("board", "/board", role="supervisor"),
    Shot("report", "/reports/{month}", role="department_head"),
)


def main(names: list[str]) -> None:
    """Make the pictures called so, or all."""
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        sys.exit("No Chromium is installed (Debian: chromium).")
    from playwright.sync_api import sync_playwright

    DIRECTORY.mkdir(parents=True, exist_ok=True)
    with _demo() as running, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        places = {"case": _telling_case(running), "month": _last_month()}
        for shot in wanted:
            file = _take(browser, running, shot, shot.path.format(**places))
            size = file.stat().st_size
            print(f"{file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}  {size:,} bytes")
            if size > _BYTES_MAX:
                sys.exit(f"{file.name} is larger than {_BYTES_MAX:,} bytes: choose a smaller screen.")
        browser.close()


@contextmanager
def _demo() -> Iterator[Running]:
    """The month, always drawn from the same seed, and the services."""
    with scratch_directory("amends-shots-") as scratch:
        directory = scratch / "demo"
        process = subprocess.Popen(
            (sys.executable, "-m", "amends_platform.cli", "demo", "--no-story", "--data-dir", str(directory)),
            stdout=subprocess.PIPE,
            text=True,
            env=environment(scratch),
        )
        try:
            assert process.stdout is not None
            said: list[str] = []
            while not (said and said[-1].startswith(_IS_THERE)):
                line = process.stdout.readline()
                if not line:
                    sys.exit(f"The demo did not come up.\n{''.join(said)}")
                said.append(line)
            running = find_running(directory)
            assert running is not None, "it says that it runs"
            yield running
        finally:
            process.terminate()
            process.wait()


def _telling_case(running: Running) -> str:
    """The open case with the longest story, on its way, of a branch where English is spoken."""
    cases = _asked(running, "/v1/cases", state=["apologized", "proposed", "customer-confirmed"], branch=_ENGLISH)
    return str(max(cases["items"], key=lambda case: case["version"])["reference"])


def _last_month() -> str:
    today = datetime.now(ZoneInfo(_ZONE)).date()
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


def _asked(running: Running, path: str, **parameters: list[str]) -> dict[str, list[dict[str, str]]]:
    key = running.keys["auditor"]
    answer = httpx.get(running.workflow_url + path, params=parameters, headers={"Authorization": f"Bearer {key}"})
    found: dict[str, list[dict[str, str]]] = answer.raise_for_status().json()
    return found


def _take(browser: Browser, running: Running, shot: Shot, path: str) -> Path:
    width, height = shot.screen
    context = browser.new_context(
        base_url=running.workflow_url,
        viewport={"width": width, "height": height},
        locale=shot.language,
        color_scheme=shot.theme,
        reduced_motion="reduce",
        timezone_id=_ZONE,
    )
    try:
        page = context.new_page()
        page.goto("/sign-in")
        page.locator("#key").fill(running.keys[shot.role])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        response = page.goto(path)
        if response is None or not response.ok:
            sys.exit(f"{path}: {'no answer' if response is None else response.status}")
        file = DIRECTORY / f"{shot.name}.png"
        page.screenshot(path=file, animations="disabled")
        return file
    finally:
        context.close()


if __name__ == "__main__":
    main(sys.argv[1:])
