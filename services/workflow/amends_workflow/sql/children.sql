-- $1 incident, $2 up to this position, $3 recorded by then, $4 happened by then (NULL: all). How many cases belong to it.
SELECT count(*)
FROM links_to_incidents
WHERE
    incident = $1
    AND position <= coalesce(CAST($2 AS bigint), position)
    AND recorded_at <= coalesce(CAST($3 AS timestamptz), recorded_at)
    AND occurred_at <= coalesce(CAST($4 AS timestamptz), occurred_at)
