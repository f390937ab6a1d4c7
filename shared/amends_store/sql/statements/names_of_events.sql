-- $1: positions.
SELECT position, type, version, stream_id
FROM events
WHERE position = ANY ($1::bigint[])
