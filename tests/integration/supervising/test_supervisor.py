"""What the supervisor promises when programs die, hang, or never come up, and when it dies itself."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from amends_platform.supervising.leftovers import Started, remember, stop_leftovers
from amends_platform.supervising.processes import LOG_BYTES_MAX, Answer, StartFailed, rotate
from amends_platform.supervising.supervisor import Backoff
from tests.support import programs
from tests.support.programs import Heard, gone, program, supervisor


async def test_a_killed_program_is_started_again_and_its_new_pid_is_told(tmp_path: Path) -> None:
    heard = Heard()
    running = supervisor(tmp_path, heard)
    try:
        await running.start(program("intake", tmp_path))
        first = running.pids["intake"]
        os.kill(first, signal.SIGKILL)
        await heard.until(lambda: heard.pids.get("intake", first) != first)
        assert heard.said("was killed by SIGKILL; starting it again")
        assert psutil.pid_exists(heard.pids["intake"])
    finally:
        await running.stop()


async def test_it_is_restarted_as_often_as_it_dies(tmp_path: Path) -> None:
    heard = Heard()
    running = supervisor(tmp_path, heard)
    try:
        await running.start(program("intake", tmp_path))
        for _ in range(3):
            killed = running.pids["intake"]
            os.kill(killed, signal.SIGKILL)
            await heard.until(lambda killed=killed: heard.pids.get("intake", killed) != killed)  # type: ignore[misc]
    finally:
        await running.stop()


async def test_stages_stop_in_the_reverse_order_and_nothing_is_left(tmp_path: Path) -> None:
    heard = Heard()
    running = supervisor(tmp_path, heard)
    await running.start(program("postgres", tmp_path))
    await running.start(program("nats", tmp_path))
    await running.start(program("intake", tmp_path), program("workflow", tmp_path))
    pids = running.pids
    await running.stop()
    stopped = [line.split()[0] for line in heard.lines if line.endswith("stopped")]
    assert stopped[2:] == ["nats", "postgres"]
    assert set(stopped[:2]) == {"intake", "workflow"}
    assert not any(psutil.pid_exists(pid) for pid in pids.values())


async def test_a_program_that_ends_before_it_is_ready_is_reported_with_its_last_words(tmp_path: Path) -> None:
    running = supervisor(tmp_path, Heard())
    try:
        with pytest.raises(StartFailed, match=r"(?s)intake ended with status 7 before it was ready.*no such policy"):
            await running.start(program("intake", tmp_path, code=programs.ENDS_AT_ONCE))
    finally:
        await running.stop()


async def test_a_program_that_does_not_become_ready_is_given_up_and_leaves_no_process(tmp_path: Path) -> None:
    running = supervisor(tmp_path, Heard())
    stuck = program("intake", tmp_path, code=programs.NEVER_READY, ready_seconds_max=0.3)
    with pytest.raises(StartFailed, match=r"did not become ready within 0\.3 s"):
        await running.start(stuck)
    assert running.pids == {}
    await running.stop()


async def test_a_program_that_is_busy_getting_ready_is_waited_for_beyond_the_bound(tmp_path: Path) -> None:
    """Crash recovery takes as long as it takes."""
    heard = Heard()
    asked = 0

    async def recovering() -> Answer:
        nonlocal asked
        asked += 1
        return Answer(ready=asked > 10, busy_with="recovering")

    running = supervisor(tmp_path, heard)
    try:
        await running.start(program("postgres", tmp_path, probe=recovering, ready_seconds_max=0.4))
    finally:
        await running.stop()
    assert heard.lines.count("postgres recovering") == 1


async def test_a_program_that_ignores_the_request_to_stop_is_killed(tmp_path: Path) -> None:
    heard = Heard()
    running = supervisor(tmp_path, heard)
    await running.start(program("intake", tmp_path, code=programs.DEAF, stop_seconds_max=0.2))
    pid = running.pids["intake"]
    await running.stop()
    assert heard.said("intake did not stop in time and was killed")
    assert not psutil.pid_exists(pid)


async def test_stopping_while_a_program_waits_for_its_restart_starts_nothing(tmp_path: Path) -> None:
    heard = Heard()
    running = supervisor(tmp_path, heard, backoff=Backoff(first_seconds=60, max_seconds=60))
    await running.start(program("intake", tmp_path))
    os.kill(running.pids["intake"], signal.SIGKILL)
    await heard.until(lambda: heard.said("starting it again in 60 s"))
    await running.stop()
    assert running.pids == {}


async def test_a_stop_during_the_start_leaves_no_process(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def not_yet() -> Answer:
        asked.set()
        return Answer(ready=False)

    running = supervisor(tmp_path, Heard())
    starting = asyncio.create_task(running.start(program("intake", tmp_path, probe=not_yet)))
    await asyncio.wait_for(asked.wait(), programs.WAIT_SECONDS_MAX)
    (pid,) = running.pids.values()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    await running.stop()
    assert not psutil.pid_exists(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start stops what is left")
async def test_programs_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from tests.support.programs import Heard, program, supervisor\n"
        "async def main():\n"
        "    running = supervisor(Path(sys.argv[1]), Heard())\n"
        "    await running.start(program('nats', Path(sys.argv[1])), program('intake', Path(sys.argv[1])))\n"
        "    print(*running.pids.values(), flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as owner:
        try:
            assert owner.stdout is not None
            pids = [int(pid) for pid in (await asyncio.to_thread(owner.stdout.readline)).split()]
        finally:
            owner.kill()
    assert len(pids) == 2
    assert await gone(*pids)


def test_what_an_earlier_run_left_behind_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-c", f"print('here', flush=True); {programs.NEVER_READY}"]
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as left:
        try:
            assert left.stdout is not None
            left.stdout.readline()
            remember(tmp_path / "children.json", {"intake": Started(left.pid, command)})
            stop_leftovers(tmp_path / "children.json", said.append)
            assert not psutil.pid_exists(left.pid)
        finally:
            left.kill()
    assert said == [f"stopping intake (pid {left.pid}), which an earlier run left behind"]


def test_a_process_that_merely_has_the_pid_of_a_leftover_is_let_live(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", programs.NEVER_READY]) as stranger:
        try:
            ours = Started(stranger.pid, [sys.executable, "-m", "amends_intake"])
            remember(tmp_path / "children.json", {"intake": ours})
            stop_leftovers(tmp_path / "children.json", lambda _: pytest.fail("a stranger was stopped"))
            assert stranger.poll() is None
        finally:
            stranger.kill()


async def test_a_second_request_to_stop_ends_at_once_what_is_slow_to_end(tmp_path: Path) -> None:
    running = supervisor(tmp_path, Heard())
    await running.start(program("intake", tmp_path, code=programs.DEAF, stop_seconds_max=600))
    pid = running.pids["intake"]
    stopping = asyncio.create_task(running.stop())
    await asyncio.sleep(0)
    running.kill()
    await asyncio.wait_for(stopping, programs.WAIT_SECONDS_MAX)
    assert not psutil.pid_exists(pid)


def test_a_log_that_has_grown_is_put_aside_while_its_program_goes_on_writing(tmp_path: Path) -> None:
    log_file = tmp_path / "intake.log"
    with log_file.open("ab", buffering=0) as held_open:
        held_open.write(b"x" * (LOG_BYTES_MAX + 1))
        rotate(log_file)
        held_open.write(b"y")
    assert log_file.read_bytes() == b"y"
    assert (tmp_path / "intake.log.1").stat().st_size == LOG_BYTES_MAX + 1


def test_waits_between_restarts_grow_to_a_limit() -> None:
    backoff = Backoff(first_seconds=0.2, max_seconds=10)
    assert [backoff.seconds(n) for n in (0, 1, 2, 5, 6, 1_000)] == [0.2, 0.4, 0.8, 6.4, 10, 10]
