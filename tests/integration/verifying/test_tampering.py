"""Whoever may do everything in the database changes the log, and is found out: `amends verify` says where and what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from amends_platform.failures import Failure
from amends_platform.verifying.claims import claims_from
from amends_platform.verifying.log import Request, Verified, verify_log
from tests.support.postgres import Database, PostgresServer, new_database
from tests.support.whole_logs import (
    CASES,
    HASHED,
    POLICY,
    SIGNER,
    STRANGER,
    rewrite,
    seal_log,
    superuser,
    write_log,
)

HEAD = 1_300
# The last full row of the tree ends at 1,280; the newest checkpoint is of 1,290.
CHECKPOINTS = (300, 700, 1_100, 1_290)
OLDER = 700


@dataclass(frozen=True)
class Kept:
    """A whole log and an older state of it, and its checkpoints as they were exported."""

    database: Database
    older: Database
    exported: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def kept(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Kept]:
    """To be copied by every test."""
    exported = tmp_path_factory.mktemp("exported")
    async with new_database(postgres) as older:
        async with superuser(older) as conn:
            await write_log(conn, 0, OLDER)
            await seal_log(conn, [size for size in CHECKPOINTS if size <= OLDER], SIGNER, exported)
        async with new_database(postgres, older.name) as database:
            async with superuser(database) as conn:
                await write_log(conn, OLDER, HEAD)
                await seal_log(conn, [size for size in CHECKPOINTS if size > OLDER], SIGNER, exported)
            yield Kept(database, older, exported)


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres: PostgresServer, kept: Kept) -> AsyncIterator[Database]:
    async with new_database(postgres, kept.database.name) as copy:
        yield copy


async def verified(database: Database, exported: Path | None = None) -> Verified:
    given = () if exported is None else tuple(claims_from(exported, [SIGNER.verifier]))
    return await verify_log(Request(database.url, [SIGNER.verifier], given), lambda _done, _total: None)


async def found(database: Database, statement: str, exported: Path | None = None) -> list[tuple[int, int | None, str]]:
    """What is said after somebody has run the statement: where, up to where, and what."""
    async with superuser(database) as conn:
        await conn.execute(statement)
    return [(fault.position, fault.until, fault.what) for fault in (await verified(database, exported)).faults]


def only(faults: list[tuple[int, int | None, str]], position: int, until: int | None, what: str) -> bool:
    """This is the only fault."""
    return [fault[:2] for fault in faults] == [(position, until)] and what in faults[0][2]


async def test_a_log_that_nobody_touched_is_sound(database: Database, kept: Kept) -> None:
    result = await verified(database, kept.exported)
    assert result.faults == ()
    assert (result.head, result.streams) == (HEAD, 130)
    # Each is in the database and among the exported ones.
    assert (result.checkpoints, result.refuted, result.vouched) == (2 * len(CHECKPOINTS), 0, CHECKPOINTS[-1])


# One event. AT and what is 60 positions further on, and so on, have every field.

AT = 607
CHANGES = {
    "data": "data = replace(data::text, 'x', 'y')::json",
    "a space in data": "data = replace(data::text, ',', ', ')::json",
    "sealed": "sealed = set_byte(sealed, 5, get_byte(sealed, 5) # 1)",
    "key_id": "key_id = gen_random_uuid()",
    "actor": "actor = 'nobody'",
    "occurred_at": "occurred_at = occurred_at - interval '1 microsecond'",
    "recorded_at": "recorded_at = recorded_at + interval '1 microsecond'",
    "type": "type = 'case-closed'",
    "schema_version": "schema_version = 2",
    "tenant": "tenant = 'other'",
    "correlation_id": "correlation_id = gen_random_uuid()",
    "causation_id": "causation_id = gen_random_uuid()",
    "policy_hash": "policy_hash = sha256('another policy')",
    "id": "id = gen_random_uuid()",
}
CHANGED = dict(zip(range(AT, HEAD, 30), CHANGES.values(), strict=False))
ALL_CHANGES = ";".join(f"UPDATE events SET {change} WHERE position = {at}" for at, change in CHANGED.items())


async def test_a_change_of_any_field_is_named(database: Database) -> None:
    faults = [fault for fault in await found(database, ALL_CHANGES) if "its hash" in fault[2]]
    said = "its hash is not that of its content, which was changed: the tree has this hash"
    assert [(fault[0], fault[2].partition(" (")[0]) for fault in faults] == [(at, said) for at in CHANGED]
    assert "version 5 of case" in faults[0][2]


async def test_a_change_of_any_field_is_named_where_the_hash_was_made_to_fit(database: Database) -> None:
    changed = await found(database, f"{ALL_CHANGES}; UPDATE events SET leaf_hash = {HASHED}")
    faults = [fault for fault in changed if "its hash" in fault[2]]
    said = "its hash is that of its content, but the tree has another for it"
    assert [(fault[0], fault[2].partition(" (")[0]) for fault in faults] == [(at, said) for at in CHANGED]


async def test_a_change_of_the_hash_alone_is_named(database: Database) -> None:
    faults = await found(database, f"UPDATE events SET leaf_hash = sha256('x') WHERE position = {AT}")
    assert only(faults, AT, None, "the hash was changed, the tree has the right one")


async def test_an_event_that_is_moved_to_another_case_is_named(database: Database) -> None:
    faults = await found(database, f"UPDATE events SET stream_id = gen_random_uuid() WHERE position = {AT}")
    assert [fault[0] for fault in faults] == [AT, AT, AT + CASES]
    assert "version 5 comes after version 0" in faults[1][2]
    assert "version 6 comes after version 4" in faults[2][2]


async def test_an_event_without_what_an_event_must_have_is_named_and_the_next_ones_are_read(database: Database) -> None:
    async with superuser(database) as conn:
        for column in ("stream_id", "type", "recorded_at", "actor", "leaf_hash"):
            await conn.execute(f"ALTER TABLE events ALTER {column} DROP NOT NULL")
        await conn.execute("ALTER TABLE events DROP CONSTRAINT events_leaf_hash_check")
    faults = await found(
        database,
        """
        UPDATE events SET stream_id = NULL WHERE position = 1201;
        UPDATE events SET type = NULL WHERE position = 1203;
        UPDATE events SET recorded_at = NULL WHERE position = 1205;
        UPDATE events SET leaf_hash = NULL WHERE position = 1207;
        UPDATE events SET leaf_hash = 'short' WHERE position = 1209;
        UPDATE events SET actor = NULL WHERE position = 1211;
        """,
    )
    assert [fault[0] for fault in faults] == [1_201, 1_203, 1_205, 1_207, 1_209, 1_211]
    assert all("it lacks a field" in fault[2] for fault in faults[:5])
    assert "its hash is not that of its content" in faults[5][2]


async def test_events_that_cannot_be_read_are_said_to_be(database: Database) -> None:
    async with superuser(database) as conn:
        await conn.execute("ALTER TABLE events DROP COLUMN sealed CASCADE")
    with pytest.raises(Failure, match="The events from position 1 to 1,300 cannot be read"):
        await verified(database)


# Events that come, go or change places


async def test_a_deleted_event_is_named(database: Database) -> None:
    faults = await found(database, f"DELETE FROM events WHERE position = {AT}")
    assert faults[0] == (AT, None, f"position {AT} is missing")
    # Its case misses it, too; and nothing else is wrong.
    assert [(fault[0], fault[2].partition(" (")[0]) for fault in faults[1:]] == [
        (AT + CASES, "version 6 comes after version 4")
    ]


async def test_deleted_events_are_named_together(database: Database) -> None:
    faults = await found(database, "DELETE FROM events WHERE position BETWEEN 601 AND 640")
    assert faults[0] == (601, 640, "positions 601 to 640 are missing")


async def test_an_event_that_is_there_twice_is_named(database: Database) -> None:
    faults = await found(
        database,
        """
        ALTER TABLE events DROP CONSTRAINT events_pkey CASCADE, DROP CONSTRAINT events_one_per_version;
        INSERT INTO events SELECT * FROM events WHERE position = 601;
        """,
    )
    assert only(faults, 601, None, "position 601 is there twice")


async def test_an_event_that_stands_before_the_log_is_found(database: Database) -> None:
    faults = await found(
        database,
        """
        ALTER TABLE events DROP CONSTRAINT events_position_check, DROP CONSTRAINT events_one_per_version;
        CREATE TEMPORARY TABLE one AS SELECT * FROM events WHERE position = 601;
        UPDATE one SET position = -1, version = 11;
        INSERT INTO events SELECT * FROM one;
        """,
    )
    assert only(faults, 0, None, "there are events at positions before the first")


async def test_two_events_whose_contents_were_swapped_are_both_named(database: Database) -> None:
    faults = await found(
        database,
        """
        UPDATE events SET data = other.data, sealed = other.sealed, key_id = other.key_id, type = other.type
        FROM (SELECT * FROM events WHERE position IN (601, 738)) AS other
        WHERE events.position IN (601, 738) AND other.position <> events.position
        """,
    )
    assert [fault[0] for fault in faults] == [601, 738]
    assert all("its hash is not that of its content" in fault[2] for fault in faults)


async def test_two_events_that_changed_places_are_both_named(database: Database) -> None:
    swap = """
        ALTER TABLE events DROP CONSTRAINT events_position_check;
        UPDATE events SET position = -position WHERE position IN (601, 602);
        UPDATE events SET position = 1203 + position WHERE position < 0;
    """
    hashes = [fault for fault in await found(database, swap) if "its hash" in fault[2]]
    assert [fault[0] for fault in hashes] == [601, 602]
    # And with hashes that were made to fit their new places.
    faults = await found(database, f"UPDATE events SET leaf_hash = {HASHED}")
    assert [fault[0] for fault in faults if "the tree has another" in fault[2]] == [601, 602]


async def test_a_time_that_runs_backwards_is_named_where_everything_else_was_made_to_fit(database: Database) -> None:
    async with superuser(database) as conn:
        await rewrite(conn, "UPDATE events SET recorded_at = recorded_at - interval '1 hour' WHERE position = 601")
    faults = [(fault.position, fault.what.partition(" (")[0]) for fault in (await verified(database)).faults]
    assert faults[0] == (601, "it was recorded before the event that precedes it")


# The end of the log


async def test_a_tail_that_was_cut_off_is_named(database: Database) -> None:
    faults = await found(database, "DELETE FROM events WHERE position > 1285")
    told = "the log ends at 1,285, but the newest checkpoint reaches to 1,290"
    assert only(faults, 1_286, 1_290, told)


async def test_a_tail_that_was_cut_off_everywhere_is_found_by_an_exported_checkpoint(
    database: Database, kept: Kept
) -> None:
    cut = """
        DELETE FROM events WHERE position > 1285;
        DELETE FROM merkle_tiles WHERE level = 0 AND index > 4;
        DELETE FROM signed_checkpoints WHERE tree_size > 1285;
    """
    faults = await found(database, cut)
    assert faults == []
    faults = [(fault.position, fault.until, fault.what) for fault in (await verified(database, kept.exported)).faults]
    assert only(faults, 1_286, 1_290, "the log ends at 1,285, but the checkpoint of 1,290 events in ")


async def test_a_tail_that_was_cut_off_and_grew_again_is_found(database: Database, kept: Kept) -> None:
    async with superuser(database) as conn:
        await conn.execute("DELETE FROM events WHERE position > 1285")
        await write_log(conn, 1_285, 1_400)
        # What grew is the same as before, but for this.
        await conn.execute("UPDATE events SET actor = 'x' WHERE position = 1288")
    faults = await found(database, f"UPDATE events SET leaf_hash = {HASHED} WHERE position = 1288")
    assert only(faults, 1_101, 1_290, "the checkpoint of 1,290 events has another root than the log has now")


async def test_an_older_backup_is_recognised_by_an_exported_checkpoint(kept: Kept) -> None:
    assert (await verified(kept.older)).faults == ()
    faults = [(fault.position, fault.until, fault.what) for fault in (await verified(kept.older, kept.exported)).faults]
    assert only(faults, 701, 1_290, "the log ends at 700, but the checkpoint of 1,100 events in ")
    assert "of 1,290 events" in faults[0][2]


async def test_a_tail_that_a_follower_has_read_is_missed_before_any_checkpoint(database: Database) -> None:
    faults = await found(
        database,
        "INSERT INTO checkpoints (name, position, epoch) VALUES ('reader', 1300, 1);"
        "DELETE FROM events WHERE position > 1295",
    )
    assert only(faults, 1_296, 1_300, "the log ends at 1,295, but who follows it reaches to 1,300")


# The tree and the checkpoints


async def test_a_change_made_to_fit_behind_the_last_full_row_lies_between_two_checkpoints(database: Database) -> None:
    async with superuser(database) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position = 1285")
    faults = await found(database, f"UPDATE events SET leaf_hash = {HASHED} WHERE position = 1285")
    assert only(faults, 1_101, 1_290, "the checkpoint of 1,290 events has another root than the log has now")


async def test_a_change_that_the_tree_was_made_to_fit_lies_between_two_checkpoints(database: Database) -> None:
    async with superuser(database) as conn:
        await rewrite(conn, f"UPDATE events SET actor = 'x' WHERE position = {AT}")
    faults = [(fault.position, fault.until, fault.what) for fault in (await verified(database)).faults]
    assert only(faults, 301, 700, "the checkpoint of 700 events has another root than the log has now")


async def test_rows_of_the_tree_that_were_changed_are_named(database: Database) -> None:
    faults = await found(
        database,
        """
        ALTER TABLE merkle_tiles DROP CONSTRAINT merkle_tiles_hashes_check;
        UPDATE merkle_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) WHERE index = 0;
        UPDATE merkle_tiles SET root = sha256('x') WHERE index = 1;
        DELETE FROM merkle_tiles WHERE index = 2;
        UPDATE merkle_tiles SET hashes = substring(hashes FOR 100) WHERE index = 3;
        """,
    )
    assert faults == [
        (1, 256, "row 0 of the tree's leaves has another root than its hashes have"),
        (257, 512, "row 1 of the tree's leaves has another root than its hashes have"),
        (513, 768, "row 2 of the tree's leaves is missing"),
        (769, 1_024, "row 3 of the tree's leaves has not 256 hashes"),
    ]


async def test_checkpoints_that_were_changed_are_named(database: Database) -> None:
    faults = await found(
        database,
        """
        UPDATE signed_checkpoints SET root_hash = sha256('x') WHERE tree_size = 300;
        UPDATE signed_checkpoints SET note = overlay(note PLACING 'AAAA' FROM length(note) - 20) WHERE tree_size = 700;
        UPDATE signed_checkpoints SET note = 'x' WHERE tree_size = 1290;
        """,
    )
    assert [fault[:2] for fault in faults] == [(1, 300), (1, 700), (1_101, 1_290)]
    assert faults[0][2] == "the checkpoint of 300 events says another size or root than was signed"
    assert "the checkpoint of 700 events is not signed as it should be: The signature" in faults[1][2]
    # The one in between holds.
    assert "the checkpoint of 1,290 events holds no signed checkpoint" in faults[2][2]


# What it was judged by, and whose the keys are

JUDGED = 2  # the first event that names a policy
ALTERED = {
    "a time": "document = regexp_replace(document, 'due: [^ ,}]+', 'due: 99h')",
    "a day off": """calendar = replace(calendar::text, '2026', '2027')::json""",
    "its version": "version = version + 1",
    "its name": "name = 'another'",
    "all of it": "document = 'no policy'",
    "the calendar's form": "calendar = '7'",
}


@pytest.mark.parametrize("altered", ALTERED.values(), ids=list(ALTERED))
async def test_a_policy_that_was_altered_is_named_where_the_first_event_was_judged_by_it(
    database: Database, altered: str
) -> None:
    faults = await found(database, f"UPDATE policies SET {altered}")
    assert only(faults, JUDGED, None, "it was judged by this: The policy ")
    assert POLICY.policy.hash[:12] in faults[0][2]


async def test_a_policy_that_was_deleted_is_named(database: Database) -> None:
    faults = await found(database, "DELETE FROM policies")
    assert only(faults, JUDGED, None, f"judged by ({POLICY.policy.hash[:12]}…) is not in the database")


async def test_a_policy_under_a_false_hash_stands_for_the_next_event(database: Database) -> None:
    another = "INSERT INTO policies SELECT sha256('x'), name, 99, document, calendar FROM policies"
    faults = await found(database, another)
    assert only(faults, HEAD + 1, None, "the next may be judged by this: ")


async def test_an_interrupted_verification_remembers_by_what_the_log_was_judged(
    database: Database, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"

    def interrupt(done: int, _total: int) -> None:
        if done == 1_024:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await verify_log(Request(database.url, [SIGNER.verifier], resume=notes, range_events=256), interrupt)
    async with superuser(database) as conn:
        await conn.execute("DELETE FROM policies")
    result = await verify_log(Request(database.url, [SIGNER.verifier], resume=notes), lambda _done, _total: None)
    assert result.resumed is not None
    assert [fault.position for fault in result.faults] == [JUDGED]


async def test_a_key_that_is_filed_under_another_customer_is_named(database: Database) -> None:
    faults = await found(
        database,
        """
        UPDATE data_keys SET customer_ref = 'C-0 ' WHERE customer_ref = 'C-0';
        UPDATE data_keys SET tenant = 'other' WHERE customer_ref = 'C-2';
        DELETE FROM data_keys WHERE customer_ref = 'C-4';
        """,
    )
    assert [fault[0] for fault in faults] == [1, 3, 5]
    assert faults[0][2].startswith("its key is filed under another customer than it names")
    assert faults[1][2].startswith("its key is filed under another customer than it names")
    assert faults[2][2].startswith("its key is filed under no customer")


# The whole log, rewritten so that everything in the database fits


@pytest_asyncio.fixture(loop_scope="session")
async def rewritten(database: Database, tmp_path: Path) -> Database:
    """One word of one event was changed; hashes, tree and checkpoints were made anew, with the only key at hand."""
    async with superuser(database) as conn:
        await conn.execute("DELETE FROM signed_checkpoints")
        await rewrite(conn, f"UPDATE events SET data = json_build_object('number', 0) WHERE position = {AT}")
        await seal_log(conn, CHECKPOINTS, STRANGER, tmp_path)
    return database


async def test_a_rewritten_log_is_found_by_the_key(rewritten: Database) -> None:
    faults = [(fault.position, fault.until, fault.what) for fault in (await verified(rewritten)).faults]
    assert only(faults, 1, 300, "the checkpoint of 300 events is not signed as it should be")


async def test_a_rewritten_log_without_checkpoints_is_found_by_exported_ones(rewritten: Database, kept: Kept) -> None:
    assert await found(rewritten, "DELETE FROM signed_checkpoints") == []
    faults = [(fault.position, fault.until, fault.what) for fault in (await verified(rewritten, kept.exported)).faults]
    # The exported checkpoint of 300 events holds: the change is behind it.
    assert only(faults, 301, 700, "has another root than the log has now")
    assert str(kept.exported) in faults[0][2]


async def test_a_rewritten_log_is_found_by_exported_checkpoints_even_with_the_strangers_key(
    rewritten: Database, kept: Kept
) -> None:
    given = tuple(claims_from(kept.exported, [STRANGER.verifier]))
    result = await verify_log(Request(rewritten.url, [STRANGER.verifier], given), lambda _done, _total: None)
    assert result.faults[0].what.startswith("the checkpoint of 300 events in ")
    assert "is not signed as it should be" in result.faults[0].what
