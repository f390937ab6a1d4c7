-- $1: positions. What the events there say, but for what is sealed.
SELECT position, type, data, occurred_at, recorded_at FROM events WHERE position = ANY(CAST($1 AS bigint[]))
