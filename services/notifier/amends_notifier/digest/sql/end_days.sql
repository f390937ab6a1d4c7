-- What was not sent by the end of its day is not sent any more; what is long past is forgotten. $1: the tenant; $2:
-- today; $3: so many days are remembered.
WITH forgotten AS (
    DELETE FROM digests WHERE tenant = $1 AND day < CAST($2 AS date) - CAST($3 AS integer)
)
UPDATE digests SET failed = 'not within its day'
WHERE
    tenant = $1 AND day < $2 AND day >= CAST($2 AS date) - CAST($3 AS integer)
    AND sent_at IS NULL AND failed IS NULL
RETURNING day, reader, attempts
