"""The intake application: what it needs is opened when it starts and closed when it stops."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from amends_intake.bodies import ComplaintBody
from amends_intake.bodies.links import IncidentBody
from amends_intake.clerk import Clerk
from amends_intake.customer_routes import CUSTOMER_BODIES, add_customer_routes
from amends_intake.desk import Desk
from amends_intake.forgetting import Forgetting
from amends_intake.metrics import Metrics
from amends_intake.policy_in_force import Publications
from amends_intake.reception import Reception
from amends_intake.routes import ROUTES, add_routes
from amends_platform.cases import Cases
from amends_platform.guarding.admission import Admission, unknown_keys_limit
from amends_platform.hints import Hints
from amends_platform.keyring import Keyring
from amends_platform.keystore.checking import check_key_store
from amends_platform.keystore.erased import ErasedKeys
from amends_platform.keystore.moving import move_keys
from amends_platform.keystore.opening import open_key_store
from amends_platform.keystore.restored import learn_destroyed
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publish_setting
from amends_platform.principals import Authenticator
from amends_platform.sealing import MasterKey
from amends_platform.serving import START_PATIENCE_SECONDS
from amends_platform.settings import Settings
from amends_platform.shortcut import add_shortcut
from amends_platform.telemetry.requests import observe_requests
from amends_platform.telemetry.tracing import Tracing
from amends_platform.web import add_operations, describe_errors, publish_schemas
from amends_store.append import Appender
from amends_store.pool import connect_pool

_REFUSALS = (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 429, 503)


class _Service:
    """What the running application holds."""

    desk: Desk
    forgetting: Forgetting
    reception: Reception
    pool: Any


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    settings: Settings, *, now: Callable[[], datetime] = _utc_now, tracing: Tracing | None = None
) -> FastAPI:
    """The application. `now` is the time decisions are made at.

    Starting raises StoreUnavailable (KeyStoreUnavailable is one), PolicyFileError, MasterKeyError or CannotUnseal.
    """
    service = _Service()
    registry = CollectorRegistry()
    counted = Metrics(registry)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            assert settings.database_url is not None, "__main__ refuses to start without one"
            loaded = load_policy(settings.policy)
            keys = open_key_store(settings)
            stack.push_async_callback(keys.aclose)
            service.pool = await connect_pool(
                settings.database_url,
                role="amends_intake",
                min_size=2,
                max_size=settings.database_connections_max,
                patience_seconds=START_PATIENCE_SECONDS,
            )
            stack.push_async_callback(service.pool.close)
            await move_keys(service.pool, keys, settings.tenant, lambda: MasterKey.load(settings.master_key_path))
            await learn_destroyed(service.pool, keys)
            await check_key_store(service.pool, keys, settings.tenant)
            keyring = Keyring(service.pool, keys)
            await keyring.stock()
            erased_keys = ErasedKeys(service.pool, keyring, keys)
            await erased_keys.look()
            erased_keys.start()
            stack.push_async_callback(erased_keys.aclose)
            policies = PolicyBook(service.pool)
            await publish_setting(service.pool, policies, settings.tenant, loaded)
            await policies.refresh()
            publications = Publications(policies, settings.tenant)
            publications.start()
            stack.push_async_callback(publications.aclose)
            on_commit = None
            if settings.nats_url is not None:
                hints = Hints(settings.nats_url, settings.tenant)
                hints.start()
                stack.push_async_callback(hints.aclose)
                on_commit = hints.send
            appender = Appender(service.pool, on_commit=on_commit, on_batch=counted.count_batch)
            stack.push_async_callback(appender.aclose)
            clerk = Clerk(
                pool=service.pool,
                appender=appender,
                cases=Cases(service.pool, settings.tenant),
                keyring=keyring,
                policies=policies,
                now=now,
                on_commit=on_commit,
                tracing=tracing,
            )
            service.desk = Desk(clerk)
            service.forgetting = Forgetting(clerk, keys)
            authenticator = Authenticator(service.pool, unknown_keys=unknown_keys_limit(settings))
            service.reception = Reception(Admission(authenticator, settings), settings.tenant)
            yield

    app = FastAPI(
        title="Amends intake",
        version="1",
        description="Where complaints and everything done about them are recorded.",
        lifespan=lifespan,
        redirect_slashes=False,
        # Spans are ours (docs/adr/0028): the framework's hold paths and queries, and most requests go past it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )

    async def ready() -> None:
        await service.pool.fetchval("SELECT position FROM log_head")

    add_operations(app, ready=ready, metrics=registry, body_bytes_max=settings.body_bytes_max)
    refusals = describe_errors(_REFUSALS)
    endpoint_of = add_routes(app, lambda: service.desk, lambda: service.reception, counted, refusals)
    add_customer_routes(app, lambda: service.forgetting, lambda: service.reception, counted, refusals)
    add_shortcut(app, endpoint_of, body_bytes_max=settings.body_bytes_max)
    observe_requests(app, registry, tracing)
    publish_schemas(app, [ComplaintBody, IncidentBody, *(route.body for route in ROUTES), *CUSTOMER_BODIES])
    return app
