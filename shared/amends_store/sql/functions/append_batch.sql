-- Appends the commands of one batch, each all or nothing, and answers one row a command, in their order.
-- A batch holds a stream, an idempotency key and a customer's data key at most once.
-- verdict: appended, replayed, key-reused, version-conflict, data-key-conflict. Only appended takes positions.
-- A command that brings another key than the customer has, or is sealed with one that was erased, is a
-- data-key-conflict, which tells the customer's key, if there is one. known_wrapped is for an older release.
CREATE OR REPLACE FUNCTION append_batch(commands batch_command[], events_of_commands batch_event[]) RETURNS TABLE (
    verdict text, last_position bigint, recorded_at timestamptz, actual_version integer,
    earlier_stream_id uuid, earlier_first_position bigint, earlier_last_position bigint,
    earlier_version integer, earlier_answer bytea, earlier_recorded_at timestamptz,
    known_key_id uuid, known_wrapped bytea
)
LANGUAGE plpgsql VOLATILE
-- The arrays differ with each call, the plan does not: planning this anew costs more than running it.
SET plan_cache_mode = force_generic_plan
-- The plan outlives the small tables it may have been made for: look-ups must be look-ups from the start.
SET enable_seqscan = off
-- A writer that hangs must not hang the others for long.
SET lock_timeout = '3s'
AS $$
#variable_conflict use_column
DECLARE
    head_position bigint;
    recorded timestamptz;
BEGIN
    PERFORM lock_log();
    -- A statement of its own: its snapshot is taken under the lock.
    SELECT head.position, greatest(head.recorded_at, log_now()) INTO head_position, recorded FROM log_head AS head;

    RETURN QUERY
    WITH sealed_with_erased AS MATERIALIZED (
        SELECT used.command
        FROM (
            SELECT event.command, event.key_id FROM unnest(events_of_commands) AS event
            UNION ALL
            SELECT given.number, given.new_key_id
            FROM unnest(commands) WITH ORDINALITY AS given (
                tenant, stream_id, expected_version, actor, correlation_id, causation_id, event_count,
                principal, key, request_hash, answer, customer_ref, new_key_id, new_key_wrapped, number
            )
        ) AS used
        JOIN data_keys AS k ON k.key_id = used.key_id
        WHERE k.erased_at IS NOT NULL
    ), command AS (
        SELECT
            given.*,
            coalesce(stream.version, 0) AS actual_version,
            receipt.stream_id AS earlier_stream_id, receipt.first_position AS earlier_first_position,
            receipt.last_position AS earlier_last_position, receipt.version AS earlier_version,
            receipt.answer AS earlier_answer, receipt.recorded_at AS earlier_recorded_at,
            data_key.key_id AS known_key_id, data_key.wrapped AS known_wrapped,
            CASE
                WHEN receipt.request_hash = given.request_hash THEN 'replayed'
                WHEN receipt.request_hash IS NOT NULL THEN 'key-reused'
                WHEN coalesce(stream.version, 0) <> given.expected_version THEN 'version-conflict'
                WHEN data_key.key_id <> given.new_key_id THEN 'data-key-conflict'
                WHEN given.number IN (SELECT erased.command FROM sealed_with_erased AS erased) THEN 'data-key-conflict'
                ELSE 'appended'
            END AS verdict
        FROM unnest(commands) WITH ORDINALITY AS given (
            tenant, stream_id, expected_version, actor, correlation_id, causation_id, event_count,
            principal, key, request_hash, answer, customer_ref, new_key_id, new_key_wrapped, number
        )
        -- LIMIT 1 keeps these three what they must be whatever the tables' statistics say: index look-ups.
        LEFT JOIN LATERAL (
            SELECT e.version FROM events AS e WHERE e.stream_id = given.stream_id ORDER BY e.version DESC LIMIT 1
        ) AS stream ON true
        LEFT JOIN LATERAL (
            SELECT r.* FROM hashed_receipts AS r
            WHERE r.tenant = given.tenant AND r.principal = given.principal AND r.key_hash = key_hash(given.key)
            LIMIT 1
        ) AS receipt ON true
        LEFT JOIN LATERAL (
            SELECT k.key_id, k.wrapped FROM data_keys AS k
            WHERE k.tenant = given.tenant AND k.customer_ref = given.customer_ref AND k.erased_at IS NULL
            LIMIT 1
        ) AS data_key ON true
    ), judged AS MATERIALIZED (
        SELECT
            command.*,
            -- Of the accepted commands alone: a refused one takes no positions.
            (head_position + sum(command.event_count) FILTER (WHERE command.verdict = 'appended')
                OVER (ORDER BY command.number))::bigint AS last_position
        FROM command
    ), accepted AS (
        SELECT judged.*, judged.last_position - judged.event_count AS position_before
        FROM judged
        WHERE judged.verdict = 'appended'
    ), recorded_event AS (
        INSERT INTO events (
            position, stream_id, version, id, type, schema_version, occurred_at, recorded_at, tenant, actor,
            correlation_id, causation_id, policy_hash, data, sealed, key_id, leaf_hash
        )
        SELECT
            at.position, accepted.stream_id, at.version, event.id, event.type, event.schema_version,
            event.occurred_at, recorded, accepted.tenant, accepted.actor, accepted.correlation_id,
            accepted.causation_id, event.policy_hash, event.data::json, event.sealed, event.key_id,
            leaf_hash(
                at.position, accepted.stream_id, at.version, event.id, event.type, event.schema_version,
                event.occurred_at, recorded, accepted.tenant, accepted.actor, accepted.correlation_id,
                accepted.causation_id, event.policy_hash, event.data, event.sealed, event.key_id
            )
        FROM unnest(events_of_commands) AS event
        JOIN accepted ON accepted.number = event.command
        CROSS JOIN LATERAL (
            SELECT accepted.position_before + event.number, accepted.expected_version + event.number
        ) AS at (position, version)
    ), kept_receipt AS (
        INSERT INTO hashed_receipts (
            tenant, principal, key_hash, request_hash, stream_id, first_position, last_position, version, answer, recorded_at
        )
        SELECT
            accepted.tenant, accepted.principal, key_hash(accepted.key), accepted.request_hash, accepted.stream_id,
            accepted.position_before + 1, accepted.last_position, accepted.expected_version + accepted.event_count,
            accepted.answer, recorded
        FROM accepted
        WHERE accepted.key IS NOT NULL
    ), kept_data_key AS (
        INSERT INTO data_keys (key_id, tenant, customer_ref, wrapped, created_at)
        SELECT accepted.new_key_id, accepted.tenant, accepted.customer_ref, accepted.new_key_wrapped, recorded
        FROM accepted
        WHERE accepted.new_key_id IS NOT NULL AND accepted.known_key_id IS NULL
    )
    SELECT
        judged.verdict, judged.last_position, recorded, judged.actual_version,
        judged.earlier_stream_id, judged.earlier_first_position, judged.earlier_last_position,
        judged.earlier_version, judged.earlier_answer, judged.earlier_recorded_at,
        judged.known_key_id, judged.known_wrapped
    FROM judged
    ORDER BY judged.number;
END
$$;
