-- $1 cases. Where the log has their first events, and the title where that opened an incident.
SELECT stream_id AS id, position, data ->> 'title' AS title
FROM events
WHERE stream_id = ANY(CAST($1 AS uuid[])) AND version = 1
