-- name text. How far the reader of this name is behind: in events, and in seconds since the next one was recorded.
SELECT
    head.position - coalesce(reader.position, 0) AS events,
    CAST(coalesce(greatest(0, extract(epoch FROM log_now() - next.recorded_at)), 0) AS double precision) AS seconds
FROM log_head AS head
LEFT JOIN checkpoints AS reader ON reader.name = $1
LEFT JOIN events AS next ON next.position = coalesce(reader.position, 0) + 1
