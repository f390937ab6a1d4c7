"""`python -m amends_notifier`: publish until told to stop. With `--republish FROM`: once more from there, and end."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

import asyncpg
import structlog
import uvloop

from amends_notifier.audit_report import report_audit
from amends_notifier.metrics import Metrics
from amends_notifier.operations import answering
from amends_notifier.service import CONNECTIONS, CannotContinue, Notifier
from amends_notifier.telling import check_files, connections, tellers
from amends_platform.broker_address import BrokerAddress
from amends_platform.garbage import collect_seldom
from amends_platform.hints import Hints
from amends_platform.http.health import NotAlive
from amends_platform.logs import configure_logging
from amends_platform.production import OwnerRefused, check_start, refuse_owner
from amends_platform.reasons import reason
from amends_platform.settings import Settings, SettingsError
from amends_platform.starting import CannotListen, told
from amends_platform.supervising.readiness import announce_ready
from amends_platform.telemetry.asked import tracing_asked_for
from amends_platform.telemetry.heartbeat import Heartbeat
from amends_platform.telemetry.process import add_pool_metrics, add_process_metrics
from amends_store.outages import is_outage
from amends_store.pool import connect_pool

if TYPE_CHECKING:
    from amends_platform.telemetry.tracing import Tracing

log = structlog.get_logger()

_BAD, _WRONG_USAGE, _UNREACHABLE = 1, 2, 3
_ROLE: Final = "amends_notifier"


def main() -> int:
    """Run until SIGTERM or SIGINT, or until republished. Returns the exit code."""
    arguments = _arguments()
    # What is published once more was told of by spans the first time.
    tracing = None
    try:
        settings = Settings.load()
        if arguments.republish is None and not arguments.audit:
            check_files(settings)
            check_start(settings, "notifier")
            tracing = tracing_asked_for("notifier")
    except SettingsError as error:
        print(error, file=sys.stderr)
        return _WRONG_USAGE
    for variable, value in (("AMENDS_DATABASE_URL", settings.database_url), ("AMENDS_NATS_URL", settings.nats_url)):
        if value is None:
            print(f"{variable}: notifier needs it; `amends up` brings its own", file=sys.stderr)
            return _WRONG_USAGE
    configure_logging(settings, program="notifier")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if arguments.republish is not None:
            return runner.run(_republish(settings, arguments.republish))
        if arguments.audit:
            return runner.run(report_audit(settings))
        try:
            return runner.run(_serve(settings, tracing))
        finally:
            if tracing is not None:
                tracing.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="amends notifier",
        description="Publishes every event of the log to NATS JetStream. Settings come from the environment.",
    )
    parser.add_argument(
        "--republish",
        type=_position,
        metavar="FROM",
        help="publish the log once more from this position, with the same message ids, to where the notifier is "
        "(which stands by meanwhile), and end. 1 is the whole log. What the broker still has within its duplicate "
        "window it drops",
    )
    parser.add_argument(
        "--audit",
        action="store_true",
        help="compare what the stream holds with what the log says must have been published, and end: one JSON value a "
        "line on standard output. `amends replay` does it",
    )
    return parser.parse_args()


def _position(text: str) -> int:
    position = int(text)
    if position < 1:
        raise argparse.ArgumentTypeError("positions begin at 1")
    return position


async def _notifier(settings: Settings, tracing: Tracing | None = None) -> Notifier:
    assert settings.database_url is not None
    address = BrokerAddress.of(settings)
    assert address is not None
    # With no connection to begin with, a database that is away is waited for like one that goes away later.
    # Who asks for readiness needs one besides.
    asking = 0 if settings.notifier_port is None else 1
    pool = await connect_pool(
        settings.database_url,
        role=_ROLE,
        tenant=settings.tenant,
        min_size=0,
        max_size=CONNECTIONS + connections(settings) + asking,
    )
    metrics = Metrics()
    add_process_metrics(metrics.registry, "notifier")
    add_pool_metrics(metrics.registry, lambda: pool)
    return Notifier(
        pool,
        address,
        replicas=settings.nats_replicas,
        tenant=settings.tenant,
        finish_seconds_max=settings.shutdown_seconds_max,
        metrics=metrics,
        check_login=refuse_owner if settings.mode == "production" else None,
        tellers=tellers(settings, pool, metrics.registry),
        tracing=tracing,
    )


async def _serve(settings: Settings, tracing: Tracing | None) -> int:
    address = BrokerAddress.of(settings)
    assert address is not None
    notifier = await _notifier(settings, tracing)
    hints = Hints(address, settings.tenant, on_hint=notifier.wake)
    heartbeat = Heartbeat(notifier.metrics.registry)
    _on_signals(notifier.stop)
    with ExitStack() as held:
        heartbeat.start()
        if settings.notifier_port is not None:
            operations = answering(
                settings.notifier_host,
                settings.notifier_port,
                alive=lambda: _check(heartbeat),
                ready=notifier.check,
                metrics=notifier.metrics.registry,
            )
            try:
                held.enter_context(operations)
            except OSError as error:
                return told(CannotListen("notifier", settings.notifier_host, settings.notifier_port, error))
        hints.start()
        collect_seldom()
        observing = None
        if settings.notifier_port is not None:
            observing = asyncio.create_task(notifier.observe(), name="observing")
        try:
            await notifier.run(announce_ready)
        except CannotContinue as error:
            log.critical("stopped: the log cannot be published any further", reason=reason(error), **error.about)
            return _BAD
        except (OwnerRefused, asyncpg.PostgresError) as error:
            return told(error)
        finally:
            if observing is not None:
                observing.cancel()
                await asyncio.gather(observing, return_exceptions=True)
            await hints.aclose()
            await heartbeat.aclose()
    return 0


def _check(heartbeat: Heartbeat) -> None:
    """Raises NotAlive. When publishing itself ends, so does the process."""
    if not heartbeat.is_alive:
        raise NotAlive("The event loop stands still.")


async def _republish(settings: Settings, first: int) -> int:
    notifier = await _notifier(settings)
    _on_signals(notifier.stop)
    done = 0
    total = 0

    def on_progress(now_done: int, of: int) -> None:
        nonlocal done, total
        done, total = now_done, of
        show(done, total)

    with ExitStack() as held:
        show = _progress(held)
        try:
            await notifier.republish(first, on_progress)
        except CannotContinue as error:
            log.critical("stopped: the log cannot be published any further", reason=reason(error), **error.about)
            return _BAD
        except Exception as error:
            if not is_outage(error):
                raise
            log.error("database away", reason=reason(error))
            return _UNREACHABLE
        finally:
            if done < total:
                log.error("not all was published", mend=f"amends notifier --republish {first + done}")
    log.info("republished", messages=done, first=first)
    return 0 if done == total else _BAD


def _progress(held: ExitStack) -> Callable[[int, int], None]:
    """Shows how far it is, where somebody may be looking."""
    if not sys.stderr.isatty():
        return lambda _done, _total: None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("republishing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = held.enter_context(Progress(*columns, console=Console(stderr=True)))
    task = bar.add_task("republishing", total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)


if __name__ == "__main__":
    sys.exit(main())
