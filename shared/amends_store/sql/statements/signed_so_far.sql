-- How many events there are, how many of them a signed checkpoint covers, how old the newest checkpoint is (NULL without
-- any), and for how long the first event that none covers has been waiting (NULL when all are covered).
SELECT
    log_head.position AS events,
    coalesce(newest.tree_size, 0) AS signed_events,
    extract(epoch FROM log_now() - newest.signed_at)::float8 AS age_seconds,
    (
        SELECT extract(epoch FROM log_now() - e.recorded_at)::float8
        FROM log_leaves AS e
        WHERE e.position = coalesce(newest.tree_size, 0) + 1
    ) AS waiting_seconds
FROM log_head
LEFT JOIN LATERAL (
    SELECT c.tree_size, c.signed_at FROM signed_checkpoints AS c ORDER BY c.tree_size DESC LIMIT 1
) AS newest ON true
