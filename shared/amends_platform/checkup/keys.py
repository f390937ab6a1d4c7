"""The keys: master key, key store and signing key, each a file that nobody else may read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from amends_platform.checkup.finding import Finding
from amends_platform.failures import CannotReach
from amends_platform.files import others_may_read
from amends_platform.owner import owner_connection
from amends_platform.settings import Settings
from amends_platform.supervising.running import Running

if TYPE_CHECKING:
    from amends_platform.keystore.protocol import KeyStore


async def check_master_key(settings: Settings) -> list[Finding]:
    """Under which every other key is wrapped."""
    from amends_platform.sealing import MasterKey, MasterKeyError

    path = settings.master_key_path

    def read() -> str:
        MasterKey.load(path)
        return f"{path}"

    mend = "`amends up` makes one; for services of your own, bring it here from where it is kept."
    return [_of_file("master key", path, read, MasterKeyError, mend, is_needed=bool(settings.database_url))]


async def check_key_store(settings: Settings, running: Running | None) -> list[Finding]:
    """Whether it is that of the database."""
    from amends_platform.keystore.opening import open_key_store
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.sealing import MasterKeyError

    path = settings.key_store_path
    if not path.exists():
        mend = "Intake makes one for a new database; for one in use, bring it here from where it is kept."
        return [Finding("key store", "note", f"{path} does not exist", mend)]
    if others_may_read(path):
        return [Finding("key store", "bad", f"others may read {path}", f"chmod 600 {path}")]
    try:
        store = open_key_store(settings)
        try:
            database_url = settings.database_url or (running.database_url if running else None)
            return [await _keys_of_database(store, settings, database_url)]
        finally:
            await store.aclose()
    except (KeyStoreUnavailable, MasterKeyError) as error:
        return [Finding("key store", "bad", str(error), "Put the right file back from where you keep it safe.")]


async def _keys_of_database(store: KeyStore, settings: Settings, database_url: str | None) -> Finding:
    from amends_platform.keystore.checking import check_key_store as check_keys_there
    from amends_platform.keystore.moving import count_unmoved
    from amends_platform.sealing import CannotUnseal

    path = settings.key_store_path
    if database_url is None:
        return Finding("key store", "good", f"{path}")
    try:
        async with owner_connection(database_url) as connection:
            if unmoved := await count_unmoved(connection, settings.tenant):
                mend = "Run `amends migrate`, or start intake: it moves them to the key store."
                return Finding("key store", "bad", f"{unmoved:,} keys are in the database still", mend)
            await check_keys_there(connection, store, settings.tenant)
    except (CannotReach, asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        # Said about the database itself.
        return Finding("key store", "note", f"{path}; whether it is that of the database cannot be told")
    except CannotUnseal as error:
        return Finding("key store", "bad", str(error), "Put the right file back from where you keep it safe.")
    return Finding("key store", "good", f"{path} holds the keys that the database names")


async def check_signing_key(settings: Settings) -> list[Finding]:
    """What signs checkpoints."""
    from amends_platform.evidence.signing_key import SigningKeyError, load_signer

    path = settings.signing_key_path

    def read() -> str:
        signer = load_signer(path)
        return f"signs as {signer.name}, key {signer.key_id.hex()}"

    mend = "`amends checkpoints key --make` makes one; where the log was signed before, bring that one back."
    return [_of_file("signing key", path, read, SigningKeyError, mend, is_needed=bool(settings.database_url))]


def _of_file(
    subject: str, path: Path, read: Callable[[], str], wrong: type[Exception], mend: str, *, is_needed: bool
) -> Finding:
    """Of a key in a file. `read` says what is good of it, or raises `wrong`; `mend` is for where there is none."""
    if not path.exists():
        return Finding(subject, "bad" if is_needed else "note", f"{path} does not exist", mend)
    try:
        good = read()
    except wrong as error:
        return Finding(subject, "bad", str(error), "Put the right file back from where you keep it safe.")
    if others_may_read(path):
        return Finding(subject, "bad", f"others may read {path}", f"chmod 600 {path}")
    return Finding(subject, "good", good)
