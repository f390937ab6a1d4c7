-- $1: an array of rows as JSON, one a case.
INSERT INTO cases AS c (
    id, tenant, reference, first_position, version, position, state, cycle, kind, channel, type, cause, branch, owner,
    grade, flags, customer_ref, external_ref, historical, breached, next_due_at, next_due_clock, received_at,
    recorded_at, updated_at
)
SELECT
    id, tenant, reference, first_position, version, position, state, cycle, kind, channel, type, cause, branch, owner,
    grade, flags, customer_ref, external_ref, historical, breached, next_due_at, next_due_clock, received_at,
    recorded_at, updated_at
FROM json_populate_recordset(CAST(NULL AS cases), CAST($1 AS json))
-- What an event cannot change stands in no SET: tenant, reference, first_position, external_ref, received_at …
ON CONFLICT (id) DO UPDATE SET
    version = excluded.version, position = excluded.position, state = excluded.state, cycle = excluded.cycle,
    kind = excluded.kind, channel = excluded.channel, type = excluded.type, cause = excluded.cause,
    branch = excluded.branch, owner = excluded.owner, grade = excluded.grade, flags = excluded.flags,
    customer_ref = excluded.customer_ref, breached = excluded.breached, next_due_at = excluded.next_due_at,
    next_due_clock = excluded.next_due_clock, updated_at = excluded.updated_at;
