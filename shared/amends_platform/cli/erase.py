"""`amends erase`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.client import AsJson

if TYPE_CHECKING:
    from amends_platform.erasing.alone import Administrator, Erased


def erase(
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The customer, as the organisation calls them (customer.ref).")
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="R", help="Why. It stays readable for ever: name nobody in it.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where the certificate goes [default: standard output]."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Destroy a customer's data key: their name, their words and all that was written about them is gone for good.

    For whoever administers the database and the key store; desks do it over HTTP, by two persons. A case under legal
    hold refuses it. Prints a signed certificate; once more, it makes sure and prints it again.
    """
    import asyncio

    from amends_platform.cli.outputs import check_output

    if output is not None:
        check_output(output)
    asyncio.run(_erase(customer, reason, yes=yes, output=output, as_json=as_json))


async def _erase(customer_ref: str, reason: str, *, yes: bool, output: Path | None, as_json: bool) -> None:
    from amends_platform.erasing.alone import cases_in_words

    async with _administrator() as administrator:
        customer = await administrator.would_erase(customer_ref, reason)
        if not yes:
            _ask(customer_ref, cases_in_words(customer))
        erased = await administrator.erase(customer_ref, reason)
    _report(erased, output, as_json=as_json)


@asynccontextmanager
async def _administrator() -> AsyncIterator[Administrator]:
    """Whoever gave the command, with the database, the key store and the signing key at hand."""
    import asyncpg

    from amends_platform.cli.settings import load_settings, of_this_machine
    from amends_platform.erasing.alone import Administrator
    from amends_platform.evidence.signing_key import SigningKeyError, load_signer
    from amends_platform.failures import CannotReach, Failure
    from amends_platform.keystore.checking import check_key_store
    from amends_platform.keystore.opening import open_key_store
    from amends_platform.owner import database_url_of
    from amends_platform.sealing import CannotUnseal, MasterKeyError
    from amends_store.errors import StoreError, StoreUnavailable
    from amends_store.pool import connect_pool

    settings = of_this_machine(load_settings())
    if not settings.key_store_path.exists():
        # Opening would make one, with none of the keys in it.
        raise Failure(f"There is no key store at {settings.key_store_path}: set AMENDS_KEY_STORE.")
    try:
        async with AsyncExitStack() as stack:
            signer = load_signer(settings.signing_key_path)
            store = open_key_store(settings)
            stack.push_async_callback(store.aclose)
            url = database_url_of(settings)
            pool = await connect_pool(url, role="amends_intake", tenant=settings.tenant, min_size=1, max_size=2)
            stack.push_async_callback(pool.close)
            await check_key_store(pool, store, settings.tenant)
            yield Administrator(pool, store, signer, tenant=settings.tenant, actor=f"cli:{_os_user()}")
    except (SigningKeyError, MasterKeyError, CannotUnseal) as error:
        raise Failure(str(error)) from error
    except StoreUnavailable as error:
        raise CannotReach(str(error)) from error
    except (StoreError, asyncpg.PostgresError) as error:
        raise Failure(f"The database refuses it: {error}") from error


def _os_user() -> str:
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # In a container, a user often has a number and no name.
        return str(os.getuid())


def _ask(customer_ref: str, cases: str) -> None:
    import sys

    from amends_platform.failures import Failure, WrongUsage

    if not sys.stdin.isatty():
        raise WrongUsage("There is nobody to ask: say --yes to erase without a question.")
    print(f"All personal data of {customer_ref} is destroyed, on {cases}. It cannot be undone.", file=sys.stderr)
    if not typer.confirm("Erase it?", err=True):
        raise Failure("Nothing was erased.")


def _report(erased: Erased, output: Path | None, *, as_json: bool) -> None:
    import sys

    from amends_platform.erasing.alone import cases_in_words
    from amends_platform.failures import Failure
    from amends_platform.files import write_private

    if output is not None:
        try:
            write_private(output, erased.certificate)
        except OSError as error:
            raise Failure(
                f"{erased.customer.ref} is erased, but {output} cannot be written: {error.strerror}. "
                "The same command once more gives the certificate."
            ) from error
    if as_json:
        print(json.dumps(_document(erased), indent=2))
        return
    when = f"{erased.erasure.erased_at:%Y-%m-%d %H:%M} UTC"
    done = f"was erased already, on {when}" if erased.before else "is erased"
    print(f"{erased.customer.ref} {done}: {cases_in_words(erased.customer)}.", file=sys.stderr)
    if output is None:
        print(erased.certificate, end="")


def _document(erased: Erased) -> dict[str, Any]:
    erasure = erased.erasure
    return {
        "customer_ref": erased.customer.ref,
        "key_id": str(erasure.key_id),
        "requested_by": erasure.requested_by,
        "approved_by": erasure.approved_by,
        "reason": erasure.reason,
        "erased_at": erasure.erased_at.isoformat(),
        "erased_before": erased.before,
        "cases": [
            {"id": str(case.id), "reference": case.reference, "position": case.position, "version": case.version}
            for case in erasure.cases
        ],
        "certificate": erased.certificate,
    }
