-- $1 tenant, $2 branches or NULL for all. Open mass incidents, the latest first, and how many cases belong to each.
SELECT
    i.id, i.reference, i.branch, i.owner, i.received_at AS opened_at,
    e.data ->> 'title' AS title, e.data ->> 'same' AS same, e.data ->> 'value' AS value, belonging.cases,
    belonging.open_cases
FROM cases AS i
JOIN events AS e ON e.position = i.first_position
CROSS JOIN LATERAL (
    SELECT
        count(*) AS cases,
        count(*) FILTER (
            WHERE c.state IN ('received', 'apologized', 'investigated', 'proposed', 'customer-confirmed')
        ) AS open_cases
    FROM cases AS c
    WHERE c.tenant = $1 AND c.incident = i.id
) AS belonging
WHERE
    i.kind = 'incident' AND i.state = 'received' AND i.tenant = $1
    AND (CAST($2 AS text[]) IS NULL OR i.branch = ANY($2))
ORDER BY i.received_at DESC, i.id DESC
LIMIT 50
