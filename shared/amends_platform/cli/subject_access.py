"""`amends subject-access`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from amends_platform.cli.client import Key, Purpose, Url, address

if TYPE_CHECKING:
    from amends_platform.clients import Address


def subject_access(
    customer: Annotated[
        str, typer.Argument(metavar="CUSTOMER", help="The customer, as the organisation calls them (customer.ref).")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where it goes [default: standard output]."),
    ] = None,
    url: Url = None,
    key: Key = None,
    purpose: Purpose = None,
) -> None:
    """Write everything that is held on a customer to one file, readable by you alone: what they may ask for.

    A JSON document that explains its parts. It takes a key that may read personal data.
    """
    import asyncio
    import sys

    from amends_platform.cli.outputs import check_output
    from amends_platform.files import private_file

    if output is not None:
        check_output(output)
    workflow = address("workflow", url, key, role="auditor", purpose=purpose or "customer-request")
    with ExitStack() as stack:
        file = sys.stdout.buffer if output is None else stack.enter_context(private_file(output))
        asyncio.run(_write(workflow, customer, file))
    if output is not None:
        size = output.stat().st_size
        print(f"{size:,} bytes in {output}: everything that is held on {customer}, readable by you alone.")


async def _write(workflow: Address, customer: str, file: BinaryIO) -> None:
    from amends_client.calling import query, quoted

    asking = query(f"/v1/customers/{quoted(customer)}/export", {}, {"Amends-Purpose": workflow.purpose})
    # Cut off halfway it is not everything: that is raised, and the file is not replaced then.
    async with workflow.workflow() as client, client.open(asking) as response:
        async for piece in response.aiter_bytes():
            file.write(piece)
    file.flush()
