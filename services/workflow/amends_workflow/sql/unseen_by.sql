-- $1 a time. The head of the log, where the read model has yet to see what was recorded by then; nothing else.
SELECT head.position
FROM log_head AS head
WHERE (
    SELECT e.recorded_at FROM log_leaves AS e
    WHERE e.position = 1 + coalesce((SELECT k.position FROM checkpoints AS k WHERE k.name = 'read-model'), 0)
) <= $1
