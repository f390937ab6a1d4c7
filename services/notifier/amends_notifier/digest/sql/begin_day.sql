-- Make the list of a day, unless it was made. $1: the tenant; $2: the day; $3: its readers.
WITH begun AS (
    INSERT INTO digests (tenant, day, reader, not_before, sent_at) VALUES ($1, $2, '', log_now(), log_now())
    ON CONFLICT DO NOTHING
    RETURNING day
)
INSERT INTO digests (tenant, day, reader, not_before)
SELECT $1, begun.day, reader, log_now() FROM begun CROSS JOIN unnest(CAST($3 AS text[])) AS reader
