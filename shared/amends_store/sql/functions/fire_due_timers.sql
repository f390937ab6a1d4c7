-- Makes events of at most row_limit timers that are due, oldest first, at most one a case, and tells which.
-- A timer on a case that has moved on waits: the workflow has yet to see the newer event and make it anew.
-- One made for version 0 begins a stream, which nothing else has begun meanwhile.
CREATE OR REPLACE FUNCTION fire_due_timers(row_limit integer)
RETURNS TABLE ("position" bigint, case_id uuid, fires_at timestamptz)
LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    due_by constant timestamptz := log_now();
    head_position bigint;
    recorded timestamptz;
BEGIN
    -- Most calls find nothing, and must not make writers wait for that.
    PERFORM FROM timers AS timer WHERE timer.fires_at <= due_by LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;

    PERFORM lock_log();
    -- From here no stream moves: a statement that begins now sees the newest version of every case.
    SELECT head.position, greatest(head.recorded_at, log_now()) INTO head_position, recorded FROM log_head AS head;

    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT timer.*, (timer.data || ',"late_by_ms":0}') IS JSON OBJECT AS well_formed
        FROM timers AS timer
        WHERE
            timer.fires_at <= due_by
            AND timer.case_version = coalesce((
                SELECT e.version FROM events AS e WHERE e.stream_id = timer.case_id ORDER BY e.version DESC LIMIT 1
            ), 0)
        ORDER BY timer.fires_at
        LIMIT row_limit
        -- The workflow may be making some of them anew just now.
        FOR UPDATE SKIP LOCKED
    ), one_a_case AS (
        SELECT DISTINCT ON (due.case_id) due.*
        FROM due
        WHERE due.well_formed
        ORDER BY due.case_id, due.fires_at, due.clock, due.generation, due.step
    ), fired AS MATERIALIZED (
        SELECT
            one_a_case.*,
            head_position + row_number() OVER (ORDER BY one_a_case.fires_at, one_a_case.case_id) AS at_position,
            gen_random_uuid() AS id,
            format(
                '%s,"late_by_ms":%s}', one_a_case.data,
                greatest(0, floor(extract(epoch FROM recorded - one_a_case.fires_at) * 1000))::bigint
            ) AS whole_data
        FROM one_a_case
    ), recorded_event AS (
        INSERT INTO events (
            position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
            correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
        )
        SELECT
            fired.at_position, fired.case_id, fired.case_version + 1, fired.id, fired.event_type, 1,
            fired.fires_at, recorded, fired.tenant, 'system:workflow',
            fired.correlation_id, NULL, fired.policy_hash, fired.whole_data::json, NULL, NULL,
            leaf_hash(
                fired.at_position, fired.case_id, fired.case_version + 1, fired.id, fired.event_type, 1,
                fired.fires_at, recorded, fired.tenant, 'system:workflow',
                fired.correlation_id, NULL, fired.policy_hash, fired.whole_data, NULL, NULL
            )
        FROM fired
    ), removed AS (
        DELETE FROM timers AS timer
        USING (
            SELECT fired.case_id, fired.clock, fired.generation, fired.step FROM fired
            UNION ALL
            SELECT due.case_id, due.clock, due.generation, due.step FROM due WHERE NOT due.well_formed
        ) AS done
        WHERE
            timer.case_id = done.case_id AND timer.clock = done.clock
            AND timer.generation = done.generation AND timer.step = done.step
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
