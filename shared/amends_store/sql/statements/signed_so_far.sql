-- How many events there are, how many of them a signed checkpoint covers, and how old the newest is, NULL without any.
SELECT
    log_head.position AS events,
    coalesce(newest.tree_size, 0) AS signed_events,
    extract(epoch FROM log_now() - newest.signed_at)::float8 AS age_seconds
FROM log_head
LEFT JOIN LATERAL (
    SELECT c.tree_size, c.signed_at FROM signed_checkpoints AS c ORDER BY c.tree_size DESC LIMIT 1
) AS newest ON true
