-- $1 tenant, $2 branches or NULL for all, $3 now. Deadlines that have passed, and that an open case still owes: what was
-- the customer's own time is over.
SELECT branch, count(*) AS overdue
FROM (
    SELECT d.branch
    FROM deadlines AS d
    CROSS JOIN LATERAL (
        SELECT c.id
        FROM cases AS c
        WHERE
            c.id = d.case_id AND c.cycle = d.cycle
            AND c.state IN ('received', 'apologized', 'investigated', 'proposed', 'customer-confirmed')
        -- Looked up one by one: few are overdue, and cases are many.
        OFFSET 0
    ) AS still_open
    WHERE
        d.tenant = $1 AND (CAST($2 AS text[]) IS NULL OR d.branch = ANY($2))
        AND d.status = 'breached' AND d.ended_at IS NULL
        AND NOT EXISTS (
            SELECT FROM alerts AS a
            WHERE
                a.case_id = d.case_id AND a.kind = 'breach' AND a.clock = d.clock AND a.due_at = d.due_at
                AND a.owed_by = 'customer'
        )
    UNION ALL
    -- Its timer is about to fire.
    SELECT d.branch
    FROM deadlines AS d
    WHERE
        d.tenant = $1 AND (CAST($2 AS text[]) IS NULL OR d.branch = ANY($2))
        AND d.status = 'pending' AND d.due_at <= $3
) AS late
GROUP BY 1
