-- Makes events of at most row_limit timers that are due, and tells which. Those of the cases that have waited longest
-- first, and of a case all that are due, in their turn. Timers older than `since` are passed over.
-- A timer on a case that has moved on waits: the workflow has yet to see the newer event and make it anew. A reminder,
-- a breach or a step of the ladder moves no clock, so what was made together with it still holds behind it.
-- One made for version 0 begins a stream, which nothing else has begun meanwhile.
-- The release before calls it without `since`.
DROP FUNCTION IF EXISTS fire_due_timers(integer);
CREATE OR REPLACE FUNCTION fire_due_timers(row_limit integer, since timestamptz DEFAULT '-infinity')
RETURNS TABLE ("position" bigint, case_id uuid, fires_at timestamptz)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
-- Whatever the statistics say: a timer that is due is one of a million, or all there are.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    due_by constant timestamptz := log_now();
    ready uuid[];
    head_position bigint;
    recorded timestamptz;
BEGIN
    -- Writers must not wait for this: most calls find nothing, and there may be much to step over. What is passed over
    -- here, because its case has moved on, would be passed over under the lock as well.
    SELECT array_agg(oldest.case_id ORDER BY oldest.first_at, oldest.case_id) INTO ready
    FROM (
        SELECT waiting.case_id, min(waiting.fires_at) AS first_at
        FROM (
            SELECT timer.case_id, timer.fires_at
            FROM timers AS timer
            WHERE
                timer.fires_at >= since AND timer.fires_at <= due_by
                AND timer.case_version = coalesce((
                    SELECT e.version FROM events AS e WHERE e.stream_id = timer.case_id ORDER BY e.version DESC LIMIT 1
                ), 0)
            ORDER BY timer.fires_at
            LIMIT row_limit
        ) AS waiting
        GROUP BY waiting.case_id
    ) AS oldest;
    IF ready IS NULL THEN
        RETURN;
    END IF;

    PERFORM lock_log();
    -- From here no stream moves: a statement that begins now sees the newest version of every case.
    SELECT head.position, greatest(head.recorded_at, log_now()) INTO head_position, recorded FROM log_head AS head;

    RETURN QUERY
    WITH numbered AS MATERIALIZED (
        SELECT
            timer.row, timer.fires_at, timer.case_version,
            row_number() OVER (
                PARTITION BY waiting.place ORDER BY timer.fires_at, timer.clock, timer.generation, timer.step
            ) AS turn
        FROM unnest(ready) WITH ORDINALITY AS waiting (case_id, place)
        CROSS JOIN LATERAL (
            SELECT timer.ctid AS row, timer.* FROM timers AS timer WHERE timer.case_id = waiting.case_id
            -- Looked up by its case alone: by the time there may be a million others.
            OFFSET 0
        ) AS timer
        WHERE
            timer.fires_at <= due_by
            AND timer.case_version = coalesce((
                SELECT e.version FROM events AS e WHERE e.stream_id = waiting.case_id ORDER BY e.version DESC LIMIT 1
            ), 0)
        ORDER BY waiting.place, turn
        LIMIT row_limit
    ), due AS MATERIALIZED (
        SELECT
            timer.*, numbered.row, numbered.turn, (timer.data || ',"late_by_ms":0}') IS JSON OBJECT AS well_formed
        FROM numbered
        JOIN timers AS timer ON timer.ctid = numbered.row
        WHERE timer.case_version = numbered.case_version AND timer.fires_at = numbered.fires_at
        -- The workflow may be making some of them anew just now.
        FOR UPDATE OF timer SKIP LOCKED
    ), in_turn AS (
        SELECT
            due.*,
            row_number() OVER so_far AS place,
            count(*) FILTER (WHERE due.well_formed) OVER so_far AS number,
            count(*) FILTER (
                WHERE due.well_formed
                AND due.event_type NOT IN ('reminder-issued', 'deadline-breached', 'case-escalated')
            ) OVER (so_far ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS moved
        FROM due
        WINDOW so_far AS (PARTITION BY due.case_id ORDER BY due.turn)
    ), fired AS MATERIALIZED (
        SELECT
            in_turn.*,
            head_position + row_number() OVER (ORDER BY in_turn.fires_at, in_turn.case_id, in_turn.turn) AS at_position,
            in_turn.case_version + in_turn.number::integer AS at_version,
            gen_random_uuid() AS id,
            format(
                '%s,"late_by_ms":%s}', in_turn.data,
                greatest(0, floor(extract(epoch FROM recorded - in_turn.fires_at) * 1000))::bigint
            ) AS whole_data
        FROM in_turn
        -- Not before one that was passed over, nor after one that may have moved the clocks.
        WHERE in_turn.well_formed AND in_turn.place = in_turn.turn AND in_turn.moved = 0
    ), recorded_event AS (
        INSERT INTO events (
            position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
            correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
        )
        SELECT
            fired.at_position, fired.case_id, fired.at_version, fired.id, fired.event_type, 1,
            fired.fires_at, recorded, fired.tenant, 'system:workflow',
            fired.correlation_id, NULL, fired.policy_hash, fired.whole_data::json, NULL, NULL,
            leaf_hash(
                fired.at_position, fired.case_id, fired.at_version, fired.id, fired.event_type, 1,
                fired.fires_at, recorded, fired.tenant, 'system:workflow',
                fired.correlation_id, NULL, fired.policy_hash, fired.whole_data, NULL, NULL
            )
        FROM fired
    ), removed AS (
        DELETE FROM timers AS timer
        USING (
            SELECT fired.row FROM fired UNION ALL SELECT due.row FROM due WHERE NOT due.well_formed
        ) AS done
        WHERE timer.ctid = done.row
    ), quarantined AS (
        INSERT INTO timer_quarantine (
            case_id, clock, generation, step, tenant, event_type, fires_at, case_version, policy_hash,
            correlation_id, data, error, quarantined_at
        )
        SELECT
            due.case_id, due.clock, due.generation, due.step, due.tenant, due.event_type, due.fires_at,
            due.case_version, due.policy_hash, due.correlation_id, due.data,
            coalesce(problem.message, 'not a JSON object'), recorded
        FROM due
        CROSS JOIN LATERAL pg_input_error_info(due.data || ',"late_by_ms":0}', 'json') AS problem
        WHERE NOT due.well_formed
    )
    SELECT fired.at_position, fired.case_id, fired.fires_at
    FROM fired
    ORDER BY fired.at_position;
END
$$;
