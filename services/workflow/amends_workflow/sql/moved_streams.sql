-- The cases of a tenant ($1) that have an event after position $2 up to $3.
SELECT DISTINCT stream_id FROM events WHERE tenant = $1 AND position > $2 AND position <= $3
