-- What owners have to be told of. $1: the tenant; $2: since when; $3: now; $4: the end of today; $5: the clocks of
-- promises; $6: the clocks that are the customers' own time, of which only reminders are told.
WITH told AS (
    SELECT
        d.case_id, d.clock, d.due_at,
        CASE
            WHEN d.status = 'breached' AND d.breached_at >= $2 THEN 'breached'
            WHEN d.due_at <= $3 THEN 'overdue'
            WHEN d.due_at <= $4 THEN 'today'
            ELSE 'promised'
        END AS section
    FROM deadlines AS d
    WHERE
        d.tenant = $1
        AND NOT d.clock = ANY(CAST($6 AS text[]))
        AND (
            (d.status = 'breached' AND (d.ended_at IS NULL OR d.breached_at >= $2))
            OR (d.status = 'pending' AND (d.due_at <= $4 OR d.clock = ANY(CAST($5 AS text[]))))
        )
    UNION ALL
    SELECT d.case_id, d.clock, d.due_at, 'reminded'
    FROM deadlines AS d
    WHERE
        d.tenant = $1
        AND d.status = 'pending'
        AND d.due_at > $3
        -- Others are told of above.
        AND (d.clock = ANY(CAST($6 AS text[])) OR (d.due_at > $4 AND NOT d.clock = ANY(CAST($5 AS text[]))))
        AND (d.case_id, d.clock) IN (
            SELECT a.case_id, a.clock FROM alerts AS a
            WHERE a.tenant = $1 AND a.kind = 'reminder' AND a.recorded_at >= $2
        )
)
SELECT t.section, t.clock, t.due_at, c.reference, c.branch, c.owner, c.grade, c.state
FROM told AS t JOIN cases AS c ON c.id = t.case_id
WHERE c.tenant = $1
ORDER BY c.owner, t.due_at, c.reference, t.clock
