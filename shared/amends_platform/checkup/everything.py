"""All of it, in the order in which one would mend it."""

from __future__ import annotations

import asyncio

from amends_platform.checkup.access import check_identity_provider, check_mode
from amends_platform.checkup.broker import broker_address, check_broker
from amends_platform.checkup.database import check_database
from amends_platform.checkup.finding import Finding
from amends_platform.checkup.keys import check_key_store, check_master_key, check_signing_key
from amends_platform.checkup.services import check_services
from amends_platform.settings import Settings, unknown_variables
from amends_platform.supervising.running import Running


async def check_everything(settings: Settings, running: Running | None) -> list[Finding]:
    """All findings, in the order in which one would mend them."""
    found = await asyncio.gather(
        _settings(),
        _mode(settings, running),
        check_database(settings, running),
        check_broker(settings, running),
        _policy(settings),
        check_master_key(settings),
        check_signing_key(settings),
        check_key_store(settings, running),
        check_services(settings, running),
        check_identity_provider(settings),
        _webhooks(settings, running),
        _digest(settings, running),
    )
    return [finding for findings in found for finding in findings]


async def _settings() -> list[Finding]:
    findings = []
    for variable, meant in unknown_variables().items():
        mend = f"Did you mean {meant}?" if meant else "Remove it; the settings are listed below."
        findings.append(Finding("settings", "bad", f"{variable} is no setting of Amends", mend))
    return findings


async def _mode(settings: Settings, running: Running | None) -> list[Finding]:
    if running is None and settings.database_url is None:
        # Nothing is to start with these settings.
        return []
    return await check_mode(settings, running)


async def _policy(settings: Settings) -> list[Finding]:
    from amends_platform.policy.files import PolicyFileError, load_policy

    try:
        loaded = await asyncio.to_thread(load_policy, settings.policy)
    except PolicyFileError as error:
        return [Finding("policy", "bad", str(error), "Mend it, and try `amends policy check` on it.")]
    policy = loaded.policy
    return [Finding("policy", "good", f"{policy.name} {policy.version} ({policy.hash[:12]}…)")]


async def _webhooks(settings: Settings, running: Running | None) -> list[Finding]:
    """Nothing where nobody is to be told."""
    if settings.webhooks is None:
        return []
    from amends_platform.webhooks.checking import check_webhooks

    return await check_webhooks(settings.webhooks, broker_address(settings, running), settings.tenant)


async def _digest(settings: Settings, running: Running | None) -> list[Finding]:
    """Nothing where nobody is to get one."""
    if settings.digest is None:
        return []
    from amends_platform.digest.checking import check_digest

    database_url = settings.database_url or (running.database_url if running else None)
    return await check_digest(settings, database_url)
