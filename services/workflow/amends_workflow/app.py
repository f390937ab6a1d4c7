"""The workflow application: what it needs is opened when it starts and closed when it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import asyncpg
import httpx
import structlog
from fastapi import FastAPI

from amends_platform.broker_address import BrokerAddress
from amends_platform.cases import Cases
from amends_platform.contract.openapi import complete
from amends_platform.evidence.signing import checkpoint_signing
from amends_platform.guarding.admission import Admission
from amends_platform.hints import Hints
from amends_platform.http.health import NotAlive, check_store
from amends_platform.http.serving import START_PATIENCE_SECONDS
from amends_platform.http.web import add_operations
from amends_platform.identity.authenticating import authenticator_of
from amends_platform.keyring import Keyring
from amends_platform.keystore.erased import ErasedKeys
from amends_platform.keystore.opening import open_key_store
from amends_platform.policy.book import PolicyBook
from amends_platform.production import refuse_owner
from amends_platform.reasons import reason
from amends_platform.settings import Settings
from amends_platform.telemetry.heartbeat import Heartbeat
from amends_platform.telemetry.process import add_pool_metrics, add_process_metrics
from amends_platform.telemetry.requests import observe_requests
from amends_platform.telemetry.tracing import Tracing, current_traceparent
from amends_store.pool import connect_pool
from amends_store.timers import Fired
from amends_workflow.answering import Answering
from amends_workflow.console.present import Publications
from amends_workflow.console.routes import pages
from amends_workflow.console.routing import add_missing_pages
from amends_workflow.console.visitors import Console
from amends_workflow.enquiries import Enquiries
from amends_workflow.firing import Firing
from amends_workflow.forgetting_receipts import ForgettingReceipts
from amends_workflow.forgotten import Forgotten
from amends_workflow.interface import described
from amends_workflow.live.stream import Live
from amends_workflow.metrics import Metrics
from amends_workflow.past_queue import PastQueue
from amends_workflow.projecting import Projecting
from amends_workflow.reports.gauges import Gauges
from amends_workflow.reports.measuring import Measuring
from amends_workflow.reports.packs import Packs
from amends_workflow.routes import questions
from amends_workflow.sealer import Sealer
from amends_workflow.tasks import stop
from amends_workflow.view import ROLE, View

if TYPE_CHECKING:
    from amends_platform.identity.oidc.provider import Provider
    from amends_workflow.console.organisation import Organisation

log = structlog.get_logger()

_OBSERVE_SECONDS = 2.0
_CLOSE_SECONDS_MAX = 5.0
# Each of our own statements is short. A server that hangs must not keep timers and read model with it for ever.
_ANSWER_SECONDS_MAX = 60.0
# Longer than intake takes to find its database lost.
_INTAKE_SECONDS_MAX = httpx.Timeout(20.0, connect=3.0)


class _Service:
    """What the running application holds."""

    pool: asyncpg.Pool | None = None
    people: asyncpg.Pool | None = None
    projecting: Projecting
    sealer: Sealer
    tasks: Mapping[str, asyncio.Task[None]] = MappingProxyType({})

    def check(self) -> None:
        """Raises NotAlive when something has ended that goes on for as long as the service. What stopped because of
        the log would stop again: that is no reason to start anew."""
        stopped_for_good = {"projecting": self.projecting.is_halted, "sealer": self.sealer.is_stopped}
        for name, task in self.tasks.items():
            if task.done() and not stopped_for_good.get(name, False):
                raise NotAlive(f"The service's own task {name} has ended.")


def create_app(
    settings: Settings,
    *,
    provider: Provider | None,
    intake: httpx.AsyncBaseTransport | None = None,
    tracing: Tracing | None = None,
) -> FastAPI:
    """The application. `intake` is how the console reaches intake, where that is not over the network. Starting raises
    StoreUnavailable (KeyStoreUnavailable is one) or MasterKeyError."""
    service = _Service()
    metrics = Metrics()
    gauges, heartbeat = Gauges(metrics.registry), Heartbeat(metrics.registry)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            assert settings.database_url is not None, "__main__ refuses to start without one"
            heartbeat.start()
            stack.push_async_callback(heartbeat.aclose)
            keys = open_key_store(settings)
            stack.push_async_callback(keys.aclose)
            signing = checkpoint_signing(settings)

            def on_promoted() -> None:
                # What the former primary showed last may not be in the log.
                if service.pool is not None:
                    log.warning("another server of the database takes writes")
                    cases.forget()

            # What is made of the log is made for all tenants. Two are held by leaderships, one each works for the
            # projection, the timers, the sealer and those who listen.
            pool = await connect_pool(
                settings.database_url,
                role="amends_workflow",
                tenant=settings.tenant,
                min_size=3,
                max_size=8,
                patience_seconds=START_PATIENCE_SECONDS,
                answer_seconds_max=_ANSWER_SECONDS_MAX,
            )
            stack.push_async_callback(_close, pool)
            if settings.mode == "production":
                await refuse_owner(pool)
            # What is asked is answered under another role, which sees what the question may. The month to date and a
            # report may each read all of the log for long.
            people = await connect_pool(
                settings.database_url,
                role=ROLE,
                tenant=settings.tenant,
                min_size=1,
                max_size=max(4, settings.database_connections_max),
                patience_seconds=START_PATIENCE_SECONDS,
                on_promoted=on_promoted,
            )
            stack.push_async_callback(_close, people)
            service.people = people
            tenant = View(people, None)
            keyring = Keyring(people, keys)
            erased_keys = ErasedKeys(people, keyring)
            erased_keys.start()
            stack.push_async_callback(erased_keys.aclose)
            policies = PolicyBook(pool)
            await policies.refresh()
            hints: list[Hints] = []

            def on_fired(fired: list[Fired]) -> None:
                metrics.count_fired(fired)
                projecting.wake()
                for each in hints:
                    each.send(fired[-1].position)

            firing = Firing(pool, on_fired=on_fired, tracing=tracing)

            def on_progress() -> None:
                firing.wake()
                live.wake()

            def on_hint() -> None:
                projecting.wake()
                # Where another process keeps the read model, ours hears of its progress by nothing else.
                live.wake()

            projecting = Projecting(
                pool, policies, on_progress=on_progress, on_alert=metrics.count_alert, tracing=tracing
            )
            live = Live(pool, projecting.position)
            stack.push_async_callback(live.aclose)
            app.state.end_streams = live.end
            address = BrokerAddress.of(settings)
            if address is not None:
                hints.append(Hints(address, settings.tenant, on_hint))
                hints[0].start()
                stack.push_async_callback(hints[0].aclose)
            cases = Cases(tenant, settings.tenant)
            if signing is None:
                # Complaints do not wait for a key.
                log.warning("there is no signing key: nothing is signed", path=str(settings.signing_key_path))
            sealer = Sealer(pool, signing, settings.checkpoint_seconds)
            service.pool, service.projecting, service.sealer = pool, projecting, sealer
            authenticator = authenticator_of(settings, provider, people)
            measuring = Measuring(tenant, settings.tenant, policies)
            answering = Answering(
                tenant,
                Enquiries(
                    admission=Admission(authenticator, settings),
                    tenant=settings.tenant,
                    cases=cases,
                    keyring=keyring,
                    pool=pool,
                    projecting=projecting,
                ),
                cases,
                policies,
                PastQueue(tenant, settings.tenant, policies),
                None if signing is None else signing.signer,
                () if signing is None else signing.earlier_keys(),
                Forgotten(tenant, cases, keyring, keys, None if signing is None else signing.signer),
                live,
                Packs(tenant, settings.tenant, policies, is_signing=signing is not None),
                measuring,
            )
            app.state.answering = answering
            client = _intake_client(settings, intake, tracing)
            if client is not None:
                stack.push_async_callback(client.aclose)
            app.state.console = Console(
                answering,
                Publications(answering, settings.tenant),
                authenticator,
                pool,
                sealer,
                client,
                _organisation(settings, provider),
            )
            watching = _observe(metrics, pool, projecting, firing, sealer, live)
            measured = measuring.run(lambda: projecting.is_leading, gauges.show)
            forgetting = ForgettingReceipts(
                pool,
                timedelta(days=settings.idempotency_days),
                is_leading=lambda: projecting.is_leading,
                on_forgotten=metrics.count_forgotten,
            )
            works = {
                "projecting": projecting.run(),
                "firing": firing.run(),
                "sealer": sealer.run(),
                "watching": watching,
                "measuring": measured,
                "forgetting receipts": forgetting.run(),
            }
            service.tasks = {name: asyncio.create_task(work, name=name) for name, work in works.items()}
            for task in service.tasks.values():
                stack.push_async_callback(stop, task)
            yield

    app = FastAPI(
        title="Amends workflow",
        version="1",
        lifespan=lifespan,
        # A path that nobody described is not there; a redirect would be one more answer.
        redirect_slashes=False,
        # What FastAPI shows at /docs runs scripts from elsewhere: here they could do what whoever is signed in may.
        docs_url=None,
        redoc_url=None,
        # Spans are ours (docs/adr/0028): the framework's hold paths and queries.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )

    async def ready() -> None:
        assert service.pool is not None, "nothing is served before the start is over"
        service.projecting.check()
        service.sealer.check()
        await check_store(service.pool)

    add_operations(
        app, alive=service.check, ready=ready, metrics=metrics.registry, body_bytes_max=settings.body_bytes_max
    )
    add_process_metrics(metrics.registry, "workflow")
    # What is made of the log has as many as it needs; people are as many as they are.
    add_pool_metrics(metrics.registry, lambda: service.people)
    # As they are: to include routers would make each route anew, and once more at its first request.
    app.router.routes.extend([*questions(), *pages()])
    add_missing_pages(app)
    complete(app, described())
    observe_requests(app, metrics.registry, tracing)
    return app


def _intake_client(
    settings: Settings, transport: httpx.AsyncBaseTransport | None, tracing: Tracing | None
) -> httpx.AsyncClient | None:
    if settings.intake_url is None:
        log.warning("nobody said where intake is: the console shows cases, and changes none")
        return None
    # Whose proxy settings point elsewhere still means the address that was given.
    return httpx.AsyncClient(
        base_url=settings.intake_url,
        transport=transport,
        timeout=_INTAKE_SECONDS_MAX,
        trust_env=False,
        event_hooks={} if tracing is None else {"request": [_go_on_with_trace]},
    )


def _organisation(settings: Settings, provider: Provider | None) -> Organisation | None:
    if provider is None:
        return None
    # What is off is not even imported.
    from amends_workflow.console.organisation import organisation_of

    return organisation_of(provider, settings)


async def _go_on_with_trace(request: httpx.Request) -> None:
    traceparent = current_traceparent()
    if traceparent is not None:
        request.headers["traceparent"] = traceparent


async def _close(pool: asyncpg.Pool) -> None:
    # asyncpg waits for every connection to be given back, for ever; cut off, it ends those that were not.
    try:
        async with asyncio.timeout(_CLOSE_SECONDS_MAX):
            await pool.close()
    except TimeoutError:
        log.warning("connections to the store were cut: they were still in use")


async def _observe(
    metrics: Metrics, pool: asyncpg.Pool, projecting: Projecting, firing: Firing, sealer: Sealer, live: Live
) -> None:
    while True:
        metrics.show_readers(live.readers)
        try:
            await metrics.observe(pool, projecting, firing, sealer, time.time())
        except Exception as error:
            log.warning("nothing could be measured", reason=reason(error))
        await asyncio.sleep(_OBSERVE_SECONDS)
