"""Who is let in: by keys, by an identity provider, and in production."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from amends_platform.checkup.finding import Finding
from amends_platform.production import is_loopback, unsafe_settings
from amends_platform.settings import Settings
from amends_platform.supervising.running import Running

_SOON_DAYS: Final = 14
_KEYS: Final = """
SELECT count(*) AS good, count(*) FILTER (WHERE development) AS development,
    array_agg(person ORDER BY expires_at) FILTER (WHERE expires_at < log_now() + $2 * interval '1 day') AS soon
FROM api_keys WHERE tenant = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > log_now())
"""


async def check_mode(settings: Settings, running: Running | None = None) -> list[Finding]:
    """What production would not start with; or, in development, what should not be seen from elsewhere."""
    if running is not None:
        # What it started, it started in development, whatever this shell says.
        settings = settings.model_copy(update={"mode": "development"})
    if settings.mode == "development":
        found = [Finding("mode", "note", "development: services take the keys that `amends up` makes")]
        for name in ("intake", "workflow"):
            host = getattr(settings, f"{name}_host")
            if not is_loopback(host):
                mend = "Set AMENDS_MODE=production, or let it listen on 127.0.0.1."
                found.append(
                    Finding("mode", "bad", f"{name} listens on {host}, beyond this machine, in development", mend)
                )
        return found
    provider = None
    if settings.oidc is not None:
        from amends_platform.identity.oidc.provider import load_provider
        from amends_platform.yaml_files import YamlFileError

        try:
            provider = load_provider(settings.oidc)
        except YamlFileError:
            # Said of the provider itself.
            provider = None
    told = [
        Finding("mode", "bad", f"{unsafe.variable}: {unsafe.found}", unsafe.mend)
        for unsafe in unsafe_settings(settings, provider)
    ]
    if settings.rate_limit == "off":
        told.append(
            Finding("mode", "note", "AMENDS_RATE_LIMIT is off: anybody with a key can keep everybody else waiting")
        )
    return told or [Finding("mode", "good", "production: nothing of development is in use")]


async def check_identity_provider(settings: Settings) -> list[Finding]:
    """Nothing where there is none."""
    if settings.oidc is None:
        return []
    from amends_platform.identity.oidc.errors import ProviderAway
    from amends_platform.identity.oidc.fetching import fetch_keys, trusted
    from amends_platform.identity.oidc.provider import load_provider
    from amends_platform.yaml_files import YamlFileError

    try:
        provider = load_provider(settings.oidc)
    except YamlFileError as error:
        return [Finding("identity", "bad", str(error), "Mend the file that AMENDS_OIDC names.")]
    try:
        keys = await fetch_keys(provider, trusted(provider))
    except ProviderAway as error:
        mend = "Is it running, and are issuer and jwks_url right? Who has an API key is let in meanwhile."
        return [Finding("identity", "unreachable", f"{provider.issuer} cannot be asked for its keys: {error}", mend)]
    return [Finding("identity", "good", f"{provider.issuer} has {len(keys)} keys that tokens may be signed with")]


async def check_api_keys(
    connection: asyncpg.Connection, settings: Settings, running: Running | None = None
) -> list[Finding]:
    """Which end soon, and whether there are any of development where they are of no use."""
    try:
        row: Any = await connection.fetchrow(_KEYS, settings.tenant, _SOON_DAYS)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        # Said of the schema.
        return []
    found = [Finding("API keys", "good", f"{row['good']:,} API keys are good")]
    if row["soon"]:
        mend = "Make new ones (`amends keys create`), and revoke these when they are no longer used."
        found.append(
            Finding("API keys", "note", f"within {_SOON_DAYS} days those end of {', '.join(row['soon'])}", mend)
        )
    if row["development"] and running is None and settings.mode == "production":
        found.append(
            Finding(
                "API keys", "note", f"{row['development']} of them are of development: production does not take them"
            )
        )
    return found
