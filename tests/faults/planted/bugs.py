"""The mistakes: what of the safety net is cut, and the promise that must be seen to break."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.planted import scenarios
from tests.faults.planted.patches import NOTIFIER, STORE, Patch
from tests.faults.planted.rules import SLOW
from tests.faults.planted.scenarios import Scenario
from tests.support.hasty import HASTY

_APPEND = f"{STORE}/sql/functions/append_batch.sql"
_FIRE = f"{STORE}/sql/functions/fire_due_timers.sql"


@dataclass(frozen=True)
class Bug:
    """One mistake, as changes of the code. `breaks`: the promise that the scenario must show broken."""

    name: str
    patches: tuple[Patch, ...]
    scenario: Scenario
    breaks: str
    policy: str = HASTY


# Whatever version a case has, what was due of it fires.
_ANY_VERSION = (
    Patch(
        _FIRE,
        """
                AND timer.case_version = coalesce((
                    SELECT e.version FROM events AS e WHERE e.stream_id = timer.case_id ORDER BY e.version DESC LIMIT 1
                ), 0)""",
        "",
    ),
    Patch(
        _FIRE,
        """
            AND timer.case_version = coalesce((
                SELECT e.version FROM events AS e WHERE e.stream_id = waiting.case_id ORDER BY e.version DESC LIMIT 1
            ), 0)""",
        "",
    ),
    Patch(
        _FIRE,
        "in_turn.case_version + in_turn.number::integer AS at_version",
        "in_turn.number::integer + (SELECT count(*)::integer FROM events AS e WHERE e.stream_id = in_turn.case_id)"
        " AS at_version",
    ),
)

_PUBLISHING_FIRST = """\
    async with conn.acquire() as session, session.transaction():  # type: ignore
        rows = await session.fetch("SELECT position, case_id, fires_at FROM fire_due_timers($1)", limit)
        fired = [Fired._make(row) for row in rows]
        if fired:
            await _publish(session, fired)
    return fired


async def _publish(session, fired):  # type: ignore
    import asyncio
    import os
    from pathlib import Path

    import nats

    from amends_domain.evolve import fold
    from amends_notifier.messages import message_of
    from amends_platform.recorded import all_recorded
    from amends_store.read import read_stream

    client = await nats.connect(os.environ["AMENDS_NATS_URL"])
    for each in fired:
        rows = [row for row in await read_stream(session, each.case_id) if row.position <= each.position]
        told = all_recorded(rows)
        message = message_of(rows[-1], told[-1].event, fold(None, each.case_id, told))
        await client.jetstream().publish(message.subject, message.payload, headers=message.headers)
    await client.close()
    while (Path(__file__).parents[2] / "gate").exists():
        await asyncio.sleep(0.01)
"""

BUGS = (
    Bug(
        "receipt-check-removed",
        (
            Patch(_APPEND, "receipt.request_hash = given.request_hash THEN", "false THEN"),
            Patch(_APPEND, "receipt.request_hash IS NOT NULL THEN", "false THEN"),
            # The primary key of the receipts would be a second net.
            Patch(_APPEND, "accepted.key IS NOT NULL\n", "accepted.key IS NOT NULL ON CONFLICT DO NOTHING\n"),
        ),
        scenarios.everything_twice_at_once,
        "commands_have_one_effect",
    ),
    Bug(
        # The primary key of the events is a second net, in which others are caught.
        "head-lock-removed",
        (Patch(_APPEND, "PERFORM lock_log();", ""),),
        scenarios.many_writers,
        "refusals_are_foreseen",
    ),
    Bug(
        "expected-version-check-removed",
        (
            Patch(_APPEND, "coalesce(stream.version, 0) <> given.expected_version THEN", "false THEN"),
            # So would be the unique versions of a stream.
            Patch(_APPEND, "accepted.expected_version + event.number", "accepted.actual_version + event.number"),
        ),
        scenarios.everybody_about_one_case,
        "what_is_acknowledged_is_in_the_log",
    ),
    Bug(
        "generation-check-removed",
        _ANY_VERSION,
        scenarios.clocks_run_out_while_the_projection_hangs,
        "nothing_fires_that_is_not_due",
        SLOW,
    ),
    Bug(
        "deadline-claimed-twice",
        (*_ANY_VERSION, Patch(_FIRE, "WHERE timer.ctid = done.row", "WHERE false AND timer.ctid = done.row")),
        scenarios.clocks_run_out_while_the_projection_hangs,
        "deadlines_fire_once",
        SLOW,
    ),
    Bug(
        "checkpoint-moved-before-publish",
        (
            Patch(
                f"{NOTIFIER}/publisher.py",
                "        self._last_put = position\n",
                "        self._last_put = self.position = position\n",
            ),
        ),
        scenarios.the_notifier_dies_with_the_broker,
        "everything_gets_out",
        SLOW,
    ),
    Bug(
        "publish-before-commit",
        (
            Patch(
                f"{STORE}/timers.py",
                "    row = await conn.fetchrow(_CATCH_UP_TIMERS, limit, batches_max)\n"
                "    return [Fired._make(each) for each in zip("
                'row["positions"], row["case_ids"], row["fired_for"], strict=True)]\n',
                _PUBLISHING_FIRST,
            ),
        ),
        scenarios.the_timers_die_once_the_world_was_told,
        "the_stream_tells_only_of_the_log",
        SLOW,
    ),
    Bug(
        "answer-before-the-disk-has-it",
        (Patch(f"{STORE}/pool.py", '"jit": "off",', '"jit": "off", "synchronous_commit": "off",'),),
        scenarios.postgres_dies_at_once_after_an_answer,
        "what_is_acknowledged_is_in_the_log",
    ),
    Bug(
        "checkpoint-moved-before-the-view",
        (
            Patch(
                f"{STORE}/follow.py",
                "                await project(conn, events)\n",
                "            async with pool.acquire() as conn, conn.transaction():\n"
                "                await project(conn, events)\n",
            ),
        ),
        scenarios.the_projection_dies_before_it_has_written,
        "the_read_model_is_the_log_replayed",
        SLOW,
    ),
    Bug(
        "hints-alone-followed",
        (Patch(f"{STORE}/follow.py", "_POLL_SECONDS: Final = 0.25", "_POLL_SECONDS: Final = 3600.0"),),
        scenarios.hints_are_lost,
        "followers_catch_up",
        SLOW,
    ),
    Bug(
        "order-within-a-case-given-up",
        (
            Patch(
                f"{NOTIFIER}/service.py",
                "publisher.put(row.position, row.stream_id,",
                "publisher.put(row.position, row.id,",
            ),
        ),
        scenarios.the_broker_takes_nothing_for_a_while,
        "the_stream_is_in_order",
        SLOW,
    ),
)
