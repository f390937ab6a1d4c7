-- What keeps looking up quick behind a wall. Until PostgreSQL knows that a row may be seen it calls no function on it
-- that might tell of it, and of coalesce, && and ->> it supposes that they might: no index is searched by them.

-- The order of the queue, in words that tell nothing. The indexes with coalesce are the release before's.
CREATE INDEX IF NOT EXISTS cases_in_due_order
    ON cases (tenant, (CASE WHEN next_due_at IS NULL THEN 'infinity' ELSE next_due_at END), id);
CREATE INDEX IF NOT EXISTS cases_of_branch_in_due_order
    ON cases (tenant, branch, (CASE WHEN next_due_at IS NULL THEN 'infinity' ELSE next_due_at END), id);
CREATE INDEX IF NOT EXISTS cases_of_owner_in_due_order
    ON cases (tenant, owner, (CASE WHEN next_due_at IS NULL THEN 'infinity' ELSE next_due_at END), id);

-- Which cases belong to which incident, as the log has it: of one's own tenant and every branch of it.
CREATE VIEW links_to_incidents AS
SELECT e.data ->> 'incident' AS incident, e.position, e.stream_id, e.tenant, e.recorded_at, e.occurred_at
FROM events AS e
WHERE e.type = 'linked-to-incident' AND e.tenant = current_setting('amends.tenant', true);

GRANT SELECT ON links_to_incidents TO amends_intake, amends_enquiry;
