"""The intake application: what it needs is opened when it starts and closed when it stops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from amends_intake.clerk import Clerk
from amends_intake.customer_routes import add_customer_routes
from amends_intake.desk import Desk
from amends_intake.forgetting import Forgetting
from amends_intake.interface import described
from amends_intake.metrics import Metrics
from amends_intake.policy_in_force import Publications
from amends_intake.reception import Reception
from amends_intake.routes import add_routes
from amends_platform.broker_address import BrokerAddress
from amends_platform.cases import Cases
from amends_platform.contract.openapi import complete
from amends_platform.guarding.admission import Admission
from amends_platform.hints import Hints
from amends_platform.http.health import NotAlive, check_store
from amends_platform.http.serving import START_PATIENCE_SECONDS
from amends_platform.http.shortcut import add_shortcut
from amends_platform.http.web import add_operations
from amends_platform.identity.authenticating import authenticator_of
from amends_platform.keyring import Keyring
from amends_platform.keystore.checking import check_key_store
from amends_platform.keystore.erased import ErasedKeys
from amends_platform.keystore.moving import move_keys
from amends_platform.keystore.opening import open_key_store
from amends_platform.keystore.restored import learn_destroyed
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publish_setting
from amends_platform.production import refuse_owner
from amends_platform.sealing import MasterKey
from amends_platform.settings import Settings
from amends_platform.telemetry.heartbeat import Heartbeat
from amends_platform.telemetry.process import add_pool_metrics, add_process_metrics
from amends_platform.telemetry.requests import observe_requests
from amends_platform.telemetry.tracing import Tracing
from amends_store.append import Appender
from amends_store.pool import connect_pool

log = structlog.get_logger()

if TYPE_CHECKING:
    from amends_platform.identity.oidc.provider import Provider


class _Service:
    """What the running application holds."""

    desk: Desk
    forgetting: Forgetting
    reception: Reception
    pool: asyncpg.Pool | None = None
    appender: Appender
    erased_keys: ErasedKeys
    publications: Publications

    @property
    def waiting(self) -> int:
        """How many commands wait to be appended."""
        return self.appender.waiting if self.pool is not None else 0

    def check(self) -> None:
        """Raises NotAlive when something that it needs of itself has ended."""
        for alive, what in (
            (self.appender.is_alive, "What appends to the log"),
            (self.erased_keys.is_alive, "What forgets erased keys"),
            (self.publications.is_alive, "What learns of published policies"),
        ):
            if not alive:
                raise NotAlive(f"{what} has ended.")


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings,
    *,
    provider: Provider | None,
    now: Callable[[], datetime] = _utc_now,
    tracing: Tracing | None = None,
) -> FastAPI:
    """The application. `now` is the time decisions are made at.

    Starting raises StoreUnavailable (KeyStoreUnavailable is one), PolicyFileError, MasterKeyError or CannotUnseal.
    """
    service = _Service()
    registry = CollectorRegistry()
    counted, heartbeat = Metrics(registry), Heartbeat(registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            assert settings.database_url is not None, "__main__ refuses to start without one"
            heartbeat.start()
            stack.push_async_callback(heartbeat.aclose)
            loaded = load_policy(settings.policy)

            def on_promoted() -> None:
                # What the former primary showed last may not be in the log.
                if service.pool is not None:
                    log.warning("another server of the database takes writes")
                    cases.forget()
                    keyring.forget_all()

            keys = open_key_store(settings)
            stack.push_async_callback(keys.aclose)
            pool = await connect_pool(
                settings.database_url,
                role="amends_intake",
                tenant=settings.tenant,
                min_size=2,
                max_size=settings.database_connections_max,
                patience_seconds=START_PATIENCE_SECONDS,
                on_promoted=on_promoted,
            )
            stack.push_async_callback(pool.close)
            if settings.mode == "production":
                await refuse_owner(pool)
            await move_keys(pool, keys, settings.tenant, lambda: MasterKey.load(settings.master_key_path))
            await learn_destroyed(pool, keys)
            await check_key_store(pool, keys, settings.tenant)
            keyring = Keyring(pool, keys)
            await keyring.stock()
            erased_keys = ErasedKeys(pool, keyring, keys)
            await erased_keys.look()
            erased_keys.start()
            service.erased_keys = erased_keys
            stack.push_async_callback(erased_keys.aclose)
            policies = PolicyBook(pool)
            await publish_setting(pool, policies, settings.tenant, loaded)
            await policies.refresh()
            publications = Publications(policies, settings.tenant)
            publications.start()
            service.publications = publications
            stack.push_async_callback(publications.aclose)
            on_commit = None
            address = BrokerAddress.of(settings)
            if address is not None:
                hints = Hints(address, settings.tenant)
                hints.start()
                stack.push_async_callback(hints.aclose)
                on_commit = hints.send
            appender = Appender(pool, on_commit=on_commit, on_batch=counted.count_batch)
            stack.push_async_callback(appender.aclose)
            service.appender = appender
            cases = Cases(pool, settings.tenant)
            clerk = Clerk(
                pool=pool,
                appender=appender,
                cases=cases,
                keyring=keyring,
                policies=policies,
                now=now,
                on_commit=on_commit,
                tracing=tracing,
            )
            service.desk = Desk(clerk)
            service.forgetting = Forgetting(clerk, keys)
            authenticator = authenticator_of(settings, provider, pool)
            service.reception = Reception(Admission(authenticator, settings), settings.tenant)
            service.pool = pool
            yield

    app = FastAPI(
        title="Amends intake",
        version="1",
        lifespan=lifespan,
        redirect_slashes=False,
        # What FastAPI shows at /docs runs scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        # Spans are ours (docs/adr/0028): the framework's hold paths and queries, and most requests go past it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )

    async def ready() -> None:
        assert service.pool is not None, "nothing is served before the start is over"
        await check_store(service.pool)

    add_operations(app, alive=service.check, ready=ready, metrics=registry, body_bytes_max=settings.body_bytes_max)
    add_process_metrics(registry, "intake")
    add_pool_metrics(registry, lambda: service.pool)
    counted.show_waiting(lambda: service.waiting)
    endpoint_of = add_routes(app, lambda: service.desk, lambda: service.reception, counted)
    add_customer_routes(app, lambda: service.forgetting, lambda: service.reception, counted)
    add_shortcut(app, endpoint_of, body_bytes_max=settings.body_bytes_max)
    observe_requests(app, registry, tracing)
    complete(app, described())
    return app
